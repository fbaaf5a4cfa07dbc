"""The programs of one sandbox: what they are, when they are ready, their
order. DIR/sandbox.json keeps it, so that a later command can go on."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request

import cluster
import processes
from processes import Failure

# Seconds within which a program gets ready, and ends when asked to.
READY = 30
PATIENCE = 30

# A sanitizer's report has this in its first line; so much of it is shown.
FINDING = re.compile(r'(ERROR|WARNING): \w+Sanitizer|runtime error:')
FINDING_MAX = 12000

# How each is asked to end. A plain TERM makes PostgreSQL wait for its
# clients; smsbox, which is not under test, sleeps through one while it waits
# for a bearerbox.
END = {'postgres': signal.SIGINT, 'standby': signal.SIGINT,
       'smsbox': signal.SIGKILL}


class Stack:
    """`programs`: for each NAME, in the order of their start, its argv, its
    user (None: ours) and the arguments of is_ready()."""

    def __init__(self, folder):
        self.folder = os.path.realpath(folder)
        self.file = f'{self.folder}/sandbox.json'
        self.programs = {}

    @classmethod
    def load(cls, folder):
        stack = cls(folder)
        try:
            with open(stack.file) as file:
                stack.programs = json.load(file)
        except OSError:
            raise Failure(f'{folder} is not a sandbox') from None
        return stack

    def add(self, name, argv, user=None, **ready):
        self.programs[name] = dict(argv=argv, user=user, ready=ready)
        with open(self.file, 'w') as file:
            json.dump(self.programs, file, indent=2)

    def check(self, name):
        if name not in self.programs:
            raise Failure(f'no {name} here, only ' + ', '.join(self.programs))

    def launch(self, name):
        """Starts NAME, whether it will get ready or not."""
        self.check(name)
        if processes.find(self.folder, name):
            raise Failure(f'{name} is running')
        if name in processes.CLUSTERS:
            cluster.forget_dead(self.folder, name)
        program = self.programs[name]
        processes.start(self.folder, name, program['argv'], program['user'])

    def start(self, name):
        """Starts NAME and waits until it is ready."""
        self.launch(name)
        program = self.programs[name]

        def gone():
            return not processes.find(self.folder, name)
        processes.wait_until(lambda: is_ready(**program['ready']) or gone(),
                             READY, f'{name} is not ready')
        if gone():
            raise Failure(f'{name} has ended: {self.last_line(name)}')

    def last_line(self, name):
        path = f'{self.folder}/logs/{name}.log'
        with open(path, errors='replace') as file:
            lines = [line.strip() for line in file if line.strip()]
        return f'{lines[-1]} ({path})' if lines else f'{path} is empty'

    def down(self):
        """Stops everything; says on stderr what had to be killed. Raises
        Failure if a sanitizer has found something in one of them, and shows
        that on stderr: the logs may not stay."""
        for name in reversed(list(self.programs)):
            if processes.end(self.folder, name, end_signal(name), PATIENCE):
                print(f'sandbox: {name} did not stop within {PATIENCE} s '
                      'and was killed', file=sys.stderr)
        for name in self.programs:
            path = f'{self.folder}/logs/{name}.log'
            with open(path, errors='replace') as file:
                log = file.read()
            found = FINDING.search(log)
            if found:
                report = log[log.rfind('\n', 0, found.start()) + 1:]
                print(report[:FINDING_MAX], file=sys.stderr)
                raise Failure(f'{name}: {report.splitlines()[0]} ({path})')


def end_signal(name):
    return END.get(name, signal.SIGTERM)


def is_ready(port=None, unix=None, postgres=None, status=None, holds='',
             times=1):
    """True if 127.0.0.1:port and the Unix socket `unix` accept a connection,
    PostgreSQL one in `postgres`, (folder, port) of its socket, and the page
    `status` holds the expression `holds` so many times; what is None is not
    asked."""
    try:
        if port:
            socket.create_connection(('127.0.0.1', port), 1).close()
        if unix:
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(unix)
        if postgres:
            subprocess.run(['pg_isready', '-q', '-U', 'postgres', '-h',
                            postgres[0], '-p', str(postgres[1])], check=True)
        if status:
            with urllib.request.urlopen(status, timeout=1) as page:
                text = page.read().decode(errors='replace')
            return len(re.findall(holds, text)) >= times
        return True
    except (OSError, subprocess.CalledProcessError):
        return False
