"""The faults of tests/chaos, one method each: what it does, for how long, and
how it ends. A method returns when its effect is over, with everything that it
touched sound or starting again.
"""

import contextlib
import re
import signal
import time
import urllib.parse
import urllib.request

import psycopg2
from networks import Network
from processes import wait_until
from stack import READY, is_ready

STOP = 25           # seconds within which a box must end in good order


class Faults:
    def __init__(self, run):
        self.run, self.box, self.stack = run, run.box, run.stack

    def perform(self, event):
        getattr(self, '_' + event.what.replace('-', '_'))(event)

    # --- processes ----------------------------------------------------------

    def _kill(self, event):
        self.run.end(event.target, signal.SIGKILL, 'kill', 10)
        time.sleep(event.lasts)
        self.run.launch(event.target)

    def _stop(self, event):
        self.run.end(event.target, signal.SIGTERM, 'stop', STOP)
        time.sleep(event.lasts)
        self.run.launch(event.target)

    def _freeze(self, event):
        self.run.signal_all(event.target, signal.SIGSTOP)
        try:
            time.sleep(event.lasts)
        finally:
            self.run.signal_all(event.target, signal.SIGCONT)

    def _crash(self, event):
        """PostgreSQL's immediate shutdown; as after a loss of power, its
        next start recovers from the log. That takes many seconds where the
        disk is busy, and nobody can connect before."""
        self.run.end('postgres', signal.SIGQUIT, 'kill', 10)
        time.sleep(event.lasts)
        self.run.launch('postgres')
        wait_until(lambda: is_ready(**self.stack.programs['postgres']
                                    ['ready']),
                   READY, 'postgres has not recovered')

    def _cut(self, event):
        network = Network(self.stack.folder, int(
            event.target.removeprefix('bearerbox') or 1))
        network.cut(event.detail)
        try:
            time.sleep(event.lasts)
        finally:
            network.heal(event.detail)

    # --- the database -------------------------------------------------------

    def _lock(self, event):
        """Somebody locks a table, as a careless ALTER does."""
        with contextlib.closing(psycopg2.connect(
                **self.box.database.where)) as connection:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '3s'")
                cursor.execute(f'LOCK TABLE convoy.{event.target} '
                               'IN ACCESS EXCLUSIVE MODE')
                time.sleep(event.lasts)

    # --- the operator -------------------------------------------------------

    def _admin(self, target, command):
        """A command of the admin interface of this bearerbox."""
        status = self.stack.programs[target]['ready']['status']
        where = urllib.parse.urlsplit(status)
        url = (f'http://{where.netloc}/{command}'
               f'{"&" if "?" in command else "?"}{where.query}')
        with urllib.request.urlopen(url, timeout=5) as page:
            return page.read().decode(errors='replace')

    def _suspend(self, event):
        self._between(event, event.what, 'resume')

    _isolate = _suspend

    def _stop_smsc(self, event):
        """A link that still waits for answers cannot start yet, and would
        stay down: an operator looks first."""
        def stopped():
            links = re.findall(r'SMPP:\S+ \((\S+)',
                               self._admin(event.target, 'status.txt'))
            return all(state.startswith('dead') for state in links)
        self._between(event, 'stop-smsc?smsc=smsc', 'start-smsc?smsc=smsc',
                      lambda: wait_until(stopped, STOP, 'the links stop'))

    def _between(self, event, command, undo, before_undo=lambda: None):
        said = self._admin(event.target, command)
        event.detail = re.sub(r'\s+', ' ', said)[:60]
        time.sleep(event.lasts)
        try:
            before_undo()
        finally:
            self._admin(event.target, undo)

    # --- the SMSC -----------------------------------------------------------

    def _drop(self, event):
        self._to_links('drop', event)

    def _unbind(self, event):
        self._to_links('unbind', event)

    def _to_links(self, command, event):
        links = [link['link'] for link in self.box.smsc('links')['links']]
        if event.detail == 'one' and links:
            self.box.smsc(f'{command} {links[event.number % len(links)]}')
        else:
            self.box.smsc(f'{command} all')

    def _pause(self, event):
        self.box.smsc('pause')
        time.sleep(event.lasts)
        self.box.smsc('resume')

    def _phones_off(self, event):
        self.box.smsc('phone off *[0-4]')
        time.sleep(event.lasts)
        self.box.smsc('phone on *')

    def _plan(self, event):
        self.box.smsc.plan(event.detail)
