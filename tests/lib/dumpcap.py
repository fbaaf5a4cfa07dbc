"""Captures what goes over the loopback interface, for the time of a `with`
block. It needs root, or dumpcap with its capabilities."""

import os
import socket
import subprocess

from processes import wait_until

MARK_PORT = 9               # discard


def refused():
    """Why nothing can be captured here, in a line; None if it can."""
    done = subprocess.run(['dumpcap', '-q', '-i', 'lo', '-a', 'duration:0',
                           '-w', os.devnull], stderr=subprocess.PIPE,
                          text=True, check=False)
    return None if done.returncode == 0 \
        else done.stderr.strip().splitlines()[-1]


class Dumpcap:
    """Packets of these TCP ports, to the file: NAME.pcap or NAME.pcapng."""

    def __init__(self, path, *ports):
        self.path = path
        self.filter = ' or '.join(f'tcp port {port}' for port in ports)

    def __enter__(self):
        self._process = subprocess.Popen(
            ['dumpcap', '-q', '-i', 'lo', '-B', '64',
             '-P' if self.path.endswith('.pcap') else '-n', '-w', self.path,
             '-f', f'{self.filter} or udp port {MARK_PORT}'],
            stderr=subprocess.PIPE)
        said = b''
        for line in self._process.stderr:
            said += line
            if line.startswith(b'File:'):
                return self
        raise RuntimeError(said.decode())

    def catch_up(self):
        """Waits until all that was sent before is in the file."""
        mark = b'mark' + os.urandom(8).hex().encode()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(mark, ('127.0.0.1', MARK_PORT))
        wait_until(self._has(mark), 30, 'the capture is written')

    def _has(self, mark):
        def has():
            with open(self.path, 'rb') as file:
                return mark in file.read()
        return has

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(30)
        self._process.stderr.close()
