"""Replays as the tests of tests/integration run them, those of the traces that
ship among them."""

import json
import os
import subprocess
import tempfile
import types

import push_initiator
import replay_run
import replay_verdict
from replay_evidence import Evidence
from replay_numbers import numbers, table
from replay_trace import Trace
from traces import REPLAY, lines

EXPECTED = os.path.join(REPLAY, 'expected.json')


# Stock repeats what failed after a minute, by default, and notices only then
# what was not answered.
SOONER = dict(conf='sms-resend-freq = 2\n', link={'wait-ack': 4},
              convoy={'answer-timeout': 4, 'retry-delay': 2})
SCENES = 'day', 'peak'
CAPTURES = 'stock', 'convoy'        # tests/replay/captures
GATEWAYS = 'stock', 'convoy'
WAIT = 100          # seconds after the last push


def generated(folder, scene, *options):
    """Makes a trace in the folder; its path."""
    path = f'{folder}/{scene}.jsonl'
    with open(path, 'w') as file:
        subprocess.run([f'{REPLAY}/generate', scene, *map(str, options)],
                       stdout=file, check=True)
    return path


def written(folder, name, some, notify_url, spread, more=()):
    """Makes a trace of these pushes (pushes.py), evenly over so many seconds,
    and of the records in `more`; its path."""
    path = f'{folder}/{name}.jsonl'
    records = [{'convoy-trace': 1, 'source': 'test', 'pseudonyms': False,
                'begin': '2020-01-01T00:00:00Z'}]
    records += [
        {'ev': 'push', 't': int(number * spread * 1e6 / len(some)),
         'push': number + 1, 'operation': 'push', 'url': '/wappush',
         'headers': [['Content-Type', push_initiator.CONTENT_TYPE],
                     ['Content-Length', '1']],
         'body': push.body(notify_url).decode()}
        for number, push in enumerate(some)]
    with open(path, 'w') as file:
        file.write(lines([*records, *more]))
    return path


def of_scenes(folder):
    """Replays the made-up traces against both gateways, all at once: {name:
    Evidences}."""
    return of_both({scene: generated(folder, scene) for scene in SCENES},
                   folder, speed='2')


def of_captures(folder):
    """The same of the traces that were made from captures."""
    return of_both({f'captures/{name}': f'{REPLAY}/captures/{name}.jsonl'
                    for name in CAPTURES}, folder)


def of_both(paths, folder, **options):
    """The same of these traces, {name: path}."""
    sides = {name: sides_of(path, f'{folder}/{name}', GATEWAYS, **SOONER,
                            **options) for name, path in paths.items()}
    replay_run.run(sum(sides.values(), []), WAIT)
    return {name: evidences_of(some) for name, some in sides.items()}


def judge_all(tap, replay):
    """Judges what of_scenes() or of_captures() replays."""
    with tempfile.TemporaryDirectory() as folder:
        for name, evidences in replay(folder).items():
            tap.note(name)
            judge(tap, name, evidences)


def judge(tap, name, evidences):
    """Holds each verdict against the one that is known to be right, which
    tests/replay/expect has found."""
    with open(EXPECTED) as file:
        expected = json.load(file)[name]
    tap.note(*table({evidence.run['gateway']: numbers(evidence)
                     for evidence in evidences}))
    for evidence in evidences:
        replay_verdict.judge(tap, evidence,
                             expected[evidence.run['gateway']])


def replayed(path, folder, gateways, speed='1', **sandbox):
    """Replays a trace against these gateways at once; their Evidences."""
    sides = sides_of(path, folder, gateways, speed, **sandbox)
    replay_run.run(sides, WAIT)
    return evidences_of(sides)


def sides_of(path, folder, gateways, speed='1', **sandbox):
    options = types.SimpleNamespace(
        speed=speed, seed=1, sandbox={'convoy': {}, **sandbox})
    return [replay_run.Side(name, path, f'{folder}/{number}-{name}', options)
            for number, name in enumerate(gateways)]


def evidences_of(sides):
    return [Evidence(Trace(side.trace), side.folder) for side in sides]
