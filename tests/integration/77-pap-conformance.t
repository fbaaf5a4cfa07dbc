#!/usr/bin/python3 -B
"""The PAP chapter, row by row: what plugin/pap/README.md says that the PPG does
is what it does, before and after kill -9 of both boxes. Each row of its table
has an example in plugin/pap/examples, and each example a row; what the PPG
sends is valid by the DTD that it names."""

import os
import re
import sys

TESTS = os.path.join(os.path.dirname(os.path.realpath(__file__)), '..')
sys.path.insert(0, os.path.join(TESTS, 'lib'))

import pap_dtd                                              # noqa: E402
import pap_example                                          # noqa: E402
from convoytest import Sandbox, run                         # noqa: E402
from pap_replay import Notified, replay_all                 # noqa: E402

CHAPTER = os.path.join(TESTS, '..', 'plugin', 'pap', 'README.md')
EXAMPLES = os.path.join(TESTS, '..', 'plugin', 'pap', 'examples')
# A row begins with the link to its example.
ROW = re.compile(r'^\| \[([a-z0-9.-]+)\]\(', re.MULTILINE)


def rows():
    with open(CHAPTER) as file:
        return ROW.findall(file.read())


def replay(tap, box, notified, examples, turn):
    replays = replay_all(box, notified, examples, turn)
    for one in replays:
        tap.ok(one.wrong is None, f'{one.example}, {turn}', one.wrong)
    tap.none(pap_dtd.invalid([document for one in replays
                              for document in one.documents]),
             f'every document is valid by its DTD, {turn}')


def test(tap):
    examples = pap_example.read_all(EXAMPLES)
    tap.equal(sorted(rows()), sorted(example.name for example in examples),
              'each row of the table has an example, and each example a row')
    with Sandbox() as box:
        notified = Notified()
        try:
            killing = [one for one in examples if one.uses('killed')]
            others = [one for one in examples if one not in killing]
            replay(tap, box, notified, others, 'before')
            tap.ok(killing, 'some of the examples kill the boxes')
            replay(tap, box, notified, killing, 'between')
            replay(tap, box, notified, others, 'after')
        finally:
            notified.close()


run(test)
