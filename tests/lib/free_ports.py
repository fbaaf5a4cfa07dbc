"""Free ports of 127.0.0.1 for the programs of a sandbox.

A port is surely taken only while its server listens: not before its start,
and not between its end and its next start. So each sandbox writes down which
ports are its own, and no other takes one of them as long as any process of
that sandbox runs.
"""

import fcntl
import json
import os
import random
import socket

import processes

# Not from the kernel's own range: one of those might be given to an outgoing
# connection before its server listens.
RANGE = 20000, 32000


def take(folder, names):
    """A port for each name; they are the sandbox's from now on."""
    with open(__file__) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        own = _of(folder)
        others = {port for other in processes.folders()
                  for port in _of(other)}
        ports = {}
        for name in names:
            ports[name] = _find(others | set(own) | set(ports.values()))
        # In one step, since a sandbox of another source tree may read it.
        with open(f'{folder}/ports.new', 'w') as file:
            json.dump(own + list(ports.values()), file)
        os.replace(f'{folder}/ports.new', f'{folder}/ports.json')
    return ports


def _of(folder):
    try:
        with open(f'{folder}/ports.json') as file:
            return json.load(file)
    except OSError:
        return []


def _find(taken):
    while True:
        port = random.randrange(*RANGE)
        if port not in taken:
            with socket.socket() as probe:
                try:
                    probe.bind(('127.0.0.1', port))
                    return port
                except OSError:
                    pass
