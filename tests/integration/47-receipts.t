#!/usr/bin/python3 -B
"""Receipts find their segment by the ledger: after any restart, with any
dlr-storage, however the SMSC spells its message ids, on whichever link of
whichever bearerbox they arrive, before their answer, twice, or long after the
push has ended. What names no final state is never a failure."""

import os
import sys
import time
import urllib.parse
import urllib.request
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from collector import Collector                             # noqa: E402
from convoytest import (Initiator, Sandbox, checks, judge,      # noqa: E402
                        pushes, run, wait_for_results, wait_until)

# For the receivers of each prefix: how the SMSC writes ids, in answers and in
# receipts, and the msg-id-type of the links that tells the driver so.
FORMS = {'+4671': ('hex/decimal', 1), '+4672': ('decimal/hex', 2),
         '+4673': ('zeros/decimal', 0), '+4674': ('hex/hex', None)}
FORMS_PLAN = ''.join(f'receiver={prefix[1:]}* message-id {form}\n'
                     for prefix, (form, _) in FORMS.items())
FORMS_LINKS = ''.join(f'''
group = smsc
smsc = smpp
smsc-id = {prefix[1:]}
allowed-smsc-id = {prefix[1:]}
host = 127.0.0.1
port = @SMSC_PORT@
smsc-username = {prefix[1:]}
smsc-password = sandbox
system-type = VMA
transceiver-mode = true
reconnect-delay = 1
''' + ('' if kind is None else f'msg-id-type = {kind}\n')
    for prefix, (_, kind) in FORMS.items())
STORAGE = '''dlr-storage = pgsql

group = pgsql-connection
id = dlr
host = "@FOLDER@/socket"
username = convoy
password = none
database = convoy

group = dlr-db
id = dlr
table = dlr
''' + ''.join(f'field-{name} = {column}\n' for name, column in (
    ('smsc', 'smsc'), ('timestamp', 'ts'), ('source', 'source'),
    ('destination', 'destination'), ('service', 'service'), ('url', 'url'),
    ('mask', 'mask'), ('status', 'status'), ('boxc-id', 'boxc')))
TABLE = '''CREATE TABLE public.dlr (smsc text, ts text, source text,
    destination text, service text, url text, mask int, status int,
    boxc text); GRANT ALL ON public.dlr TO convoy'''

# The SMSC's receipts for the receivers of each prefix; what becomes of a
# push, and the last words of its ledger on a segment.
KINDS = {
    '+4670': ('receipt-twice after 20ms', 'DELIVERED', 'delivered'),
    '+4671': ('interim ENROUTE after 5ms\n'
              'receiver=4671* deliver 100ms', 'DELIVERED', 'delivered'),
    '+4672': ('receipt-early', 'DELIVERED', 'delivered'),
    '+4673': ('receipt ACCEPTD after 5ms', 'UNKNOWN', 'receipt, not final'),
    '+4674': ('receipt UNKNOWN after 5ms', 'UNKNOWN', 'receipt, not final'),
    '+4675': ('receipt NOSTAT after 5ms', 'UNKNOWN', 'receipt, not final'),
    '+4676': ('segment=2 receipt UNDELIV after 5ms', 'UNDELIVERABLE', None),
    '+4677': ('segment=1 receipt REJECTD after 5ms', 'UNDELIVERABLE', None),
    '+4678': ('segment=3 receipt DELETED after 5ms', 'UNDELIVERABLE', None),
    '+4679': ('receipt DELIVRD after 10s', 'UNKNOWN', 'delivered'),
}
KINDS_PLAN = ''.join(f'receiver={prefix[1:]}* {effect}\n'
                     for prefix, (effect, _, _) in KINDS.items())


REJECTED = '''
receipt-link any
segment=1 receipt REJECTD after 4s
segment=2 delay 60s
'''


def answered(box):
    """How many receipts the SMSC has, and how each was answered."""
    box.journal.read()
    return Counter(event['status'] for event in
                   box.journal.events('receipt-answer'))


def test_forms(tap):
    """With phones off the pushes only await receipts; then bearerbox dies,
    and the next one has seen none of their ids."""
    with Sandbox('--links', 0, conf=FORMS_LINKS, plan=FORMS_PLAN) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        box.smsc('phone off *')
        some = [push for prefix in FORMS
                for push in pushes.make(30, prefix=prefix)]
        for push in some:
            push.headers['X-Kannel-SMSC'] = push.receiver[1:5]
        pi.push(some)
        wait_until(lambda: box.database.groups('AWAITING') == len(some), 30,
                   'every push awaits its receipts')
        box.kill('bearerbox')
        box.start('bearerbox')
        box.smsc('phone on *')
        wait_for_results(box, pi, some)
        ids = {event['dst'][:4]: (event['message_id'], event['receipted_id'])
               for event in box.journal.events('receipt')}
        for prefix, (form, _) in FORMS.items():
            tap.none(checks.wrong_results(
                [push for push in some if push.receiver.startswith(prefix)],
                [row for row in box.database.results()
                 if row.receiver.startswith(prefix)]),
                f'{form}: every push delivered, after a restart')
            tap.note(' in answers, in receipts '.join(ids[prefix[1:]]))
        tap.equal(answered(box), {0: 3 * len(some)},
                  'the SMSC heard OK for each receipt')


