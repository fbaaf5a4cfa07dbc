#!/usr/bin/python3 -B
"""The checks that judge every other test here find what they are there for:
a made-up run without a fault, then each fault put into it."""

import os
import subprocess
import sys
import tempfile
import types

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from convoytest import checks, pushes, run                  # noqa: E402
from journal import Submit                                  # noqa: E402


class Made:
    """A journal made of (push, part, link, status): one event for a submit,
    one for its answer. Message ids are the numbers of the submits."""

    def __init__(self, *submits):
        self.submits, self.displays, self.others = [], [], []
        for number, (push, part, link, status) in enumerate(submits):
            text = f'p{push.number:06}. part {part}'.encode()
            submit = Submit(2 * number + 1, dict(
                message=text.hex(), dst=push.receiver, ref=push.number,
                part=part, total=push.segments, link=link, t=number,
                validity='', priority=0))
            submit.status = status
            if status is not None:
                submit.answer_number, submit.answered = 2 * number + 2, number
            if status == 0:
                submit.message_id, submit.receipt = str(number), 'DELIVRD'
            self.submits.append(submit)

    def cancel(self, submit, result, status, **other):
        """The gateway asks the SMSC to cancel a submit."""
        event = {'ev': 'cancel', 'message_id': submit.message_id,
                 'wildcard': False, 'result': result, 'status': status,
                 **other}
        submit.cancels.append(event)
        self.others.append(event)
        return self

    def events(self, kind):
        return [event for event in self.others if event['ev'] == kind]

    def by_tag(self):
        found = {}
        for submit in self.submits:
            found.setdefault(submit.tag, []).append(submit)
        return found


def row(**fields):
    return types.SimpleNamespace(**fields)


def ledger(journal):
    """What a true gateway would have written."""
    rows = {}
    for submit in journal.submits:
        for outcome in {0: ('accepted', 'delivered'),
                        None: ('in doubt',)}.get(submit.status,
                                                 ('refused',)):
            rows.setdefault(submit.tag, []).append(row(
                outcome=outcome, segment=submit.part, attempt=1,
                message_id=submit.message_id, code=submit.status,
                link=submit.link + 100))
    return rows


def ways(tap, one, two):
    """Order, links, receivers."""
    good = Made((one, 1, 1, 0), (one, 2, 1, 8), (one, 2, 1, 0),
                (two, 1, 2, 0), (two, 2, 2, 0))
    swapped = Made((one, 2, 1, 0), (one, 1, 1, 0))
    early = Made((one, 1, 1, 0), (one, 2, 1, 0))
    early.submits[0].answer_number = 9
    gone_on = Made((one, 1, 1, 8), (one, 2, 1, 0))
    two_links = Made((one, 1, 1, 0), (one, 2, 2, 0))
    mixed = Made((one, 1, 1, 0), (two, 1, 2, 0), (one, 2, 1, 0),
                 (two, 2, 2, 0))
    at_once = Made((one, 1, 1, 0), (one, 2, 1, 0), (two, 1, 2, 0))
    at_once.submits[1].answer_number = 9
    after = Made((one, 1, 1, 11), (one, 2, 1, 0))
    twice = Made((one, 1, 1, None), (one, 1, 1, 0), (one, 2, 1, 0))
    other = Made((one, 1, 1, None), (one, 1, 1, 0))
    other.submits[1].message += b'!'

    for check, bad in ((checks.out_of_order, [swapped, early, gone_on]),
                       (checks.links_changed, [two_links]),
                       (checks.interleaved, [mixed, at_once]),
                       (checks.references_changed, [other]),
                       (lambda journal: checks.sent_after(journal, {11}),
                        [after])):
        tap.none(check(good), 'nothing is found where nothing is')
        for journal in bad:
            tap.ok(check(journal), 'a fault in order, link, receiver or '
                   'bytes is found', journal.submits)
    tap.equal([checks.repeated(made.submits) for made in (early, twice)],
              [0, 1], 'repeated segments are counted')


def ledgers(tap, one):
    journal = Made((one, 1, 1, 0), (one, 2, 1, 8), (one, 2, 1, None),
                   (one, 2, 1, 0))
    true = ledger(journal)
    tap.none(checks.ledger_differs(true, journal), 'a true ledger')
    tap.none(checks.ledger_untrue(true, journal), 'also after a crash')
    rows = true[one.number]
    for index in range(len(rows)):
        tap.ok(checks.ledger_differs(
            {one.number: rows[:index] + rows[index + 1:]}, journal),
               'a missing row is found')
    for name, value in (('segment', 9), ('message_id', 'x'),
                        ('outcome', 'refused')):
        changed = row(**{**vars(rows[0]), name: value})
        false = {one.number: [changed] + rows[1:]}
        tap.ok(checks.ledger_differs(false, journal)
               and checks.ledger_untrue(false, journal),
               f'a row with another {name} is found')
    again = {one.number: rows + [rows[0]]}
    tap.ok(checks.ledger_untrue(again, journal),
           'a segment accepted twice in an attempt is found')
    other_link = row(**{**vars(rows[0]), 'link': rows[-1].link})
    two_links = Made((one, 1, 1, 0), (one, 2, 2, 0))
    false = ledger(two_links)
    for one_row in false[one.number]:
        one_row.link = other_link.link
    tap.ok(checks.ledger_differs(false, two_links),
           'a wrong link is found')


