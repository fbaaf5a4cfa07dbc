#!/usr/bin/python3 -B
"""What was captured while stock Kannel, and Convoy, served a load with faults
becomes a trace that tells what the SMSC's journal and the PI tell.
$CONVOY_PUSHES says how many pushes (default 150)."""

import json
import os
import sys
import time
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from captures import records_of                             # noqa: E402
from collector import Collector                             # noqa: E402
from convoytest import (Initiator, Sandbox, pushes, run,    # noqa: E402
                        wait_for_results, wait_until)
from dumpcap import Dumpcap, refused                        # noqa: E402
from pushes import tag_of                                   # noqa: E402
from traces import convoy_trace                             # noqa: E402

PLAN = '''
status 0x58 5%
status 0x08 3%
noanswer 1%
receipt UNDELIV 3% after 1..50ms
receipt DELIVRD after 1..300ms
interim ENROUTE 5% after 1..5ms
receipt-early 2%
'''
OTHER_IDS = 'message-id hex/decimal\n'
KEYS = {'answer-timeout': 3, 'retry-delay': 1, 'receipt-timeout': 5}
COUNT = int(os.environ.get('CONVOY_PUSHES', '150'))
PHONES = COUNT // 4


def capture(box, pi, path):
    ports = [urllib.parse.urlsplit(box.env['PPG_URL']).port,
             box.env['SMSC_PORT'], pi.port]
    return Dumpcap(path, *ports), [
        argument for name, port in zip(('--ppg', '--smpp', '--pi'), ports)
        for argument in (name, f'127.0.0.1:{port}')]


def all_accepted(box, some):
    parts = {tag: {one.part for one in submits if one.status == 0}
             for tag, submits in box.journal.read().by_tag().items()}
    return all(len(parts.get(push.number, ())) == push.segments
               for push in some)


def drop_links(box):
    box.smsc('drop all')
    wait_until(lambda: len(box.smsc('links')['links']) == 2, 60,
               'both links are back')


def load(box, pi, stock):
    """Pushes, and waits until all that comes of it has come. The SMSC drops
    the links before and after it."""
    drop_links(box)
    some = pi.push(pushes.make(COUNT, receivers=PHONES))
    if stock:       # which asks for receipts of smsbox's messages only
        with Collector() as reports:
            for number in range(20):
                urllib.request.urlopen(
                    f'{box.env["SENDSMS_URL"]}&from=1&to=%2B46709{number:05}'
                    f'&dlr-mask=31&dlr-url={reports.url}&text=words').close()
            wait_until(lambda: all_accepted(box, some), 60,
                       'every segment is accepted')
            box.idle()
    else:
        wait_for_results(box, pi, some, seconds=120)
    drop_links(box)
    return some


# --- what the SMSC saw -----------------------------------------------------

def submits_of_journal(path):
    """What became of each submit, by receiver, octets and attempt; receipts
    that came before an answer told their message id; and the events."""
    found, open_, by_id, orphans = {}, {}, {}, []
    with open(path, encoding='utf-8') as file:
        events = [json.loads(line) for line in file]
    for event in events:
        kind = event['ev']
        if kind == 'submit':
            one = {'part': event['part'] or 1, 'total': event['total'] or 1,
                   'ref': event['ref'], 'src': event['src'],
                   'octets': len(event['message']) // 2, 'status': None,
                   'message_id': None, 'receipts': []}
            for name in ('esm_class', 'data_coding', 'registered',
                         'validity', 'priority'):
                one[name] = event[name]
            found[event['dst'].lstrip('+'), event['message'],
                  event['attempt']] = one
            open_[event['link'], event['seq']] = one
        elif kind == 'answer':
            one = open_[event['link'], event['seq']]
            one['status'] = event['status']
            one['message_id'] = event['message_id'] or None
            by_id[event['message_id']] = one
        elif kind == 'noanswer':
            open_[event['link'], event['seq']]['status'] = 'none'
        elif kind == 'receipt':
            one = by_id.get(event['message_id'])
            (one['receipts'] if one else orphans).append(event['stat'])
    return found, orphans, events


def submits_of_trace(trace):
    found, by_number, orphans = {}, {}, []
    for record in trace:
        if record['ev'] == 'submit':
            one = {name: record.get(name) for name in (
                'part', 'total', 'ref', 'src', 'octets', 'esm_class',
                'data_coding', 'registered', 'validity', 'priority')}
            one.update(status=None, message_id=None, receipts=[])
            found[record['dst'].lstrip('+'), record['message'],
                  record['attempt']] = one
            by_number[record['submit']] = one
        elif record['ev'] == 'submit_answer':
            one = by_number[record['submit']]
            one['status'] = record['status']
            one['message_id'] = record.get('message_id')
        elif record['ev'] == 'receipt':
            if 'submit' in record:
                by_number[record['submit']]['receipts'].append(
                    record['state'])
            else:
                orphans.append(record['state'])
    return found, orphans


def differences(got, expected):
    for key in sorted(got.keys() | expected.keys()):
        if got.get(key) != expected.get(key):
            yield f'{key}: {got.get(key)}, and not {expected.get(key)}'


