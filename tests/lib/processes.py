"""The processes of a sandbox: start, find, signal, wait.

They outlive the command that starts them and do not stay its children: a
wapbox that has lost its bearerbox forks and executes itself, and every
PostgreSQL process makes a session of its own. So process ids, groups and
sessions cannot name them. What each of them keeps is

  - its environment: every program is started with SANDBOX_PROCESS=DIR/NAME;
  - for PostgreSQL, which overwrites its environment with its status, the
    program and its working directory, DIR/postgres or DIR/standby.

A process that is neither is none of ours and is never signalled.
"""

import os
import signal
import subprocess
import time

MARKER = 'SANDBOX_PROCESS'
CLUSTERS = 'postgres', 'standby'

LIB = os.path.dirname(os.path.realpath(__file__))

# Concerns only programs compiled with sanitizers.
SANITIZERS = {
    'LSAN_OPTIONS': f'suppressions={LIB}/lsan.supp',
    'TSAN_OPTIONS': f'suppressions={LIB}/tsan.supp:second_deadlock_stack=1'
                    ':history_size=4',
    'UBSAN_OPTIONS': 'print_stacktrace=1',
}


class Failure(Exception):
    """What the user reads, in one line."""


def start(folder, name, argv, user=None):
    """Starts argv as NAME of the sandbox in `folder`, in a session of its
    own, as `user` if given; its output is added to logs/NAME.log."""
    environment = {**os.environ, **SANITIZERS, MARKER: f'{folder}/{name}'}
    as_user = dict(user=user, group=user, extra_groups=[]) if user else {}
    with open(f'{folder}/logs/{name}.log', 'ab') as log:
        try:
            process = subprocess.Popen(
                argv, cwd=folder, env=environment, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, **as_user)
        except OSError as error:
            raise Failure(f'{argv[0]}: {error.strerror}') from None
    # Its environment shows a moment after its program has begun.
    wait_until(lambda: find(folder, name) or process.poll() is not None,
               10, name)


def _marker_of(pid):
    """(folder, NAME) of a process of a sandbox, or (None, None)."""
    with open(f'/proc/{pid}/environ', 'rb') as file:
        for variable in file.read().split(b'\0'):
            key, _, value = os.fsdecode(variable).partition('=')
            if key == MARKER:
                return os.path.split(value)
    return None, None


def _name_of(folder, pid):
    """The NAME that process `pid` has in this sandbox, or None."""
    try:
        found, name = _marker_of(pid)
        if found == folder:
            return name
        parent, name = os.path.split(os.readlink(f'/proc/{pid}/cwd'))
        if (parent == folder and name in CLUSTERS and
                os.readlink(f'/proc/{pid}/exe').endswith('/bin/postgres')):
            return name
    except OSError:     # it has ended, or belongs to somebody else
        pass
    return None


def _all():
    return [int(entry) for entry in os.listdir('/proc') if entry.isdigit()]


def folders():
    """The folders of all sandboxes of which anything runs."""
    found = set()
    for pid in _all():
        try:
            found.add(_marker_of(pid)[0])
        except OSError:
            pass
    return found - {None}


def find(folder, name=None):
    """The ids of all live processes of the sandbox, or of NAME in it."""
    pids = []
    for pid in _all():
        found = _name_of(folder, pid)
        if found and name in (None, found):
            pids.append(pid)
    return pids


def send(pids, signum):
    """Signals each process that is still there."""
    for pid in pids:
        try:
            os.kill(pid, signum)
        except ProcessLookupError:
            pass


def wait_until(condition, seconds, what):
    """Returns the first true value of condition(), which is tried every
    20 ms; raises Failure if there is none within `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failure(f'{what}: waited {seconds} s in vain')
        time.sleep(0.02)


def end(folder, name, signum, patience):
    """Signals NAME and waits until nothing of it is left; after `patience`
    seconds it is killed. Returns whether that was needed."""
    asked = main_processes(folder, name)
    send(asked, signum)
    send(asked, signal.SIGCONT)
    try:
        wait_until(lambda: not find(folder, name), patience, name)
        return False
    except Failure:
        def kill_again():
            left = find(folder, name)
            send(left, signal.SIGKILL)
            return not left
        wait_until(kill_again, 10, f'killing {name}')
        return True


def main_processes(folder, name):
    """The processes of NAME that take its signals: of PostgreSQL only the
    postmaster, of any other program all."""
    if name not in CLUSTERS:
        return find(folder, name)
    try:
        with open(f'{folder}/{name}/postmaster.pid') as file:
            postmaster = int(file.readline())
    except (OSError, ValueError):
        return []
    return [pid for pid in find(folder, name) if pid == postmaster]
