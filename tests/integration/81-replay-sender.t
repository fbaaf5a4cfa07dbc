#!/usr/bin/python3 -B
"""convoy-replay sends when pushes are due, whether the PPG answers or not, and
counts what is late; it calls nobody who was recorded, and answers
notifications as they were; Ctrl-C ends the sending only; and it pushes to
nothing but a sandbox unless told so in full."""

import http.client
import http.server
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

import replay_run                                           # noqa: E402
from convoytest import Sandbox, pushes, run, wait_until     # noqa: E402
from replays import written                                 # noqa: E402
from traces import convoy_trace                             # noqa: E402

PUSHES, SPREAD = 60, 1.5        # seconds
STILL = 2.5                     # seconds for which wapbox stands still


def told(numbers, statuses, at=2000000):
    """A notification of each of these pushes that was answered so."""
    for count, number in enumerate(numbers, 1):
        yield {'ev': 'notification', 't': at, 'notification': count,
               'push': number}
        yield {'ev': 'notification_answer', 't': at, 'notification': count,
               'http': statuses[count - 1]}


class Replay:
    """convoy-replay at work; `events` are what it wrote when it has ended."""

    def __init__(self, box, trace, *options):
        self.out = f'{trace}.out'
        self.sender = replay_run.Sender(
            ['--sandbox', box.folder, *options], trace, self.out, '1')

    def all_sent(self, seconds=60):
        wait_until(self.sender.is_done, seconds, 'every push is answered')
        return self.sender.sent

    def events(self, kind):
        with open(self.out) as file:
            found = [json.loads(line) for line in file
                     if line.endswith('\n')]
        return [event for event in found if event['ev'] == kind]

    def answers(self):
        """The codes that pushes were answered with, each once."""
        return {re.search('code="([0-9]*)"', event['document'])[1]
                for event in self.events('push')}


def replay_while_still(box, trace, *options):
    """A Replay in whose first STILL seconds the PPG does nothing at all."""
    box.kill('wapbox', 'STOP')
    replay = Replay(box, trace, *options)
    wait_until(lambda: replay.events('begin'), 30, 'the replay begins')
    end = replay.events('begin')[0]['t'] + STILL
    time.sleep(max(0, end - time.time()))
    box.kill('wapbox', 'CONT')
    return replay


def sandbox_of(folder, **env):
    """A folder that names these, as that of a sandbox does; its path."""
    os.makedirs(folder)
    with open(f'{folder}/env', 'w') as file:
        file.writelines(f'{name}={value}\n' for name, value in env.items())
    return folder


def of_another_smsc(tap, folder, trace):
    """Pushes to its PPG would reach phones."""
    url = 'http://127.0.0.1:9/'
    for name, env in (
            ('no simulator', {}),
            ('one that is not there', {'SMSC_CONTROL': f'{folder}/gone'})):
        sandbox = sandbox_of(f'{folder}/{name}', PPG_URL=url, **env)
        said = subprocess.run([replay_run.PROGRAM, '--sandbox', sandbox,
                               trace], capture_output=True, text=True)
        tap.ok(said.returncode == 1 and said.stdout == ''
               and said.stderr.count('\n') == 1
               and 'SMSC_CONTROL' in said.stderr,
               f'{name}: this is no sandbox, in a line', said)


def not_a_sandbox(tap, box, trace):
    said = subprocess.run([replay_run.PROGRAM, '--ppg', box.env['PPG_URL'],
                           trace], capture_output=True, text=True)
    tap.equal((said.returncode, said.stdout), (1, ''),
              'what is no sandbox is not pushed to')
    tap.ok('--messages-may-reach-real-phones' in said.stderr,
           'unless one says so in full', said.stderr)
    tap.equal(box.smsc.stats()['submits'], 0, 'nothing left')


def open_loop(tap, box, notify_url):
    some = pushes.make(
        PUSHES, 2, deliver_before_timestamp='2020-01-01T01:00:00Z')
    trace = written(box.folder, 'open', some, notify_url, SPREAD,
                    told([1, 2, 3], [503, 'none', 503]))
    replay = replay_while_still(box, trace)
    sent = replay.all_sent()
    begin = replay.events('begin')[0]['t']
    events = replay.events('push')
    # After a while without a commit the answer is 4001: not known.
    tap.ok(len(events) == PUSHES and replay.answers() <= {'1001', '4001'},
           'none is refused, although its deliver-before was over',
           replay.answers())
    tap.ok(max(event['t'] for event in events) < begin + STILL
           and sent['late_max_us'] < 1e6,
           'all leave in time while the PPG answers none', sent)
    tap.ok(max(event['answered'] - event['t'] for event in events) > 1,
           'and it did answer none')
    wait_until(lambda: box.database.all_ended() and
               not box.database.notifications(), 60, 'all are notified')
    replay.sender.end()
    told_of = {}
    for event in replay.events('notification'):
        told_of.setdefault(event['push'], []).append(event['http'])
    tap.equal([told_of[number] for number in (1, 2, 3, 4)],
              [[503, 202], [None, 202], [503, 202], [202]],
              'notifications are answered as they were recorded')
    tap.equal(len(told_of), len(box.database.results()),
              'and every push that was stored has one')