def check_smsc(t, name, trace, path, begun):
    expected, early, events = submits_of_journal(path)
    got, orphans = submits_of_trace(trace)
    t.none(differences(got, expected), f'{name}: submits, answers and '
           f'receipts ({len(expected)}) are those of the journal')
    t.equal(sorted(orphans), sorted(early),
            f'{name}: receipts before their answer are of no submit')
    t.ok(any(one['receipts'] for one in got.values()),
         f'{name}: there are receipts')
    up, down = ([record for record in trace if record['ev'] == 'link'
                 and record['state'] == state] for state in ('up', 'down'))
    t.equal(len([one for one in up if 'mode' in one]), sum(
        one['ev'] == 'bind' and one['status'] == 0 and one['t'] > begun
        for one in events), f'{name}: links come as the journal has it')
    t.equal(len(down), len(up), f'{name}: and go')


# --- what the PI saw -------------------------------------------------------

def check_pi(t, name, trace, some, pi):
    answers = {record['push']: record for record in trace
               if record['ev'] == 'push_answer'}
    got = {record['push_id']: (record['body'],
                               answers[record['push']].get('http'),
                               answers[record['push']].get('code'))
           for record in trace if record['ev'] == 'push'}
    expected = {push.push_id: (push.body(pi.notify_url).decode(), push.http,
                               push.code) for push in some}
    t.none(differences(got, expected), f'{name}: pushes and answers are '
           'those of the PI')
    ids = {record['push']: record['push_id'] for record in trace
           if record['ev'] == 'push'}
    told = [(ids.get(record.get('push')), record['state'], str(record['code']))
            for record in trace if record['ev'] == 'notification']
    t.equal(sorted(told), sorted(
        (one['push-id'], one['message-state'], one['code'])
        for one in pi.received), f'{name}: notifications ({len(told)}) too')
    outcomes = [(ids[record['push']], record['told']) for record in trace
                if record['ev'] == 'outcome']
    t.equal(sorted(outcomes), sorted(
        (one['push-id'], one['message-state']) for one in pi.received),
            f'{name}: and they are the outcomes')
    tags = {push.push_id: push.number for push in some}
    owned = [(tags[ids[record['push']]] if 'push' in record else None,
              tag_of(bytes.fromhex(record['message'])))
             for record in trace if record['ev'] == 'submit']
    t.none([pair for pair in owned if pair[0] != pair[1]],
           f'{name}: each segment is of the right push')


# --- what the tables know ----------------------------------------------------

def tables_trace(box):
    box.database.rows('CREATE ROLE watch LOGIN IN ROLE convoy_monitor')
    done = convoy_trace('tables', '--no-pseudonyms',
                        f'host={box.env["PGHOST"]} port={box.env["PGPORT"]} '
                        f'dbname={box.env["PGDATABASE"]} user=watch')
    if done.returncode:
        raise ValueError(done.stderr)
    return done.stdout


def check_tables(t, tables, trace):
    """A trace from the tables tells the same as that of the capture, as far
    as it tells anything."""
    t.equal(convoy_trace('check', '-', text=tables).stderr, '',
            'tables: it is a trace')
    got, expected = facts_of(records_of(tables)), facts_of(trace)
    for (_, had), (_, has) in zip(sorted(got['submits'].items()),
                                  sorted(expected['submits'].items())):
        if len(has) == 1:       # its receipt came before its answer
            del had[1:]
    for name, facts in got.items():
        t.none(differences(facts, expected[name]),
               f'tables: {name} ({len(facts)}) are those of the capture')


def facts_of(records):
    ids = {one['push']: one['push_id'] for one in records
           if one['ev'] == 'push'}
    submits, outcomes, by_number = {}, {}, {}
    for one in records:
        if one['ev'] == 'submit':
            by_number[one['submit']] = submits[
                ids[one['push']], one['dst'].lstrip('+'), one['part'],
                one['total'], one['attempt']] = []
        elif one['ev'] == 'submit_answer':
            by_number[one['submit']].insert(0, (one['status'],
                                                one.get('message_id')))
        elif one['ev'] == 'receipt' and 'submit' in one \
                and one['state'] != 'ENROUTE':
            by_number[one['submit']].append(one['state'])
        elif one['ev'] == 'outcome':
            outcomes[ids[one['push']]] = (one['dst'], one['state'],
                                          one['told'])
    return {'pushes': dict.fromkeys(ids.values()), 'submits': submits,
            'outcomes': outcomes}


def check(t, name, *options, stock):
    plan = PLAN + OTHER_IDS if stock else PLAN
    with Sandbox(*options, plan=plan, conf='sms-resend-freq = 1\n',
                 convoy={} if stock else KEYS, link={'wait-ack': 2}) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        path = f'{box.folder}/capture.pcapng'
        dumpcap, ports = capture(box, pi, path)
        with dumpcap:
            begun = time.time()
            some = load(box, pi, stock)
            tables = None if stock else tables_trace(box)
            box.down()
            dumpcap.catch_up()
        done = convoy_trace('capture', '--no-pseudonyms', *ports, path)
        t.equal(done.stderr.count('\n'), 1, f'{name}: it is understood')
        t.note(*done.stderr.splitlines())
        trace = records_of(done.stdout)
        check_smsc(t, name, trace, box.env['SMSC_JOURNAL'], begun)
        check_pi(t, name, trace, some, pi)
        if tables:
            check_tables(t, tables, trace)


def test(t):
    why = refused()
    if why:
        t.skip('traces of live captures', why)
        return
    check(t, 'stock Kannel', '--stock', stock=True)
    check(t, 'Convoy', stock=False)


run(test)
