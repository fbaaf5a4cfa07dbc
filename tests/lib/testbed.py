"""A sandbox for the time of a `with` block: tests/sandbox, seen from a test.

Whatever happens in the block, at its end nothing runs and the folder is gone.
With CONVOY_KEEP=1 in the environment the folder stays, to be looked into.
"""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

import free_ports
import processes
from database import Database
from journal import Journal
from processes import wait_until
from smsc_control import SmscControl

TESTS = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
COMMAND = f'{TESTS}/sandbox'
BUILD = os.environ.get('CONVOY_BUILD',
                       f'{os.path.dirname(TESTS)}/build/convoy')
# Plain environment: nothing of another sandbox, no PostgreSQL settings.
ENVIRONMENT = {name: value for name, value in os.environ.items()
               if not name.startswith('PG')}


class SandboxError(Exception):
    pass


def sandbox(*arguments):
    """Runs tests/sandbox; returns its output, raises SandboxError with what
    it said if it fails."""
    result = subprocess.run([COMMAND, *map(str, arguments)], text=True,
                            env=ENVIRONMENT, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)
    if result.returncode:
        raise SandboxError((result.stderr + result.stdout).strip())
    return result.stdout


class Sandbox:
    """Options are those of `tests/sandbox up`. Keys of group = convoy can be
    given as `convoy={'window': 30}`, those of the links as `link=...`, of
    the PPG as `ppg=...`; `conf`
    is text for kannel.conf, in which @FOLDER@ is the sandbox's folder and
    @SMSC_PORT@ the port of the SMSC; `plan` is the SMSC's plan of faults;
    `folders` are made in the sandbox's folder beforehand. Each of the names
    in `ports` stands for a free port, in `conf` as @NAME@, and then in
    `ports[NAME]`."""

    def __init__(self, *options, convoy=None, link=None, ppg=None, conf='',
                 own_conf=(), plan='', folders=(), ports=()):
        self.options = list(options)
        for option, keys in (('--convoy', convoy), ('--link', link),
                             ('--ppg', ppg)):
            for key, value in (keys or {}).items():
                self.options += [option, f'{key}={value}']
        self.confs = [('', conf)] + [(f'{number}:', text) for number, text in
                                     enumerate(own_conf, 1)]
        self.plan, self.folders = plan, folders
        self.ports = dict.fromkeys(ports)
        self.folder, self.env = None, {}
        self.is_up = self.is_down = False
        self.leftovers = []

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix='convoy-test-')
        try:
            for name in self.folders:
                os.mkdir(f'{self.folder}/{name}')
            self.ports = free_ports.take(self.folder, self.ports)
            for only, text in self.confs:
                self._write_conf(only, text)
            sandbox('up', self.folder, *self.options)
            self.is_up = True
            self.env = read_env(self.folder)
            if 'SMSC_CONTROL' in self.env:
                self.smsc = SmscControl(self.env['SMSC_CONTROL'], self.folder)
                self.journal = Journal(self.env['SMSC_JOURNAL'])
                if self.plan:
                    self.smsc.plan(self.plan)
            if 'PGHOST' in self.env:
                self.database = Database(self.env)
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def _write_conf(self, only, conf):
        path = f'{self.folder}/extra{only.rstrip(":")}.conf'
        for name, value in {'FOLDER': self.folder, **self.ports}.items():
            conf = conf.replace(f'@{name}@', str(value))
        with open(path, 'w') as file:
            file.write(conf)
        self.options += ['--conf', only + path]

    def __exit__(self, kind, *_):
        if kind and self.is_up:
            self.show_logs()
        try:
            self.down()
        finally:
            if os.environ.get('CONVOY_KEEP'):
                print(f'# kept: {self.folder}')
            else:
                shutil.rmtree(self.folder, ignore_errors=True)

    def down(self):
        """Stops everything, once; `leftovers` are the processes that were
        there all the same."""
        if not self.is_down and os.path.exists(
                f'{self.folder}/sandbox.json'):
            self.is_up, self.is_down = False, True
            sandbox('down', self.folder)
        self.leftovers = processes.find(os.path.realpath(self.folder))

    def kill(self, name, signal='KILL'):
        sandbox('kill', self.folder, name, signal)

    def stop(self, name):
        """Asks NAME to end in good order; returns the seconds it took."""
        begun = time.monotonic()
        sandbox('kill', self.folder, name)
        return time.monotonic() - begun

    def start(self, name):
        sandbox('start', self.folder, name)

    def set_clock(self, offset):
        """Sets the wall clock of the boxes off by that, as '-2h'; at once,
        in a sandbox with --clock."""
        with open(f'{self.folder}/clock.new', 'w') as file:
            file.write(offset)
        os.rename(f'{self.folder}/clock.new', f'{self.folder}/clock')

    def convoyctl(self, *arguments, user='postgres'):
        """Runs convoyctl as an operator would; returns what it prints,
        raises SandboxError with what it said if it fails."""
        result = subprocess.run(
            [f'{BUILD}/plugin/convoyctl', '-c', f'{self.folder}/kannel.conf',
             '--user', user, *arguments], env=ENVIRONMENT, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if result.returncode:
            raise SandboxError(result.stdout.strip())
        return result.stdout

    def pids(self, name):
        return processes.find(os.path.realpath(self.folder), name)

    def log(self, name):
        """What NAME has written to its log, as text."""
        try:
            with open(f'{self.folder}/logs/{name}.log',
                      errors='replace') as file:
                return file.read()
        except FileNotFoundError:
            return ''

    def show_logs(self, lines=15):
        """Prints the end of each log as TAP comments."""
        for entry in sorted(os.listdir(f'{self.folder}/logs')):
            name = entry.removesuffix('.log')
            for line in self.log(name).splitlines()[-lines:]:
                print(f'# {name}: {line}')

    def idle(self, seconds=60):
        """Waits until the SMSC has nothing left to do and every group has
        ended; the journal is read up to then."""
        if hasattr(self, 'database'):
            wait_until(self.database.all_ended, seconds,
                       'every group has ended')
        self.smsc.idle(seconds)
        self.journal.read()


def read_env(folder):
    """The variables in the sandbox's env file."""
    with open(f'{folder}/env') as file:
        return {name: ''.join(shlex.split(value)) for name, value in
                (line.rstrip('\n').split('=', 1) for line in file)}
