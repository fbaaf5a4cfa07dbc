"""A network namespace for each bearerbox of a sandbox, joined to the sandbox's
own by three cables: to the database, to the SMSC, and for everything else. To
cut a cable is to give both ends a wrong address of the other: packets vanish
without a word, as behind a dead router, and connections stay open.

All of it lives in a namespace that whoever runs the sandbox has made (see
in_own_network), and is gone with its last process. It needs root, a kernel
that lets it (some containers do not) and iproute2.
"""

import os
import subprocess
import sys

import processes

CABLES = 'db', 'smsc', 'rest'
NOWHERE = '02:00:00:00:00:01'
MARK = 'CONVOY_OWN_NETWORK'


def refused():
    """Why no such networks can be made here, in a line; None if they can."""
    if os.geteuid():
        return 'only root can make network namespaces'
    tried = subprocess.run(
        ['unshare', '--net', 'ip', 'link', 'add', 'end0', 'type', 'veth',
         'peer', 'name', 'end1'], text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    return ' '.join(tried.stdout.split()) if tried.returncode else None


def in_own_network(*arguments):
    """Starts this program anew, with these arguments, in a network of its
    own, unless it is in one."""
    if os.environ.get(MARK):
        return
    os.environ[MARK] = '1'
    os.execvp('unshare', [
        'unshare', '--net', 'sh', '-c', 'ip link set lo up && exec "$@"',
        'sh', sys.executable, '-B', *(arguments or sys.argv)])


def _ip(*arguments, of=None):
    """Runs ip in our namespace, or in that of process `of`."""
    enter = ['nsenter', '-t', str(of), '-n'] if of else []
    done = subprocess.run([*enter, 'ip', *arguments], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise processes.Failure(f'ip {" ".join(arguments)}: '
                                f'{done.stdout.strip()}')


class Network:
    """That of the bearerbox with this number in this sandbox. The program
    network, network2, ... keeps it."""

    def __init__(self, folder, number):
        self.folder, self.number = folder, number
        self.name = f'network{number if number > 1 else ""}'

    @property
    def _pid(self):
        return processes.find(self.folder, self.name)[0]

    def here(self, cable):
        """Our address on this cable."""
        return f'10.{CABLES.index(cable)}.{self.number}.1'

    def there(self, cable):
        """The bearerbox's."""
        return f'10.{CABLES.index(cable)}.{self.number}.2'

    def make(self, stack):
        """Makes it; returns the beginning of a command that runs in it."""
        stack.add(self.name, ['unshare', '--net', 'sleep', 'infinity'])
        stack.start(self.name)
        processes.wait_until(
            lambda: os.readlink(f'/proc/{self._pid}/ns/net') !=
            os.readlink('/proc/self/ns/net'), 10, self.name)
        pid = self._pid
        _ip('link', 'set', 'lo', 'up', of=pid)
        for cable in CABLES:
            end = f'{cable}{self.number}'
            _ip('link', 'add', end, 'type', 'veth', 'peer', 'name', cable,
                'netns', str(pid))
            for address, device, of in ((self.here(cable), end, None),
                                        (self.there(cable), cable, pid)):
                _ip('address', 'add', f'{address}/24', 'dev', device, of=of)
                _ip('link', 'set', device, 'up', of=of)
        return ['nsenter', '-t', str(pid), '-n']

    def _each_end(self, cable, *change):
        _ip('neigh', change[0], self.there(cable), *change[1:], 'dev',
            f'{cable}{self.number}')
        _ip('neigh', change[0], self.here(cable), *change[1:], 'dev', cable,
            of=self._pid)

    def cut(self, cable):
        self._each_end(cable, 'replace', 'lladdr', NOWHERE, 'nud',
                       'permanent')

    def heal(self, cable):
        self._each_end(cable, 'del')

    def repeats(self):
        """How many TCP segments were sent again from in there: those that
        a cut cable swallowed, for one."""
        with open(f'/proc/{self._pid}/net/snmp') as file:
            names, values = (line.split() for line in file
                             if line.startswith('Tcp:'))
        return int(values[names.index('RetransSegs')])
