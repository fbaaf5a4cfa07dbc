"""How fast results are notified, beside how fast pushes are answered, in one
run: bench.py --notify. The Push Initiator is http_sink.c; the results are put
into the queue of notifications by SQL, and are due at once. It fails if
results are the slower ones.
"""

import os
import subprocess
import time

import free_ports
import usage
from convoytest import Sandbox, wait_until

SOURCE = f'{os.path.dirname(os.path.realpath(__file__))}/http_sink.c'

QUEUE = '''
INSERT INTO convoy.notification (id, due_at, accepted_at, event_at, code,
    state, cause, url, pi, push_id, address, qos)
SELECT 1000000000 + i, clock_timestamp(), clock_timestamp(),
       clock_timestamp(), 1000, 5, 'every segment delivered', %s, '',
       'notified-' || i || '@pi.example.com',
       'WAPPUSH=+467' || lpad(i::text, 8, '0') || '/TYPE=PLMN@ppg', NULL
FROM generate_series(%s, %s) i'''


class Sink:
    def __init__(self, folder):
        self.port = free_ports.take(folder, ['SINK'])['SINK']
        program = f'{folder}/http_sink'
        subprocess.run(['cc', '-O2', '-o', program, SOURCE], check=True)
        self.process = subprocess.Popen(
            [program, str(self.port)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)

    def taken(self):
        """Ends it."""
        output, _ = self.process.communicate()
        return int(output)


# By an index: what is dead is not read again and again.
LEFT = ('SELECT count(*) FROM (SELECT FROM convoy.notification'
        ' ORDER BY id LIMIT 1) n')


def notify(box, url, first, count):
    """Queues notifications; returns in how many seconds from then on all are
    acknowledged."""
    box.database.rows(QUEUE, url, first, first + count - 1)
    begun = time.monotonic()
    box.database.value('SELECT convoy.result_wake()')
    wait_until(lambda: not box.database.value(LEFT), 120, 'all are notified')
    return time.monotonic() - begun


def measure(load_of, seconds, connections):
    """Prints both rates and their ratio; `load_of` makes a bench.Load."""
    with Sandbox() as box:
        sink = Sink(box.folder)
        url = f'http://127.0.0.1:{sink.port}/result'
        load = load_of(box, connections)
        load.run(1)                                     # warm
        notify(box, url, 0, 1000)
        report = load.run(seconds)
        answered = report['accepted'] / report['seconds']
        wait_until(box.database.all_ended, 300, 'all has ended')

        count = int(answered * seconds)
        before = {who: usage.cpu_seconds(box.pids(who))
                  for who in ('wapbox', 'postgres')}
        took = notify(box, url, 1000, count)
        notified, taken = count / took, sink.taken()
        print(f'{answered:.0f} pushes/s answered, {notified:.0f} results/s '
              f'notified: {notified / answered:.2f}')
        for who, cpu in before.items():
            used = usage.cpu_seconds(box.pids(who)) - cpu
            print(f'  {who}: {used / count * 1e6:.0f} us of CPU a result, '
                  f'{100 * used / took:.0f} % of a core')
        if taken < count + 1000:
            print(f'  only {taken} of {count + 1000} were taken')
            return 1
        return int(notified < answered)
