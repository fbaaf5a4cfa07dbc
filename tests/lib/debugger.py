"""Kills a process with SIGKILL at a chosen place in its code, by gdb: nothing
has to be compiled in for that, so what dies is what operators run."""

import subprocess

from processes import Failure

SECONDS = 60


class KillAt:
    """Armed as soon as it exists: process `pid` will be killed when it enters
    `function` for the time number `hits`."""

    def __init__(self, pid, function, hits):
        self.where = f'{function}() of process {pid}, hit {hits}'
        self._gdb = subprocess.Popen(
            ['gdb', '-q', '-nx', '-batch', '-p', str(pid),
             '-ex', 'handle all nostop noprint pass',
             '-ex', f'break {function}', '-ex', f'ignore 1 {hits - 1}',
             '-ex', 'echo armed\\n', '-ex', 'continue', '-ex', 'kill'],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        self.said = []
        for line in self._gdb.stdout:
            self.said.append(line)
            if line.strip() == 'armed':
                return
        raise Failure(f'gdb: {self.where}: {"".join(self.said[-3:])}')

    def wait(self):
        """Returns when the process has been killed there."""
        try:
            self.said += self._gdb.communicate(timeout=SECONDS)[0].splitlines()
        except subprocess.TimeoutExpired:
            self._gdb.kill()
            raise Failure(f'{self.where}: never reached') from None
        if not any('hit Breakpoint 1' in line for line in self.said):
            raise Failure(f'{self.where}: {self.said[-3:]}')
