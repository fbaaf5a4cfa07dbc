"""The control socket of convoy-smsc (tests/smsc/README.md)."""

import json
import socket


class SmscControl:
    def __init__(self, path, folder):
        self.path, self.folder = path, folder

    def __call__(self, command, seconds=10):
        """Sends one command; returns its answer, which must be ok."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(seconds)
            client.connect(self.path)
            client.sendall(command.encode() + b'\n')
            answer = json.loads(client.makefile().readline())
        if not answer['ok']:
            raise ValueError(f'convoy-smsc: {command}: {answer["error"]}')
        return answer

    def plan(self, text):
        """Another plan of faults, from now on."""
        path = f'{self.folder}/smsc.plan'
        with open(path, 'w') as file:
            file.write(text)
        self(f'plan {path}')

    def stats(self):
        return self('stats')

    def idle(self, seconds=60):
        """Returns once no answer, delivery or receipt is outstanding."""
        self('idle', seconds)
