"""What convoy-trace capture makes of a capture, for a test."""

import datetime
import json
import os
import subprocess
import tempfile

import dialogue
from packets import BEGIN, captured, pcap
from traces import PROGRAM, convoy_trace

PORTS = ['--ppg', str(dialogue.PPG), '--smpp', str(dialogue.SMPP),
         '--pi', str(dialogue.PI)]


def capture(octets, *options, name='capture.pcap'):
    """(records without the first line, lines of standard error, exit status)
    for the octets of a file. Times count from packets.BEGIN."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, name)
        with open(path, 'wb') as file:
            file.write(octets)
        done = subprocess.run(
            [PROGRAM, 'capture', '--no-pseudonyms', *(options or PORTS), path],
            capture_output=True, check=False)
    trace = done.stdout.decode()
    checked = convoy_trace('check', '-', text=trace)
    if trace and checked.returncode:
        raise ValueError(checked.stderr)
    return (records_of(trace),
            done.stderr.decode().replace(folder + '/', '').splitlines(),
            done.returncode)


def records_of(trace):
    if not trace:
        return []
    first, *records = map(json.loads, trace.splitlines())
    begin = datetime.datetime.fromisoformat(
        first['begin'].replace('Z', '+00:00')).timestamp()
    for record in records:
        record['t'] += round((begin - BEGIN) * 1e6)
    return records


def of_packets(packets):
    return capture(pcap(captured(packets)))


def without_times(records):
    return [{key: value for key, value in record.items() if key != 't'}
            for record in records]


def _same(record, other, late):
    """Whether a record says nothing but what the other, true one does. How
    often something was tried and which link it took depends on what else was
    captured, and when a link was found to be up. That octets are missing is
    seen with a packet behind them: so many microseconds late."""
    ignored = {'attempt', 'first', 'link', 't'}
    return (record['ev'] == 'link' or 0 <= record['t'] - other['t'] <= late) \
        and all(other.get(key) == value for key, value in record.items()
               if key not in ignored)


def invented(records, true, late=1000):
    """The records that are not so, by those of the whole capture. Numbers may
    differ: what they stand for is found by its contents."""
    numbers, found = {}, []
    for record in records:
        record = dict(record)
        for name in ('push', 'submit', 'notification'):
            number = record.pop(name, None)
            if name == record['ev']:
                own = (name, number)
            elif number:
                record[name] = numbers.get((name, number))
        same = sorted((one for one in true if _same(record, one, late)),
                      key=lambda one: record['t'] - one['t'])
        if not same:
            found.append(json.dumps(record))
        elif record['ev'] in ('push', 'submit', 'notification'):
            numbers[own] = same[0][record['ev']]
    return found
