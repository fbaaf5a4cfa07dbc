#!/usr/bin/python3 -B
"""The PAP chapter, row by row: what plugin/pap/README.md says that the PPG does
is what it does, before and after kill -9 of both boxes. Each row of its table
has an example in plugin/pap/examples, and each example a row."""

import os
import re
import sys

TESTS = os.path.join(os.path.dirname(os.path.realpath(__file__)), '..')
sys.path.insert(0, os.path.join(TESTS, 'lib'))

import pap_example                                          # noqa: E402
from convoytest import Sandbox, run                         # noqa: E402
from pap_replay import (Notified, Replay, kill_boxes,       # noqa: E402
                        start_boxes)

CHAPTER = os.path.join(TESTS, '..', 'plugin', 'pap', 'README.md')
EXAMPLES = os.path.join(TESTS, '..', 'plugin', 'pap', 'examples')
# A row begins with the link to its example.
ROW = re.compile(r'^\| \[([a-z0-9.-]+)\]\(', re.MULTILINE)


def rows():
    with open(CHAPTER) as file:
        return ROW.findall(file.read())


def replay(tap, box, notified, examples, turn):
    documents = []
    for example in examples:
        one = Replay(box, notified, example, turn)
        wrong = one.run()
        tap.ok(wrong is None, f'{example}, {turn}', wrong)
        documents += one.documents
    return documents


def test(tap):
    examples = pap_example.read_all(EXAMPLES)
    tap.equal(sorted(rows()), sorted(example.name for example in examples),
              'each row of the table has an example, and each example a row')
    with Sandbox() as box:
        notified = Notified()
        try:
            replay(tap, box, notified, examples, 'before')
            kill_boxes(box)
            start_boxes(box)
            replay(tap, box, notified, examples, 'after')
        finally:
            notified.close()


run(test)
