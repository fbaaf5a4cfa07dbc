#!/usr/bin/python3 -B
"""Links that do not speak SMPP carry pushes as well, within what their drivers
can acknowledge: in order, one segment after the other, with receipts where the
driver has any. What an HTTP driver calls a refusal without knowing it (any
body that it does not understand) is in doubt, never refused. What waits in a
driver's own queue does not leave once it is given up."""

import os
import sys
import threading
import time
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from collector import Collector                             # noqa: E402
from convoytest import (Initiator, Sandbox, checks, pushes, run,  # noqa: E402
                        wait_until)
from other_smscs import (Cimd2Smsc, FakeSmsc, HttpSmsc,      # noqa: E402
                         tell)

GENERIC = '''
group = smsc
smsc = http
system-type = generic
smsc-id = web
port = @receipts@
connect-allow-ip = 127.0.0.1
send-url = "{url}?from=%P&to=%p&text=%b&udh=%u"
status-success-regex = "^ok"
status-permfail-regex = "^never"
status-tempfail-regex = "^later"
generic-foreign-id-regex = "id=([0-9]+)"
max-pending-submits = 20
reconnect-delay = 1
'''
KANNEL = '''
group = smsc
smsc = http
system-type = kannel
smsc-id = web
port = @receipts@
connect-allow-ip = 127.0.0.1
smsc-username = us
smsc-password = secret
send-url = "{url}"
dlr-url = "http://127.0.0.1:@receipts@/?username=us&password=secret&to=any"
reconnect-delay = 1
'''
FAKE = '''
group = smsc
smsc = fake
smsc-id = fake
host = 127.0.0.1
port = @fake@
connect-allow-ip = 127.0.0.1
'''
LOOPBACK = '''
group = smsc
smsc = loopback
smsc-id = mirror

group = sms-service
keyword = default
catch-all = true
max-messages = 0
get-url = "{url}?text=%b"
'''
CIMD2 = '''
group = smsc
smsc = cimd2
smsc-id = nokia
host = 127.0.0.1
port = {port}
smsc-username = us
smsc-password = secret
keepalive = 10
'''
SHORT = {'segment-retries': 3, 'max-attempts': 1, 'receipt-timeout': 4}
ANSWER_TIMEOUT = 4      # seconds; where an answer comes too late

# What the HTTP SMSC does with the receivers of each prefix: the copies and
# segment that its words are for, and its words. Everything else is accepted.
# None: it closes the connection without a word.
WORDS = {'+4671': (range(1, 99), 2, 'never'),
         '+4672': (range(1, 2), 1, 'later'),
         '+4673': (range(1, 2), 2, 'what?'),
         '+4674': (range(1, 99), 1, 'what?'),
         '+4675': (range(1, 2), 3, None),
         '+4676': (range(1, 2), 1, 'too late'),
         '+4677': (range(1, 99), 3, 'never')}
MEANS = {'never': 1, 'later': 2, 'what?': None, 'too late': None, None: None}
# What the ledger has to say of these: by outcome, of all three segments.
LEDGER = {'+4670': dict(accepted=3, delivered=3),
          '+4671': dict(accepted=1, refused=1, delivered=1),
          '+4672': dict(accepted=3, refused=1, delivered=3),
          '+4673': {'accepted': 3, 'in doubt': 1, 'delivered': 3},
          '+4674': {'in doubt': 4},
          '+4675': {'accepted': 3, 'in doubt': 1, 'delivered': 3},
          '+4676': {'accepted': 3, 'in doubt': 1, 'delivered': 3},
          '+4677': dict(accepted=2, refused=1)}     # without any receipt
STATE = {'+4671': 'UNDELIVERABLE', '+4674': 'UNKNOWN',
         '+4677': 'UNDELIVERABLE'}


def prefix(push):
    return push.receiver[:5]


def ended(box, pi, all_pushes):
    """Pushes them and waits for their results."""
    pi.push(all_pushes, notify=False)
    wait_until(lambda: len(box.database.results()) == len(all_pushes), 40,
               'every push has its result')


def judge(tap, box, journal, all_pushes, state, name):
    tap.none(checks.wrong_results(all_pushes, box.database.results(), state),
             f'{name}: every push has the right result')
    tap.none(checks.out_of_order(journal, True),
             f'{name}: segments leave in order')
    tap.none(checks.interleaved(journal),
             f'{name}: one group at a time per receiver')
    tap.none(checks.references_changed(journal),
             f'{name}: copies of a segment are the same octets')


