#!/usr/bin/python3 -B
"""A box that cannot work with its configuration does not start: it says in
one line what is wrong and what mends it, and ends with an error."""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from convoytest import Sandbox, run                         # noqa: E402

KANNEL = os.environ.get('CONVOY_KANNEL', os.path.join(
    os.path.dirname(os.path.realpath(__file__)), '../../build/kannel'))

# Key, a wrong value, and the other words that the line must hold.
VALUES = [
    ('max-segments', '0', []), ('max-segments', '256', []),
    ('max-segments', 'ten', []), ('max-segments', '""', []),
    ('concat-reference', '12', ['8', '16']),
    ('advance-on', 'sometimes', ['accepted', 'delivered']),
    ('complete-on', 'never', ['accepted', 'delivered']),
    ('window', '-1', []), ('window', 'soon', []),
    ('answer-timeout', '40', ['window']),
    ('lifetime', '0', []), ('lifetime', '99999999999999999999', []),
    ('max-attempts', '0', []), ('retry-delay', 'x', []),
    ('retry-delay-max', '-5', []), ('segment-retries', '-1', []),
    ('receipt-timeout', '0', []), ('reference-hold', '1.5.2', []),
    ('query', 'perhaps', ['yes', 'no']),
    ('active-groups', '0', []), ('deployment', '""', []),
    ('retryable-status', '0x08;banana', ['banana']),
    ('permanent-status', '99999999999', ['99999999999']),
    ('notify-allow', '"exa mple/"', []),
    ('notify-allow', '"!"', []), ('notify-ca', '/no/such/file', ['PEM']),
    ('max-clients', '9', []), ('client-timeout', '0', []),
    ('notify-lifetime', 'x', []), ('retention', 'soon', []),
    ('pgsql-id', 'nobody', ['pgsql-connection']),
]

FOREIGN_MODULE = r'''
struct {
    int hooks_version;
    const char *host_version, *gwmem;
    unsigned long msg_size, event_size;
    int (*init)(void);
} gw_module = { GW_HOOKS_VERSION, "0.0.1", "native", 1, 1, 0 };
'''


# Links that cannot carry pushes: their keys, whether pushes get to them, and
# another word that the line must hold.
LINKS = [
    ('smsc = emi\nwait-ack-expire = 1', True, 'by itself'),
    ('smsc = cgw', True, 'by itself'),
    ('smsc = oisd', True, 'receipts'),
    ('smsc = emi_x25', True, 'answer'),
    ('smsc = ois', True, 'answer'),
    ('smsc = sema', True, 'answer'),
    ('smsc = cimd', True, 'receipts'),
    ('smsc = cgw\nallowed-smsc-id = "text;wap"', True, 'by itself'),
    ('smsc = cgw\ndenied-smsc-id = text', True, 'by itself'),
    ('smsc = cgw\nallowed-smsc-id = text', False, None),
    ('smsc = cgw\ndenied-smsc-id = "wap;text"', False, None),
]


class Trial:
    """Starts boxes with a spoiled configuration."""

    def __init__(self, tap, box):
        self.tap, self.folder = tap, box.folder
        with open(f'{box.folder}/kannel.conf') as file:
            self.good = file.read()

    def spoil(self, group, key, value):
        """The configuration with that key of a group set, or without it if
        the value is None."""
        def change(found):
            lines = [line for line in found[0].splitlines()
                     if not re.match(rf'{key}\s*=', line)]
            if value is not None:
                lines.append(f'{key} = {value}')
            return '\n'.join(lines) + '\n'
        return re.sub(rf'group = {group}\n(.+\n)+', change, self.good)

    def __call__(self, name, conf, *words):
        """Neither box starts; the one line has all of these words."""
        assert conf != self.good
        path = f'{self.folder}/bad.conf'
        with open(path, 'w') as file:
            file.write(conf)
        for box in 'bearerbox', 'wapbox':
            self.refused(box, path, name, words)

    def refused(self, box, path, name, words):
        try:
            ended = subprocess.run(
                [f'{KANNEL}/gw/{box}', '-v', '2', path], cwd=self.folder,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True, errors='replace',
                timeout=20)
            code, output = ended.returncode, ended.stdout
        except subprocess.TimeoutExpired as late:
            code, output = 'still runs', (late.stdout or b'').decode()
        lines = [line for line in output.splitlines()
                 if re.search(r'WARNING|ERROR|PANIC', line)]
        missing = [word for word in words
                   if not any(word in line for line in lines)]
        if self.tap.ok(code not in (0, 'still runs') and code > 0
                       and len(lines) == 1 and not missing,
                       f'{box}: {name}: refused in one line',
                       f'exit {code}, missing {missing}', *lines[:5]) \
                and box == 'bearerbox':
            self.tap.note(re.sub(r'^.*?(ERROR|PANIC): ', '', lines[0]))


