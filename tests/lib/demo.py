"""The story of one push, told as it happens; tests/demo prepares and runs it.

A Push Initiator pushes a Service Indication that needs three short messages.
Shown are its answer, each segment on its way through the SMSC, what the phone
displays, decoded by a program that knows nothing of Kannel, and the result
notification. Exits 0 if the phone got what was pushed and the Push Initiator
heard so.
"""

import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import time

import push_initiator as pi
import wsp

TESTS = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
SANDBOX = f'{TESTS}/sandbox'
BUILD = os.environ.get('CONVOY_BUILD',
                       f'{os.path.dirname(TESTS)}/build/convoy')
RECEIVER = '+46701234567'
PATIENCE = 30       # seconds for everything after the answer

DOCUMENT = pi.service_indication(
    'http://www.example.com/timetable/stockholm/gothenburg/2030-05-17',
    'Your train to Gothenburg leaves at 17:36 from platform 11 instead of '
    'platform 4, nine minutes later than planned. The restaurant is in '
    'carriage 6. Passengers with reserved seats in carriage 2 find new seats '
    'in carriage 7.',
    si_id='timetable@example.com', action='signal-high',
    created='2030-05-17T15:00:00Z', si_expires='2030-05-17T18:00:00Z')

started = time.time()


def say(who, what, at=None):
    at = time.time() if at is None else at
    print(f'{at - started:7.3f} s  {who:9}  {what}', flush=True)


def fail(why):
    raise SystemExit(f'demo: {why}')


def sandbox(*arguments):
    subprocess.run([SANDBOX, *arguments], check=True,
                   stdout=subprocess.DEVNULL)


def read_env(folder):
    """The variables in the sandbox's env file."""
    text = subprocess.run(
        ['sh', '-c', 'set -a; . "$1"; env -0', 'sh', f'{folder}/env'],
        check=True, stdout=subprocess.PIPE, text=True).stdout
    return dict(item.split('=', 1) for item in text.split('\0') if item)


def push(url, notify_url):
    """Pushes DOCUMENT; the answer must be 1001."""
    push_id = f'demo-{os.getpid()}@pi.example.com'
    control = pi.push_message(push_id, RECEIVER, notify_url=notify_url)
    say('PI', f'pushes {len(DOCUMENT)} characters to {RECEIVER}, '
              f'push-id {push_id}:')
    print('\n' + DOCUMENT, flush=True)
    status, answer = pi.post(url, pi.multipart(control, DOCUMENT))
    code, desc = pi.response(answer)
    say('PPG', f'answers {code} {desc} (HTTP {status})')
    if code != 1001:
        fail('the push was not accepted')
    return push_id


def tell(event):
    """Says what the SMSC or the phone did, and when."""
    kind, at = event['ev'], event['t']
    part = f'{event.get("part", 1)} of {event.get("total", 1)}'
    if kind == 'submit':
        say('SMSC', f'gets segment {part} on link {event["link"]}, '
                    f'{event["length"]} octets, reference {event.get("ref")}',
            at)
    elif kind == 'answer':
        say('SMSC', f'answers segment {part}: status {event["status"]}, '
                    f'message id {event["message_id"]}', at)
    elif kind == 'part':
        say('phone', f'has segment {part}', at)
    elif kind == 'receipt':
        say('SMSC', f'receipt for message id {event["message_id"]}: '
                    f'{event["stat"]}', at)
    elif kind == 'display':
        say('phone', f'displays a message of {event["total"]} segments, '
                     f'{len(event["payload"]) // 2} octets', at)


def follow(journal, notifications):
    """Tells every event until the phone has displayed the push, every segment
    has its receipt and the PI has been notified; returns the payload displayed
    and the notification."""
    payload = notification = None
    receipts = 0
    segments = 1
    deadline = time.monotonic() + PATIENCE
    with open(journal) as file:
        while payload is None or receipts < segments or notification is None:
            if time.monotonic() > deadline:
                fail(f'waited {PATIENCE} s in vain; displayed: '
                     f'{payload is not None}, receipts: {receipts}, '
                     f'notified: {notification is not None}')
            line = file.readline()
            if not line:
                try:
                    notification = notifications.received.get(timeout=0.01)
                except queue.Empty:
                    pass
                continue
            event = json.loads(line)
            tell(event)
            if event['ev'] == 'receipt':
                receipts += 1
            elif event['ev'] == 'display':
                payload = bytes.fromhex(event['payload'])
                segments = event['total']
    return payload, notification


def check_document(payload):
    """Decodes what the phone displayed and compares it with DOCUMENT."""
    _, body = wsp.push_body(payload)
    decoded = wsp.decode_wbxml(body)
    say('wbxml2xml', f'decodes the {len(body)} octets of its body:')
    print('\n' + decoded.strip() + '\n')
    if not wsp.same_document(decoded, DOCUMENT):
        fail('this is not what was pushed')
    say('wbxml2xml', 'it is what was pushed')


def check_notification(notification, push_id):
    say('PI', f'is notified: push-id {notification["push-id"]}, '
              f'{notification["message-state"]}, code '
              f'{notification["code"]}, {notification.get("desc", "")}')
    if (notification['push-id'] != push_id or
            notification['message-state'] != 'delivered' or
            notification['code'] != '1000'):
        fail('this is not the result')


def show(folder, push_id):
    """Prints the push as an operator sees it."""
    subprocess.run([f'{BUILD}/plugin/convoyctl', '-c',
                    f'{folder}/kannel.conf', 'show', push_id], check=True)


def main():
    folder = tempfile.mkdtemp(prefix='convoy-demo-')
    notifications = pi.Notifications()
    try:
        say('demo', f'starts PostgreSQL, an SMSC, bearerbox, smsbox and '
                    f'wapbox in {folder}')
        sandbox('up', folder)
        env = read_env(folder)
        say('demo', 'all are up; two links are bound to the SMSC')
        push_id = push(env['PPG_URL'], notifications.url)
        payload, notification = follow(env['SMSC_JOURNAL'], notifications)
        check_document(payload)
        check_notification(notification, push_id)
        say('convoyctl', 'shows what is on record:')
        show(folder, push_id)
    finally:
        notifications.close()
        if os.path.exists(f'{folder}/sandbox.json'):
            sandbox('down', folder)
        shutil.rmtree(folder)
        say('demo', 'has stopped everything and removed the folder')
    return 0


if __name__ == '__main__':
    sys.exit(main())