class Web:
    """An HTTP SMSC with the words above."""

    def __init__(self, accepted, report):
        self.accepted = accepted
        self.smsc = HttpSmsc(self.treat, report)
        self.copies, self.lock = Counter(), threading.Lock()
        self.over = threading.Event()       # answers that come too late

    def treat(self, submit, _):
        with self.lock:
            self.copies[submit.tag, submit.part] += 1
            copy = self.copies[submit.tag, submit.part]
        copies, part, words = WORDS.get(f'+{submit.dst[:4]}', ((), 0, None))
        if copy not in copies or submit.part != part:
            return self.accepted(submit), 0
        if words == 'too late':
            self.over.wait(ANSWER_TIMEOUT + 2)
        return words, MEANS[words]


def ledger_by_push(box, all_pushes):
    rows = checks.ledger_of(box.database.ledger(), box.database.results(),
                            all_pushes)
    return {push.number: Counter(row.outcome for row in
                                 rows.get(push.number, []))
            for push in all_pushes}


def causes(box, all_pushes, code):
    ids = {push.push_id for push in all_pushes if prefix(push) == code}
    return [row.cause for row in box.database.results() if row.push_id in ids]


def test_generic(tap):
    def report(submit, _):
        if submit.dst.startswith('4677'):
            return
        tell(f'http://127.0.0.1:{box.ports["receipts"]}/', to=submit.dst,
             **{'from': '1', 'dlr-mid': submit.number, 'dlr-mask': 1})

    web = Web(lambda submit: f'ok id={submit.number}', report)
    all_pushes = pushes.make(20) + [push for code in WORDS for push in
                                    pushes.make(3, 3, prefix=code)]
    singles = pushes.make(3, 1, prefix='+46740')
    all_pushes = [push for push in all_pushes if prefix(push) != '+4674']
    all_pushes += singles
    with web.smsc, Sandbox('--links', '0', ports=['receipts'],
                           conf=GENERIC.format(url=web.smsc.url), convoy={
            **SHORT, 'answer-timeout': ANSWER_TIMEOUT}) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        ended(box, pi, all_pushes)
        judge(tap, box, web.smsc.journal, all_pushes,
              lambda push: STATE.get(prefix(push), 'DELIVERED'), 'generic')
        ledger = ledger_by_push(box, all_pushes)
        tap.none([f'{push}: {ledger[push.number]}' for push in all_pushes
                  if ledger[push.number] != LEDGER[prefix(push)]],
                 'generic: refused is what its patterns say; what they do '
                 'not know, and no answer, is in doubt')
        tap.none(checks.sent_after(web.smsc.journal, {1}),
                 'generic: nothing is sent after a refusal for good')
        tap.none([cause for cause in causes(box, all_pushes, '+4677')
                  if not cause.endswith('; 2 of 3 may be on the phone')],
                 'generic: what it cannot cancel is left, and said to be')
        web.over.set()


def test_kannel(tap):
    def report(_, query):
        tell(query['dlr-url'].replace('%d', '1').replace(' ', '%20'))

    web = Web(lambda _: '0: Accepted for delivery', report)
    all_pushes = pushes.make(10) + pushes.make(3, prefix='+4673')
    with web.smsc, Sandbox('--links', '0', ports=['receipts'], convoy=SHORT,
                           conf=KANNEL.format(url=web.smsc.url)) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        ended(box, pi, all_pushes)
        judge(tap, box, web.smsc.journal, all_pushes, 'DELIVERED', 'kannel')
        ledger = ledger_by_push(box, all_pushes)
        tap.none([f'{push}: {ledger[push.number]}' for push in all_pushes
                  if ledger[push.number] != LEDGER[prefix(push)]],
                 'kannel: a body that it does not know is in doubt')
        tap.none([submit for submit in web.smsc.journal.submits
                  if submit.validity not in ('1439', '1440')],
                 'kannel: it has a day for it, in minutes')


