"""Traces (tests/replay) as a test makes and checks them."""

import json
import os
import subprocess

TOP = os.path.join(os.path.dirname(os.path.realpath(__file__)), '..', '..')
REPLAY = os.path.join(TOP, 'tests', 'replay')
SAMPLE = os.path.join(REPLAY, 'samples', 'small.jsonl')
BUILD = os.environ.get('CONVOY_BUILD', os.path.join(TOP, 'build', 'convoy'))
PROGRAM = os.path.join(BUILD, 'tests', 'replay', 'convoy-trace')


def convoy_trace(*arguments, text=None):
    """Runs convoy-trace; the completed process, its output as text."""
    return subprocess.run([PROGRAM, *arguments], input=text,
                          capture_output=True, text=True, check=False)


def records(path=SAMPLE):
    """The lines of a trace as objects, the first line among them."""
    with open(path, encoding='utf-8') as file:
        return [json.loads(line) for line in file]


def lines(objects):
    return ''.join(json.dumps(one) + '\n' for one in objects)
