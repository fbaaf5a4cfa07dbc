#!/usr/bin/python3 -B
"""The same trace replayed twice gives the same verdict. (So it does against
stock Kannel, whose verdicts the tests of whole scenes know.)"""

import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

import replay_verdict                                       # noqa: E402
import replays                                              # noqa: E402
from tap import run                                         # noqa: E402

SOONER = {'answer-timeout': 4, 'retry-delay': 2}


def generator(tap, folder):
    texts = []
    for name, options in (('one', []), ('again', []),
                          ('other', ['--seed', 2])):
        os.mkdir(f'{folder}/{name}')
        with open(replays.generated(f'{folder}/{name}', 'peak', '--pushes',
                                    150, *options)) as file:
            texts.append(file.read())
    tap.ok(texts[0] == texts[1], 'a seed makes one trace')
    tap.ok(texts[0] != texts[2], 'another seed another one')
    return f'{folder}/one/peak.jsonl'


def twice(tap, folder, trace):
    found = replays.replayed(trace, f'{folder}/twice', ['convoy', 'convoy'],
                             speed='2', convoy=SOONER)
    verdicts = [replay_verdict.verdict(evidence) for evidence in found]
    tap.none(replay_verdict.differences(*verdicts), 'the same verdict twice')
    replay_verdict.judge(tap, found[0])
    worse = dict(verdicts[0], displayed=0)
    tap.ok(list(replay_verdict.differences(worse, verdicts[1])),
           'another verdict would be seen')


def test(tap):
    with tempfile.TemporaryDirectory() as folder:
        twice(tap, folder, generator(tap, folder))


run(test)
