"""A private PostgreSQL: made in a folder, reached by a socket in it alone.

Clients in the sandbox are the superuser postgres (convoyctl, tests, people)
and the login role convoy (the boxes), as README.md tells an operator to set
it up.
"""

import contextlib
import glob
import os
import pwd
import re
import subprocess

from processes import Failure

PORT = 5432     # in the socket's name only: nothing listens on TCP


def _programs():
    """The folder of the newest PostgreSQL's programs."""
    folders = glob.glob('/usr/lib/postgresql/*/bin')
    if not folders:
        raise Failure('PostgreSQL is not installed')
    return max(folders, key=lambda path: int(re.findall(r'\d+', path)[0]))


def make(folder):
    """Makes the cluster in folder/postgres. Returns the argv and the user of
    its server, whose socket will be in `folder`/socket."""
    bin_folder = _programs()
    data, sockets = f'{folder}/postgres', f'{folder}/socket'
    if len(f'{sockets}/.s.PGSQL.{PORT}') > 107:
        raise Failure(f'{folder}: too long a path for a Unix socket in it')
    os.mkdir(data, 0o700)
    os.mkdir(sockets)
    user = None
    if os.geteuid() == 0:       # PostgreSQL refuses to run as root
        user = 'postgres'
        account = pwd.getpwnam(user)
        for path in data, sockets:
            os.chown(path, account.pw_uid, account.pw_gid)
    result = subprocess.run(
        [f'{bin_folder}/initdb', '-D', data, '-U', 'postgres', '-A', 'trust',
         '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'],
        user=user, cwd='/', stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        text=True)
    if result.returncode:
        raise Failure(f'initdb: {result.stderr.strip()}')
    return [f'{bin_folder}/postgres', '-D', data, '-k', sockets,
            '-p', str(PORT), '-c', 'listen_addresses='], user


def make_database(folder):
    """Makes the role and the database convoy, once the server runs."""
    result = subprocess.run(
        ['psql', '-q', '-h', f'{folder}/socket', '-U', 'postgres',
         '-v', 'ON_ERROR_STOP=1',
         '-c', 'CREATE ROLE convoy LOGIN',
         '-c', 'CREATE DATABASE convoy'],
        stderr=subprocess.PIPE, text=True)
    if result.returncode:
        raise Failure(f'psql: {result.stderr.strip()}')


def forget_dead(folder):
    """Removes the lock files that a killed server left. A server is no more
    in the way than a zombie, but PostgreSQL takes one for a live process
    until its parent, process 1, has noticed, which in a container may be
    never. Only to be called when no process of the cluster is left."""
    for path in 'postgres/postmaster.pid', f'socket/.s.PGSQL.{PORT}.lock':
        with contextlib.suppress(FileNotFoundError):
            os.remove(f'{folder}/{path}')