def late(tap, box, notify_url):
    trace = written(box.folder, 'late', pushes.make(PUSHES, 1), notify_url,
                    SPREAD)
    replay = replay_while_still(box, trace, '--connections', '3')
    sent = replay.all_sent()
    tap.ok(sent['sent'] == PUSHES and sent['late_max_us'] > 1e6,
           'without a free connection pushes are late, and counted', sent)
    replay.sender.end()


def interrupted(tap, box, notify_url):
    trace = written(box.folder, 'long', pushes.make(PUSHES, 1), notify_url,
                    120)
    replay = Replay(box, trace)
    wait_until(lambda: replay.events('push'), 30, 'a push is answered')
    replay.sender.process.send_signal(signal.SIGINT)
    sent = replay.all_sent(20)
    tap.ok(sent['interrupted'] and 0 < sent['sent'] < PUSHES,
           'Ctrl-C stops the sending', sent)
    wait_until(lambda: len(replay.events('notification')) >= sent['sent'],
               30, 'what was sent is notified')
    replay.sender.process.send_signal(signal.SIGINT)
    tap.equal(replay.sender.process.wait(10), 0, 'the second one ends it')


def withheld(tap, box, notify_url):
    some = pushes.make(2, 1)
    trace = written(box.folder, 'obscure', some, notify_url, SPREAD)
    with open(trace) as file:
        text = file.read().replace('<pap>', '<!DOCTYPE pap [<!ATTLIST push-'
                                   'message ppg-notify-requested-to CDATA '
                                   f"'{notify_url}'>]><pap>", 1)
    with open(trace, 'w') as file:
        file.write(text)
    tap.equal(convoy_trace('check', trace).returncode, 0, 'a good trace')
    replay = Replay(box, trace)
    sent = replay.all_sent()
    tap.equal((sent['sent'], sent['withheld']), (1, 1),
              'a push that hides where it is notified is not sent')
    replay.sender.end()


class ReportingPpg(http.server.BaseHTTPRequestHandler):
    """Reports to X-Kannel-DLR-Url, as smsbox does, then sends a result, before
    it answers the push; `answers` are those that it got, `routes` the values
    of X-Kannel-SMSC."""
    answers, routes = [], []

    def do_POST(self):
        self.rfile.read(int(self.headers['Content-Length']))
        self.routes.append(self.headers['X-Kannel-SMSC'])
        where = urllib.parse.urlsplit(self.headers['X-Kannel-DLR-Url'])
        for method, document in ('GET', None), ('POST', '<pap/>'):
            talk = http.client.HTTPConnection(where.netloc)
            talk.request(method, where.path, document)
            self.answers.append(talk.getresponse().status)
            talk.close()
        self.send_response(202)
        self.send_header('Content-Length', '0')
        self.end_headers()

    def log_message(self, *_):
        pass


def reported(tap, folder):
    """A report is none of the notifications that were recorded, and a sandbox
    has none of the recorded routes."""
    trace = written(folder, 'reports', pushes.make(1, 1), None, 0,
                    told([1], [503]))
    with open(trace) as file:
        text = file.read().replace(
            '["Content-Length"', '["X-Kannel-SMSC","operator"],'
            '["X-Kannel-DLR-Url"')
    with open(trace, 'w') as file:
        file.write(text)
    with http.server.HTTPServer(('127.0.0.1', 0), ReportingPpg) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f'http://127.0.0.1:{server.server_port}/'
        out = f'{trace}.out'
        with socket.socket(socket.AF_UNIX) as control:
            control.bind(f'{folder}/control')
            control.listen()
            sandbox = sandbox_of(f'{folder}/with-smsc', PPG_URL=url,
                                 SMSC_CONTROL=f'{folder}/control')
            for where in (['--sandbox', sandbox], [
                    '--ppg', url, '--messages-may-reach-real-phones']):
                sender = replay_run.Sender(where, trace, out, '1')
                wait_until(sender.is_done, 30, 'the push is answered')
                sender.end()
        server.shutdown()
    tap.equal(ReportingPpg.routes, [None, 'operator'],
              'only what is no sandbox gets the recorded route')
    tap.equal(ReportingPpg.answers, [202, 503] * 2,
              'a report is taken, and leaves the recorded refusal to a result')
    with open(out) as file:
        found = [event for event in map(json.loads, file)
                 if event['ev'] == 'notification']
    tap.equal([event['document'] for event in found], ['<pap/>'],
              'only the result is a notification')


def called(listener):
    """Has anybody connected?"""
    try:
        listener.accept()
        return True
    except BlockingIOError:
        return False


def test(tap):
    with Sandbox() as box, \
            socket.create_server(('127.0.0.1', 0)) as recorded:
        recorded.setblocking(False)
        url = f'http://127.0.0.1:{recorded.getsockname()[1]}/result'
        trace = written(box.folder, 'refused', pushes.make(1, 1), None,
                        SPREAD)
        not_a_sandbox(tap, box, trace)
        of_another_smsc(tap, box.folder, trace)
        open_loop(tap, box, url)
        late(tap, box, url)
        interrupted(tap, box, url)
        withheld(tap, box, url)
        reported(tap, box.folder)
        box.idle()
        tap.ok(not called(recorded), 'who was recorded is never called')


run(test)
