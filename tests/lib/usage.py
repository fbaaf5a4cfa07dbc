"""CPU time and memory of the programs of a sandbox, from /proc."""

import os
import re
import threading

TICKS = os.sysconf('SC_CLK_TCK')
MIB = 1 << 20


def _read(pid, name):
    try:
        with open(f'/proc/{pid}/{name}') as file:
            return file.read()
    except OSError:         # it has ended
        return ''


def cpu_seconds(pids):
    """User and system time of these processes and of their children that
    have ended (PostgreSQL's workers come and go)."""
    total = 0
    for pid in pids:
        fields = _read(pid, 'stat').rpartition(')')[2].split()
        total += sum(map(int, fields[11:15]))
    return total / TICKS


def memory(pid, field):
    """A line of /proc/PID/status or smaps_rollup in octets: VmHWM (peak),
    VmRSS, RssAnon (its own, not shared), Pss (its share of what is)."""
    text = _read(pid, 'smaps_rollup' if field == 'Pss' else 'status')
    found = re.search(rf'^{field}:\s*(\d+) kB', text, re.M)
    return int(found[1]) << 10 if found else 0


def begin_peak(pid):
    """Its VmHWM counts from now on; returns it."""
    with open(f'/proc/{pid}/clear_refs', 'w') as file:
        file.write('5')
    return memory(pid, 'VmHWM')


class PeakPss:
    """The highest sum of PSS of some processes, looked at twice a second for
    the time of a `with` block."""

    def __init__(self, pids):
        self.pids, self.peak = pids, 0
        self._end = threading.Event()

    def _watch(self):
        while True:
            self.peak = max(self.peak, sum(memory(pid, 'Pss')
                                           for pid in self.pids()))
            if self._end.wait(0.5):
                return

    def __enter__(self):
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()