def cancels(tap, one):
    def made(*cancel, **other):
        journal = Made((one, 1, 1, 0), (one, 2, 1, 11))
        return journal.cancel(journal.submits[0], *cancel, **other)

    good = made('cancelled', 0)
    tap.none(checks.wrong_cancels(good), 'a cancel that names its message')
    for other in ({'message_id': ''}, {'message_id': 'x'},
                  {'wildcard': True}):
        tap.ok(checks.wrong_cancels(made('cancelled', 0, **other)),
               f'a cancel with {other} is found')
    tap.ok(checks.wrong_cancels(made('address mismatch', 0x11)),
           'a cancel with other addresses is found')
    without = ledger(good)
    for journal, outcome in ((good, 'cancelled'),
                             (made('too late', 0x11), 'too late to cancel'),
                             (made('cancelled', None), None),
                             (made('refused by the plan', 0x58), None)):
        rows = without[one.number]
        if outcome:
            tap.ok(checks.ledger_differs(without, journal),
                   f'a missing row, {outcome}, is found')
            rows = rows + [row(**{**vars(rows[0]), 'outcome': outcome})]
        tap.none(checks.ledger_differs({one.number: rows}, journal),
                 f'a cancel, in the ledger: {outcome}')


def results(tap, one, two):
    def result(push, state):
        return row(push_id=push.push_id, state=state, code=0, cause='')

    def notification(push, state, code='1000'):
        return {'push-id': push.push_id, 'message-state': state,
                'code': code,
                'address': f'WAPPUSH={push.receiver}/TYPE=PLMN@ppg'}
    one.codes, two.codes = [1001], [4001]
    good = result(one, 'DELIVERED')
    tap.none(checks.wrong_results([one, two], [good]), 'one true result')
    for name, found in (('no result', []), ('two results', [good, good]),
                        ('another state', [result(one, 'UNKNOWN')]),
                        ('a result of a refused push',
                         [good, result(two, 'DELIVERED')])):
        tap.ok(checks.wrong_results([one, two], found), f'{name} is found')
    told = notification(one, 'delivered')
    tap.none(checks.wrong_notifications([one, two], [told]),
             'one true notification')
    tap.none(checks.wrong_notifications([one], [told, told],
                                        repeats=True), 'or two of them')
    for name, found in (
            ('no notification', []), ('a second', [told, told]),
            ('another state', [notification(one, 'undeliverable', '4000')]),
            ('another code', [notification(one, 'delivered', '4000')]),
            ('another address', [{**told, 'address': 'x'}]),
            ('one of a refused push',
             [told, notification(two, 'delivered')])):
        tap.ok(checks.wrong_notifications([one, two], found),
               f'{name} is found')


def display(push, document=None, **other):
    """What its phone shows: a WSP Push PDU with a document in WBXML."""
    with tempfile.NamedTemporaryFile('w', suffix='.xml') as file:
        file.write(document or push.document)
        file.flush()
        body = subprocess.run(['xml2wbxml', '-n', '-o', '-', file.name],
                              check=True, capture_output=True).stdout
    return {'tag': push.number, 'dst': push.receiver.lstrip('+'),
            'total': push.segments, 'payload': (b'\1\6\1\xae' + body).hex(),
            **other}


def displays(tap, one, two):
    journal, both = Made(), [one, two]
    good = [display(one), display(two)]
    journal.displays = good
    tap.none(checks.wrong_content(journal, both) +
             checks.incomplete(journal, both), 'each push, displayed once')
    for name, bad in (('another push', display(one, two.document)),
                      ('a part of it', display(one, one.document.replace(
                          pushes.text_of(one.number, 1), '', 1))),
                      ('what is no push', display(one, payload='010203')),
                      ("nobody's push", display(one, tag=0)),
                      ('it on another phone', display(one, dst='46')),
                      ('it in more segments', display(one, total=3))):
        journal.displays = good[1:] + [bad]
        tap.ok(checks.wrong_content(journal, both),
               f'a phone that displays {name} is found')
    journal.displays = good[1:]
    tap.ok(checks.incomplete(journal, both), 'so is a push that is not '
           'displayed')
    journal.displays = good + good[1:]
    tap.ok(checks.incomplete(journal, both) and
           not checks.incomplete(journal, both, (1, 2)),
           'and one that is displayed twice, unless it may be')


def test(tap):
    # Two pushes to one receiver.
    one, two = pushes.make(2, 2, receivers=1)
    ways(tap, one, two)
    ledgers(tap, one)
    cancels(tap, one)
    results(tap, one, two)
    displays(tap, one, two)


run(test)