def test_unmatched(tap):
    """Receipts that no msg-id-type explains match nothing: the pushes are
    UNKNOWN, never wrong, and the SMSC does not send them for ever."""
    with Sandbox(plan='message-id hex/zeros\n',
                 convoy={'receipt-timeout': 2}) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        some = pi.push(pushes.make(20))
        wait_for_results(box, pi, some)
        tap.none(checks.wrong_results(some, box.database.results(),
                                      'UNKNOWN'),
                 'ids that nobody knows: UNKNOWN')
        tap.equal(answered(box), {0: 60}, 'and each was answered OK, once')


def test_storage(tap):
    """The host's own storage in a database: pushes do not touch it, messages
    of smsbox use it as ever, restarts included."""
    with Sandbox(conf=STORAGE, plan='receipt-link any\n') as box, \
            Initiator(box.env['PPG_URL']) as pi, Collector() as collector:
        box.database.rows(TABLE)
        box.smsc('phone off *')
        query = urllib.parse.urlencode({
            'from': '100', 'to': '+46701999999', 'text': 'hello',
            'dlr-mask': 3, 'dlr-url': f'{collector.url}?type=%d'})
        urllib.request.urlopen(f'{box.env["SENDSMS_URL"]}&{query}',
                               timeout=10).close()
        some = pi.push(pushes.make(50))
        wait_until(lambda: box.database.groups('AWAITING') == 50, 20,
                   'every push awaits its receipts')
        tap.equal(box.database.value('SELECT count(*) FROM public.dlr'), 1,
                  'pgsql: only smsbox\'s message is in the storage')
        for name in 'smsbox', 'bearerbox':
            box.stop(name)
        for name in 'bearerbox', 'smsbox':
            box.start(name)
        box.smsc('phone on *')
        wait_for_results(box, pi, some)
        tap.none(checks.wrong_results(some, box.database.results()),
                 'pgsql: every push delivered, after a restart')
        wait_until(lambda: collector.paths, 20, 'smsbox\'s report has come')
        tap.equal([path.split('?')[1] for path in collector.paths],
                  ['type=1'], 'pgsql: smsbox\'s message has its report')


def test_boxes(tap):
    """Two bearerboxes: receipts take all links in turn, some of them before
    their answer."""
    plan = 'receipt-link any\ndelay 0..30ms\nreceiver=4671* receipt-early\n'
    with Sandbox('--bearerboxes', 2, plan=plan) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        some = pi.push(pushes.make(150) + pushes.make(50, prefix='+4671'))
        wait_for_results(box, pi, some)
        judge(tap, box, pi, some, restart=True, name='two boxes')
        home = {submit.message_id: submit.link
                for submit in box.journal.submits}
        boxes = {event['link']: event['peer'] for event in
                 box.journal.events('bind')}
        away = [event for event in box.journal.events('receipt')
                if home[event['message_id']] != event['link']]
        tap.ok(len(boxes) == 4 and len(away) > 200,
               f'two boxes: {len(away)} receipts came over another link')


def last_words(box, all_pushes):
    """The last outcomes in the ledger of the segments of each push."""
    rows = checks.ledger_of(box.database.ledger(), box.database.results(),
                            all_pushes)
    return {push.number: {row.segment: row.outcome
                          for row in rows.get(push.number, [])}
            for push in all_pushes}


def test_adopted(tap):
    """A receipt that fails a push comes to a box while the one that sends
    the push is dead: who takes the push over heeds it."""
    with Sandbox('--bearerboxes', 2, plan=REJECTED) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        some = pi.push(pushes.make(40, 3))
        wait_until(lambda: len(box.journal.read().submits) == 2 * len(some),
                   20, 'every second segment is unanswered')
        box.kill('bearerbox')
        wait_for_results(box, pi, some)
        tap.none([one for one in box.database.results()
                  if one.state != 'UNDELIVERABLE'], 'adopted: each has failed')
        tap.none([f'{push}: {sent}' for push in some for sent in
                  [[one.part for one in box.journal.by_tag()[push.number]]]
                  if sent != [1, 2]], 'and nothing more of it was sent')


def test_kinds(tap):
    with Sandbox(plan=KINDS_PLAN, convoy={'receipt-timeout': 3,
                                          'max-attempts': 1}) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        some = pi.push([push for prefix in KINDS
                        for push in pushes.make(10, prefix=prefix)])
        wait_for_results(box, pi, some)
        tap.none(checks.wrong_results(
            some, box.database.results(),
            lambda push: KINDS[push.receiver[:5]][1]),
            'final, early, double and other receipts: the right results')
        late = [push for push in some if push.receiver[:5] == '+4679']
        wait_until(lambda: all(
            set(last_words(box, late)[push.number].values()) == {'delivered'}
            for push in late), 20, 'receipts that came too late are on '
            'record')
        words = last_words(box, some)
        tap.none([f'{push}: {words[push.number]}' for push in some
                  if KINDS[push.receiver[:5]][2] and
                  words[push.number] != dict.fromkeys(
                      (1, 2, 3), KINDS[push.receiver[:5]][2])],
                 'and the ledger says what came')
        tap.none(checks.wrong_notifications(
            some, pi.received, lambda push: KINDS[push.receiver[:5]][1]),
            'one notification each, whatever came later')
        twice = Counter((row.group_id, row.copy, row.outcome)
                        for row in box.database.ledger())
        tap.none([row for row, count in twice.items() if count > 1],
                 'a receipt that comes twice is in the ledger once')
        tap.ok(answered(box)[0] > 300, 'double and interim receipts did come',
               answered(box))


def test(tap):
    for part in (test_forms, test_unmatched, test_storage, test_boxes,
                 test_adopted, test_kinds):
        begun = time.monotonic()
        part(tap)
        tap.note(f'{part.__name__}: {time.monotonic() - begun:.1f} s')


run(test)
