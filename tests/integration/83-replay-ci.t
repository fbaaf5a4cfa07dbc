#!/usr/bin/python3 -B
"""The example for an operator's CI: one trace, one kannel.conf, one command;
the page and the numbers that it leaves; two runs compared; and what a wrong
trace, an unexpected verdict and a broken promise come to."""

import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

import replay_conf                                          # noqa: E402
from tap import run                                         # noqa: E402
from traces import REPLAY                                   # noqa: E402

PUSHES = 150
# Anything of a page that would be fetched, or run.
FETCHED = ('src=', 'href=', 'url(', '<script', '<link', '@import', '<iframe')

BEGIN = '{"convoy-trace":1,"source":"x","pseudonyms":false}\n'
# What is no trace, or none to replay; what its error begins with.
WRONG = [('hello\n', '1: no JSON', 'what is no trace'),
         ('', '1: no trace', 'an empty file'),
         (BEGIN + '{\n', '2: no JSON', 'a wrong line'),
         (BEGIN + '{"ev":"pu', '2: the last line is cut off', 'half a file'),
         (BEGIN, ' there is no push', 'a trace without a push')]


def command(*argv):
    return subprocess.run(argv, text=True, capture_output=True)


def example(tap, out):
    said = command(f'{REPLAY}/ci/example', out)
    tap.ok(said.returncode == 0 and 'not ok' not in said.stdout
           and said.stdout.count('\nok ') > 10, 'the example is content',
           said.stdout + said.stderr)
    tap.equal([name for name, _ in
               replay_conf.read_groups(f'{REPLAY}/ci/kannel.conf')[-1]][-2:],
              ['answer-timeout', 'retry-delay'], 'it has keys of Convoy')
    with open(f'{out}/result.json') as file:
        result = json.load(file)
    verdict = result['Convoy']['verdict']
    tap.equal((verdict['pushes'], verdict['accepted']), (PUSHES, PUSHES),
              'its result tells of every push')
    return verdict


def page(tap, path, *words):
    with open(path) as file:
        text = file.read()
    tap.none([word for word in FETCHED if word in text],
             f'{os.path.basename(path)} fetches and runs nothing')
    tap.equal(text.count('<svg'), 4, 'it has its plots')
    tap.none([word for word in words if word not in text],
             'and says what it is about')


def compared(tap, out):
    said = command(f'{REPLAY}/run', '--compare', f'{out}/convoy',
                   f'{out}/convoy', '--html', f'{out}/both.html')
    tap.ok(said.returncode == 0 and 'verdict: all is as it must be' in
           said.stdout, 'two runs are compared', said.stdout + said.stderr)
    page(tap, f'{out}/both.html')


def refused(tap, out, verdict):
    with open(f'{out}/expected.json', 'w') as file:
        json.dump({'convoy': {**verdict, 'displayed': 1}}, file)
    both = '--compare', f'{out}/convoy', f'{out}/convoy', '--tap'
    said = command(f'{REPLAY}/run', *both, '--expect',
                   f'{out}/expected.json')
    tap.ok(said.returncode == 1 and 'displayed: expected 1' in said.stdout,
           'a verdict that is not the one expected is told', said.stdout)
    with open(f'{out}/convoy/database.json') as file:
        database = json.load(file)
    database['results'][0]['state'] = 'UNDELIVERABLE'
    del database['results'][1]
    with open(f'{out}/convoy/database.json', 'w') as file:
        json.dump(database, file)
    said = command(f'{REPLAY}/run', *both)
    wrong = [line.split(': ')[1] for line in said.stdout.splitlines()
             if line.startswith('not ok')]
    tap.ok(said.returncode == 1 and set(wrong) >= {
        'every accepted push has one result', 'every result is true',
        'the Push Initiator is told it, once'},
           'a broken promise is told', said.stdout)


def one_line(tap, path, error, what):
    said = command(f'{REPLAY}/run', path)
    tap.ok(said.returncode == 1 and said.stderr.count('\n') == 1
           and said.stderr.startswith(f'tests/replay/run: {error}'),
           f'{what}: refused, in a line', said.stderr)


def no_traces(tap, out):
    path = f'{out}/wrong.jsonl'
    for text, where, what in WRONG:
        with open(path, 'w') as file:
            file.write(text)
        one_line(tap, path, f'{path}:{where}', what)
    path = f'{out}/missing.jsonl'
    one_line(tap, path, f'{path}: No such file', 'a missing file')


def test(tap):
    with tempfile.TemporaryDirectory() as out:
        verdict = example(tap, out)
        page(tap, f'{out}/page.html', 'A working day', f'{PUSHES} pushes',
             'every result is true')
        compared(tap, out)
        refused(tap, out, verdict)
        no_traces(tap, out)


run(test)