def links(trial):
    """Where pushes cannot get to the link, the box goes on to the database,
    and meets a role that does not exist."""
    routed = trial.spoil('convoy', 'smsc-id', 'wap').replace(
        'username = convoy', 'username = nobody')
    for keys, reached, word in LINKS:
        link = f'\ngroup = smsc\nsmsc-id = odd\nhost = nowhere\n{keys}\n'
        trial(keys.replace('\n', ', '), routed + link,
              *(['odd', word] if reached else ['convoy-db', 'nobody']))


def hooks_version():
    """That of the boxes."""
    with open(f'{KANNEL}/gw/gw_hooks.h') as file:
        return re.search(r'define GW_HOOKS_VERSION (\d+)', file.read())[1]


def modules(trial):
    def conf(value):
        return trial.spoil('convoy', 'module', value)
    folder = trial.folder
    trial('no module key', conf(None), 'module', 'convoy')
    trial('a module that does not exist', conf(f'{folder}/none.so'),
          'module', f'{folder}/none.so')
    with open(f'{folder}/text.so', 'w') as file:
        file.write('no shared object\n')
    trial('a module that is no shared object', conf(f'{folder}/text.so'),
          'module', f'{folder}/text.so')
    for name, source in (('foreign', FOREIGN_MODULE),
                         ('stranger', 'int nothing;')):
        subprocess.run(['gcc', '-shared', '-fPIC', '-x', 'c', '-',
                        f'-DGW_HOOKS_VERSION={hooks_version()}',
                        '-o', f'{folder}/{name}.so'], input=source,
                       text=True, check=True)
    trial('a module of another ABI', conf(f'{folder}/foreign.so'),
          'module', f'{folder}/foreign.so', '0.0.1')
    trial('a shared object that is no module', conf(f'{folder}/stranger.so'),
          'module', f'{folder}/stranger.so')


def databases(trial, box):
    def conf(key, value):
        return trial.spoil('pgsql-connection', key, value)
    trial('no pgsql-id', trial.spoil('convoy', 'pgsql-id', None), 'pgsql-id')
    trial('a server that is not there', conf('host', f'{box.folder}/logs'),
          'convoy-db', f'{box.folder}/logs')
    trial('a database that does not exist', conf('database', 'nothing'),
          'convoy-db', 'nothing')
    trial('a role that does not exist', conf('username', 'nobody'),
          'convoy-db', 'nobody')
    trial('a role in letters beyond ASCII', conf('username', 'jürgen'),
          'convoy-db', 'jürgen')
    box.database.rows('CREATE DATABASE empty')
    trial('a database without the schema', conf('database', 'empty'),
          'convoyctl init')
    trial('another deployment', trial.spoil('convoy', 'deployment', 'other'),
          'deployment', 'other')


def schemas(trial, box):
    """The version is taken from the table; the boxes read it by function."""
    comment = trial.good + '\n# the schema changes, not this file\n'
    version = box.database.value('SELECT convoy.schema_version()')
    add = 'INSERT INTO convoy.migration (version, name) VALUES (%s, %s)'
    drop = 'DELETE FROM convoy.migration WHERE version = %s'
    box.database.rows(drop, version)
    trial('an old schema', comment, 'convoyctl init')
    box.database.rows(add, version, 'again')
    box.database.rows(add, version + 1, 'newer')
    trial('a newer schema', comment, str(version + 1))
    box.database.rows(drop, version + 1)


def test(tap):
    with Sandbox() as box:
        for name in 'wapbox', 'smsbox', 'bearerbox':
            box.stop(name)
        trial = Trial(tap, box)
        for key, value, words in VALUES:
            trial(f'{key} = {value}', trial.spoil('convoy', key, value),
                  key, *words)
        links(trial)
        modules(trial)
        databases(trial, box)
        schemas(trial, box)
        for name in 'bearerbox', 'wapbox':
            box.start(name)
        tap.ok(True, 'with the right configuration both start')


run(test)
