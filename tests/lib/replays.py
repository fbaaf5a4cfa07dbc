"""Replays of made-up traces, as the tests of tests/integration run them."""

import json
import os
import subprocess
import types

import push_initiator
import replay_run
from replay_evidence import Evidence
from replay_trace import Trace
from traces import REPLAY, lines

EXPECTED = os.path.join(REPLAY, 'expected.json')


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


def expected(scene, gateway):
    """The verdict that is known to be right."""
    with open(EXPECTED) as file:
        return json.load(file)[scene][gateway]


def replayed(path, folder, gateways, speed='1', wait=100, **sandbox):
    """Replays a trace against these gateways at once; their Evidences."""
    options = types.SimpleNamespace(
        speed=speed, seed=1, sandbox={'convoy': {}, **sandbox})
    trace = Trace(path)
    sides = [replay_run.Side(name, trace, f'{folder}/{number}-{name}',
                             options)
             for number, name in enumerate(gateways)]
    replay_run.run(sides, wait)
    return [Evidence(Trace(path), side.folder) for side in sides]
