"""A private PostgreSQL: made in a folder, reached by a socket in it alone;
and a synchronous standby of it, beside it.

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

# In the socket's name only: nothing listens on TCP, but in a network of its
# own.
PORT, STANDBY_PORT = 5432, 5433


def _programs():
    """The folder of the newest PostgreSQL's programs."""
    folders = glob.glob('/usr/lib/postgresql/*/bin')
    if not folders:
        raise Failure('PostgreSQL is not installed')
    return max(folders, key=lambda path: int(re.findall(r'\d+', path)[0]))


def make(folder, network=False):
    """Makes the cluster in folder/postgres. Returns the argv and the user of
    its server, whose socket will be in `folder`/socket; it also listens on
    TCP if there is a `network` of the sandbox's own."""
    bin_folder = _programs()
    data, sockets = f'{folder}/postgres', f'{folder}/socket'
    if len(f'{sockets}/.s.PGSQL.{PORT}') > 107:
        raise Failure(f'{folder}: too long a path for a Unix socket in it')
    _make_folder(data)
    _make_folder(sockets, 0o755)
    _run([f'{bin_folder}/initdb', '-D', data, '-U', 'postgres', '-A', 'trust',
          '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'])
    argv = _server(bin_folder, data, sockets, PORT)
    if network:
        with open(f'{data}/pg_hba.conf', 'a') as file:
            file.write('host all all 10.0.0.0/8 trust\n')
        argv += ['-c', 'listen_addresses=*']
    return argv, _user()


def make_standby(folder):
    """Copies the running cluster to folder/standby and makes the primary wait
    for it at each commit. Returns the argv and the user of its server."""
    bin_folder = _programs()
    data, sockets = f'{folder}/standby', f'{folder}/socket'
    _make_folder(data)
    _run([f'{bin_folder}/pg_basebackup', '-D', data, '-h', sockets,
          '-p', str(PORT), '-U', 'postgres', '-R', '--no-sync',
          '--checkpoint=fast'])
    for statement in ("ALTER SYSTEM SET synchronous_standby_names = '*'",
                      'SELECT pg_reload_conf()'):
        _run(['psql', '-q', '-h', sockets, '-p', str(PORT), '-U', 'postgres',
              '-c', statement])
    return _server(bin_folder, data, sockets, STANDBY_PORT), _user()


def _server(bin_folder, data, sockets, port):
    return [f'{bin_folder}/postgres', '-D', data, '-k', sockets,
            '-p', str(port), '-c', 'listen_addresses=']


def _user():
    """PostgreSQL refuses to run as root."""
    return 'postgres' if os.geteuid() == 0 else None


def _make_folder(path, mode=0o700):
    os.mkdir(path, mode)
    if _user():
        account = pwd.getpwnam(_user())
        os.chown(path, account.pw_uid, account.pw_gid)


def _run(argv):
    """Runs a program of PostgreSQL as the server's user."""
    result = subprocess.run(argv, user=_user(), cwd='/', text=True,
                            stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE)
    if result.returncode:
        raise Failure(f'{os.path.basename(argv[0])}: '
                      f'{result.stderr.strip()}')


def make_database(folder):
    """Makes the role and the database convoy, once the server runs."""
    _run(['psql', '-q', '-h', f'{folder}/socket', '-p', str(PORT),
          '-U', 'postgres', '-v', 'ON_ERROR_STOP=1',
          '-c', 'CREATE ROLE convoy LOGIN',
          '-c', 'CREATE DATABASE convoy'])


def forget_dead(folder, name):
    """Removes the lock files that a killed server, `postgres` or `standby`,
    left. A server is no more
    in the way than a zombie, but PostgreSQL takes one for a live process
    until its parent, process 1, has noticed, which in a container may be
    never. Only to be called when no process of the cluster is left."""
    port = PORT if name == 'postgres' else STANDBY_PORT
    for path in f'{name}/postmaster.pid', f'socket/.s.PGSQL.{port}.lock':
        with contextlib.suppress(FileNotFoundError):
            os.remove(f'{folder}/{path}')
