#!/usr/bin/python3 -B
"""trace.schema.json and the reader say the same of a line: each line of the
sample is changed in many ways, and what the schema refuses the reader
refuses, in that line; what it takes the reader takes, but for the rules that
lie between lines or members, which a schema cannot say."""

import copy
import json
import os
import re
import sys

import jsonschema

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

import tap                                                  # noqa: E402
from traces import REPLAY, convoy_trace, lines, records     # noqa: E402

VALUES = (None, True, False, 0, -1, 1, 2, 256, 65536, 5000, 4294967296,
          10 ** 16, 1.5, '', 'none', 'up', 'down', 'on', 'delivered', 'a',
          'x' * 16, 'x' * 21, 'x' * 65, 'x' * 1025, '/a?b=c', '/a b',
          '/?a&USERNAME=b', '0aF', '0aff', 'QUI=', 'QUJD', 'å', 'a\tb',
          'a\nb', '\x7f', [], {}, [['a', 'b']], [['a', 'b', 'c']], [['a', 1]],
          [['', 'b']], [['Cookie', 'b']], ['push'], ['time', 'none'])

BETWEEN = re.compile(
    r'was answered before|there was no|and the next is|is (up|down) already|'
    r'the time goes back|names an earlier|part \d+ of|"octets" is|'
    r'which the first line calls unknown')


def changes(record, keys):
    """The record with one key removed, or of another value."""
    for key in sorted(keys | {'more'}):
        for value in VALUES:
            changed = copy.deepcopy(record)
            changed[key] = value
            yield key, value, changed
        if key in record:
            changed = copy.deepcopy(record)
            del changed[key]
            yield key, 'nothing', changed


def disagreements(validator, trace, number, keys):
    for key, value, changed in changes(trace[number], keys):
        text = lines(trace[:number] + [changed])
        said = convoy_trace('check', '-', text=text)
        wrong = said.stderr.strip()
        here = f'(standard input):{number + 1}: ' in wrong
        if validator.is_valid(changed):
            agree = not wrong or here and BETWEEN.search(wrong)
        else:
            agree = here
        if not agree or said.returncode != (1 if wrong else 0):
            yield (f'{json.dumps(changed)[:300]} ({key}: {value!r}): '
                   f'{wrong or "taken"}')


def test(t):
    with open(os.path.join(REPLAY, 'trace.schema.json'),
              encoding='utf-8') as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    trace = records()
    t.none((json.dumps(record) for record in trace
            if not validator.is_valid(record)),
           'the sample fits the schema')
    t.equal(convoy_trace('check', '-', text=lines(trace)).stderr, '',
            'and the reader')
    seen = {record.get('ev', 'begin') for record in trace}
    t.equal(seen, {one['$ref'].split('/')[-1] for one in schema['oneOf']},
            'it has one of each')
    done = set()
    for number, record in enumerate(trace):
        name = record.get('ev', 'begin')
        if name in done:
            continue
        done.add(name)
        keys = set(schema['$defs'][name]['properties'])
        t.none(disagreements(validator, trace, number, keys),
               f'they agree on each change of a {name}')


tap.run(test)
