"""Examples of PAP that can be replayed.

An example is a text file: some words, then steps, each a line that begins with
`===` and what belongs to it. A step is one of

    === the PI sends             an HTTP request
    === the PPG answers          what must come back for it
    === the PPG notifies         the result notification that must come
    === the PI answers           how that is answered (202 and code 1000 if
                                 there is no such step)
    === nothing is notified      no notification was sent, or will be
    === the phone {PHONE} has    the document that was displayed
    === the phone {PHONE} has nothing
    === the SMSC: PLAN           a line of its plan of faults
    === the SMSC waits           it answers nothing from here on
    === the SMSC goes on
    === the boxes are killed     bearerbox and wapbox, by kill -9
    === the boxes are started

In braces are values that differ each time: {ID} a part of push-ids and URLs,
{PHONE}, {PHONE2} ... phone numbers, {NOTIFY} the URL at which the PI is
notified, {NOW+60} a time; and, in what the PPG sends, {TIME} any time and
{ANY} anything. Documents are compared as XML. Lines end as HTTP wants it, and
a Content-Length is added.
"""

import itertools
import os
import re
import time
import xml.etree.ElementTree as ET

STEP = re.compile(r'^=== (.*)\n', re.MULTILINE)
FIELD = re.compile(r'\{([A-Z]+[0-9]*)([+-]\d+)?\}')
DOCTYPE = re.compile(r'<!DOCTYPE\s+\w+\s+PUBLIC\s+"([^"]*)"')
ANY = {'TIME': r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ', 'ANY': '.*'}

_phones = itertools.count(1)


def pap_time(at):
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(at))


class Example:
    """`steps` are (what, text) pairs. A replay has values of its own."""

    def __init__(self, path):
        self.name = os.path.basename(path).removesuffix('.txt')
        with open(path) as file:
            words = STEP.split(file.read())
        self.about = words[0].strip()
        self.steps = list(zip(words[1::2], words[2::2]))
        if not self.steps:
            raise ValueError(f'{path}: no step')

    def uses(self, word):
        return any(word in what for what, _ in self.steps)

    def __repr__(self):
        return self.name


def read_all(folder):
    return [Example(os.path.join(folder, name))
            for name in sorted(os.listdir(folder)) if name.endswith('.txt')]


class Values:
    """What the braces mean in one replay."""

    def __init__(self, example, turn, notify_url):
        self.known = {'ID': f'{example.name}-{turn}',
                      'NOTIFY': f'{notify_url}/{example.name}-{turn}'}
        self.begun = None

    def _value(self, name, shift):
        if name == 'NOW':
            self.begun = self.begun or time.time()
            return pap_time(self.begun + int(shift or 0))
        if name.startswith('PHONE') and name not in self.known:
            self.known[name] = f'+4675{next(_phones):07}'
        return self.known[name]

    def fill(self, text):
        """The text of a request."""
        return FIELD.sub(lambda found: self._value(*found.groups()), text)

    def pattern(self, text):
        """A regular expression for a text that comes from the PPG."""
        parts, end = [], 0
        for found in FIELD.finditer(text):
            parts.append(re.escape(text[end:found.start()]))
            parts.append(ANY.get(found[1]) or re.escape(
                self._value(*found.groups())))
            end = found.end()
        return re.compile(''.join(parts) + re.escape(text[end:]), re.DOTALL)


def head_and_body(text):
    """(first line, headers in lower case, body) of an HTTP message."""
    head, _, body = text.partition('\n\n')
    first, *lines = head.splitlines()
    headers = {}
    for line in lines:
        name, _, value = line.partition(':')
        headers[name.strip().lower()] = value.strip()
    return first, headers, body


def request(text, path, host):
    """The octets of a request; its first line needs no path: that of the
    PPG is put there."""
    head, _, body = text.strip('\n').partition('\n\n')
    lines = head.splitlines()
    lines[0] = lines[0].replace('{PATH}', path)
    body = body.replace('\n', '\r\n').encode()
    lines += [f'Host: {host}', f'Content-Length: {len(body)}', '', '']
    return '\r\n'.join(lines).encode() + body


# --- comparison -------------------------------------------------------------

def difference(expected, got, values):
    """None if the document `got` is the `expected` one, else what is not."""
    for name, text in ('the PPG', got), ('the example', expected):
        try:
            ET.fromstring(text)
        except ET.ParseError as error:
            return f'{name} has no XML: {error}: {text!r}'
    if DOCTYPE.findall(expected) != DOCTYPE.findall(got):
        return f'another document type: {got!r}'
    wrong = _element(ET.fromstring(expected), ET.fromstring(got), values)
    return wrong and f'{wrong}: {got}'


def _element(expected, got, values):
    if expected.tag != got.tag:
        return f'{got.tag}, not {expected.tag}'
    if set(expected.attrib) != set(got.attrib):
        return f'attributes of {got.tag}: {sorted(got.attrib)}'
    for name, value in expected.attrib.items():
        if not values.pattern(value).fullmatch(got.get(name)):
            return f'{name} is {got.get(name)!r}, not {value!r}'
    if len(expected) != len(got):
        return f'{len(got)} elements in {got.tag}, not {len(expected)}'
    for one, other in zip(expected, got):
        wrong = _element(one, other, values)
        if wrong:
            return wrong
    return None
