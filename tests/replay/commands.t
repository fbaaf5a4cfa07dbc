#!/usr/bin/python3 -B
"""convoy-trace as a person meets it: help, wrong arguments, files that cannot
be read or written, and one key's stand-ins from run to run."""

import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

import tap                                                  # noqa: E402
from traces import PROGRAM, SAMPLE, convoy_trace            # noqa: E402


def said(*arguments):
    done = convoy_trace(*arguments)
    return done.returncode, done.stderr.strip()


def help_and_usage(t):
    for arguments in (['--help'], ['check', '--help'],
                      ['pseudonyms', '--help']):
        done = convoy_trace(*arguments)
        t.ok(done.returncode == 0 and done.stdout.startswith('usage: ')
             and not done.stderr, ' '.join(arguments))
    for arguments in ([], ['verify'], ['check'], ['check', 'a', 'b'],
                      ['check', '--all', 'a'], ['pseudonyms'],
                      ['pseudonyms', '--key'], ['pseudonyms', 'a', 'b']):
        done = convoy_trace(*arguments)
        t.ok(done.returncode == 2 and 'usage: ' in done.stderr
             and not done.stdout, f'wrong: {arguments}')


def files(t, folder):
    none = f'{folder}/none'
    t.equal(said('check', none),
            (1, f'convoy-trace: {none}: No such file or directory'),
            'a trace that is not there')
    t.equal(said('check', folder),
            (1, f'convoy-trace: {folder}:1: cannot be read: Is a directory'),
            'a folder')
    t.equal(said('pseudonyms', '--key', none, SAMPLE),
            (1, f'convoy-trace: {none}: No such file or directory'),
            'a key that is not there')
    with open('/dev/full', 'w') as full:
        done = subprocess.run([PROGRAM, 'pseudonyms', SAMPLE], stdout=full,
                              stderr=subprocess.PIPE, text=True, check=False)
    t.ok(done.returncode == 1 and 'No space left' in done.stderr,
         'a full disk', done.stderr)


def keys(t, folder):
    key = f'{folder}/key'
    with open(key, 'w') as file:
        file.write('sixteen octets or more')
    first, again = (convoy_trace('pseudonyms', '--key', key, SAMPLE)
                    for _ in range(2))
    t.equal((first.returncode, first.stderr), (0, ''), 'stand-ins')
    t.equal(again.stdout, first.stdout, 'are the same under one key')
    fingerprint = json.loads(first.stdout.splitlines()[0])['pseudonyms']
    others = {convoy_trace('pseudonyms', SAMPLE).stdout for _ in range(2)}
    t.equal(len(others | {first.stdout}), 3, 'without one always others')
    done = convoy_trace('check', '-', text=first.stdout)
    t.ok(f'pseudonyms under the key {fingerprint}\n' in done.stdout,
         'check tells their key', done.stdout)
    made = f'{folder}/made'
    with open(made, 'w') as file:
        file.write(first.stdout)
    t.equal(said('pseudonyms', made),
            (1, 'convoy-trace: the trace has pseudonyms already'),
            'nothing gets stand-ins twice')
    wide = ('{"convoy-trace":1,"source":"a","pseudonyms":false}\n'
            '{"ev":"push","t":0,"push":1,"body_base64":"PABhAD4A"}\n')
    done = convoy_trace('pseudonyms', '-', text=wide)
    t.equal((done.returncode, done.stderr.strip()),
            (0, 'convoy-trace: bodies left out, in UTF-16 or UTF-32: 1'),
            'what is not understood is left out')
    t.equal(done.stdout.splitlines()[1], '{"ev":"push","t":0,"push":1}',
            'and told')


def test(t):
    help_and_usage(t)
    with tempfile.TemporaryDirectory(prefix='convoy-replay.') as folder:
        files(t, folder)
        keys(t, folder)


tap.run(test)
