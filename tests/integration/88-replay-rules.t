#!/usr/bin/python3 -B
"""What a replay is judged by where pushes share a name, and what of an
operator's kannel.conf it takes, and which runs can be compared; told of runs
that are made up."""

import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

import push_initiator as pi                                 # noqa: E402
import pushes                                               # noqa: E402
import replay_conf                                          # noqa: E402
import replay_verdict                                       # noqa: E402
from replay_evidence import Evidence                        # noqa: E402
from replay_trace import Trace, digest_of                   # noqa: E402
from replays import written                                 # noqa: E402
from tap import run                                         # noqa: E402
from traces import REPLAY, lines                            # noqa: E402

CONF = """
group = core
unified-prefix = "+46,0046,046;-,0"
sms-resend-freq = 5

group = smsc
smsc = smpp
unified-prefix = "+46,0046,046;-,0"
wait-ack = 10

group = ppg
default-smsc = operator
concurrent-pushes = 500

group = convoy
smsc-id = operator
retry-delay = 2
"""


def document(kind, code, more=''):
    return f'<pap><{kind} code="{code}" {more}></{kind}></pap>'


def trace_of_one_name(folder):
    """A push, another that repeats its push-id, a cancel and a query."""
    one, = pushes.make(1, 1)
    codes = 1001, 2007, 2008, 1000
    path = written(folder, 'one-name', [one] * 4, 'http://pi.example/', 1,
                   [{'ev': 'push_answer', 't': 2000000, 'push': number,
                     'http': 202, 'code': code}
                    for number, code in enumerate(codes, 1)])
    with open(path) as file:
        first, *records = map(json.loads, file)
    operations = 'push', 'push', 'cancel', 'query'
    for record, operation in zip(records, operations):
        record.update(operation=operation, push_id=one.push_id)
    with open(path, 'w') as file:
        file.write(lines([first, *records]))
    return path, one


def keep_run(folder, path, one, **run):
    """As replay_run.py keeps it: the cancel came in time here."""
    answers = [document('response-result', 1001),
               document('response-result', 2007),
               document('cancel-result', 1000),
               document('statusquery-result', 1001)]
    told = (document('resultnotification-message', 1000,
                     f'push-id="{one.push_id}" message-state="delivered"')
            .replace('></res', f'><address address-value='
                     f'"{pi.address(one.receiver)}"/></res'))
    sent = [{'ev': 'begin', 't': 0}]
    sent += [{'ev': 'push', 't': 1, 'push': number, 'due': 1, 'answered': 2,
              'http': 202, 'document': answer}
             for number, answer in enumerate(answers, 1)]
    sent += [{'ev': 'notification', 't': 3, 'push': 1, 'http': 202,
              'document': told},
             {'ev': 'sent', 't': 4, 'interrupted': False}]
    row = {'push_id': one.push_id, 'receiver': one.receiver, 'group_id': 7,
           'state': 'DELIVERED', 'cause': None}
    os.makedirs(folder)
    for name, text in (
            ('run.json', json.dumps({
                'gateway': 'convoy', 'trace': digest_of(path),
                'trace path': path, 'settled': True, 'seed': 1, 'speed': '1',
                **run})),
            ('sent.jsonl', lines(sent)), ('smsc.jsonl', ''),
            ('database.json', json.dumps({'results': [row], 'ledger': []}))):
        with open(f'{folder}/{name}', 'w') as file:
            file.write(text)


def one_name(tap, folder):
    path, one = trace_of_one_name(folder)
    keep_run(f'{folder}/run', path, one)
    found = Evidence(Trace(path), f'{folder}/run')
    tap.none(replay_verdict.one_result(found),
             'a result is of the push that was accepted under its name')
    tap.none(replay_verdict.true_notification(found),
             'and so is a notification')
    tap.equal([push.code for push in found.pushes.values()],
              [1001, 2007, 1000, 1001], 'the code of each answer')
    tap.equal([push.accepted for push in found.pushes.values()],
              [True, False, False, False], 'only a push is accepted')
    tap.none(replay_verdict.answered_otherwise(found, ['push']),
             'pushes are answered as in the record')
    tap.equal(len(replay_verdict.answered_otherwise(
        found, ['cancel', 'query'])), 2, 'cancel and query hang on the time')


def conf(tap, folder):
    path = f'{folder}/kannel.conf'
    with open(path, 'w') as file:
        file.write(CONF)
    tap.equal(replay_conf.sandbox_keys(path),
              {'options': ['--links', '1'], 'link': {'wait-ack': '10'},
               'conf': 'sms-resend-freq = 5\n',
               'ppg': {'concurrent-pushes': '500'},
               'convoy': {'retry-delay': '2'}},
              'neither routes nor prefixes are those of the operator')


def compared(tap, folder):
    """Only what replayed one trace is."""
    path, one = trace_of_one_name(folder)
    other = shutil.copy(path, f'{folder}/other.jsonl')
    with open(other, 'a') as file:
        file.write(lines([{'ev': 'phone', 't': 2000000, 'dst': '46',
                           'state': 'off'}]))
    for name, trace, keys in (('old', path, {}), ('new', path, {'seed': 2}),
                              ('another', other, {})):
        keep_run(f'{folder}/{name}', trace, one, **keys)

    def compare(first, second):
        return subprocess.run(
            [f'{REPLAY}/run', '--compare', f'{folder}/{first}',
             f'{folder}/{second}'], text=True, capture_output=True)
    said = compare('old', 'another')
    tap.ok(said.returncode == 1 and said.stderr.count('\n') == 1
           and 'different traces' in said.stderr,
           'runs of different traces are not compared', said.stderr)
    said = compare('old', 'new')
    tap.ok('# seed: 1 there, 2 here' in said.stdout,
           'another seed is told', said.stdout + said.stderr)


def test(tap):
    with tempfile.TemporaryDirectory() as folder:
        one_name(tap, folder)
        conf(tap, folder)
        compared(tap, folder)


run(test)