def test_cimd2(tap):
    """Ids are moments, alike for all receivers: some of these have the push
    delivered, and at the same moments it fails for others."""
    def kind(receiver):
        return int(receiver[-2:]) % 3

    def treat(submit):
        failed = kind(submit.dst) == 1 and submit.part == 2
        refused = kind(submit.dst) == 2 and submit.part == 3
        return 301 if refused else None, 3 if failed else 4

    all_pushes = pushes.make(30)
    with Cimd2Smsc(treat) as smsc, Sandbox(
            '--links', '0', conf=CIMD2.format(port=smsc.port),
            convoy=SHORT) as box, Initiator(box.env['PPG_URL']) as pi:
        ended(box, pi, all_pushes)
        judge(tap, box, smsc.journal, all_pushes,
              lambda push: 'UNDELIVERABLE' if kind(push.receiver)
              else 'DELIVERED', 'cimd2')
        accepted = sum(submit.status == 0 for submit in smsc.journal.submits)
        found = dict(accepted=accepted, delivered=accepted - 10,
                     **{'not delivered': 10})
        wait_until(lambda: found.items() <= Counter(
            row.outcome for row in box.database.ledger()).items(), 20,
                   'cimd2: each receipt has found its segment')
        said = Counter(row.outcome for row in box.database.ledger())
        tap.equal(said['refused'], sum(submit.status == 301 for submit in
                                       smsc.journal.submits),
                  'cimd2: a refusal is one')
        tap.equal({submit.validity for submit in smsc.journal.submits},
                  {'167'}, 'cimd2: it has a day for it, in GSM 03.40')


def given_up(tap, box, journal, name):
    """Pushes more than a slow link takes before they are in doubt."""
    all_pushes = pushes.make(12, 1)
    with Initiator(box.env['PPG_URL']) as pi:
        ended(box, pi, all_pushes)
    tap.none(checks.wrong_results(all_pushes, box.database.results()),
             f'{name}: slow, and every push is delivered')
    rows = box.database.ledger()
    copies, not_sent = ({(row.group_id, row.copy) for row in some} for some in
                        (rows, [row for row in rows
                                if row.outcome == 'not sent']))
    tap.ok(len(not_sent) > 5 and
           len(journal.submits) == len(copies) - len(not_sent),
           f'{name}: what is given up in its queue never leaves',
           f'{len(copies)} copies, {len(not_sent)} not sent, '
           f'{len(journal.submits)} at the SMSC')


def test_queues(tap):
    def slowly(_):
        time.sleep(0.3)
        return None, 4

    convoy = {'answer-timeout': 1, 'complete-on': 'accepted'}
    web = Web(lambda submit: f'ok id={submit.number}', lambda *_: None)
    conf = GENERIC.format(url=web.smsc.url) + 'throughput = 4\n'
    with web.smsc, Sandbox('--links', '0', ports=['receipts'], convoy=convoy,
                           conf=conf) as box:
        given_up(tap, box, web.smsc.journal, 'http')
    with Cimd2Smsc(slowly) as smsc, \
            Sandbox('--links', '0', convoy=convoy,
                    conf=CIMD2.format(port=smsc.port)) as box:
        given_up(tap, box, smsc.journal, 'cimd2')


def test_fake(tap):
    all_pushes = pushes.make(30)
    with Sandbox('--links', '0', ports=['fake'], conf=FAKE) as box, \
            Initiator(box.env['PPG_URL']) as pi, \
            FakeSmsc(box.ports['fake']) as smsc:
        ended(box, pi, all_pushes)
        # the results may be there before our reader has read so far
        wait_until(lambda: len(smsc.journal.submits) >= 90, 10, 'the segments')
        judge(tap, box, smsc.journal, all_pushes, 'DELIVERED', 'fake')
        tap.equal(len(smsc.journal.submits), 90,
                  'fake: each segment is sent once')


def test_loopback(tap):
    """It has no receipts; what it accepts comes back as if from a phone."""
    for complete_on, state in (('accepted', 'DELIVERED'),
                               ('delivered', 'UNKNOWN')):
        all_pushes = pushes.make(10)
        with Collector() as collector, Sandbox(
                '--links', '0', conf=LOOPBACK.format(url=collector.url),
                convoy={'complete-on': complete_on,
                        'receipt-timeout': 2}) as box, \
                Initiator(box.env['PPG_URL']) as pi:
            ended(box, pi, all_pushes)
            tap.none(checks.wrong_results(all_pushes, box.database.results(),
                                          state),
                     f'loopback: {state} with complete-on = {complete_on}')
            ids = Counter(row.message_id for row in box.database.ledger()
                          if row.outcome == 'accepted')
            tap.ok(len(ids) == 30 and set(ids.values()) == {1} and
                   None not in ids, 'loopback: every segment has an id of '
                   'its own', ids)
            # bearerbox joins the parts of what comes from a phone
            wait_until(lambda: sorted(map(pushes.tag_of, map(
                str.encode, collector.paths))) == [
                    push.number for push in all_pushes], 20,
                'what was looped has come back whole')


def test(tap):
    test_generic(tap)
    test_kannel(tap)
    test_cimd2(tap)
    test_queues(tap)
    test_fake(tap)
    test_loopback(tap)


run(test)
