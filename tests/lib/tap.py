"""Test Anything Protocol for one test file.

A test is a function that is given a Tap; run() calls it and turns whatever
happens, also an exception or a SIGTERM, into lines that prove understands.
"""

import signal
import sys
import traceback

EVIDENCE = 10       # lines shown of a list of violations


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def ok(self, passed, name, *evidence):
        """One result. The evidence, a line each, is shown if it failed."""
        self.count += 1
        self.failed += not passed
        print(f'{"ok" if passed else "not ok"} {self.count} - {name}',
              flush=True)
        if not passed:
            self.note(*evidence)
        return bool(passed)

    def equal(self, got, expected, name):
        return self.ok(got == expected, name,
                       f'got      {got!r}', f'expected {expected!r}')

    def none(self, violations, name):
        """Passes if the list of violations is empty."""
        violations = list(violations)
        shown = violations[:EVIDENCE]
        if len(violations) > EVIDENCE:
            shown.append(f'... {len(violations)} in all')
        return self.ok(not violations, name, *shown)

    def skip(self, name, why):
        """What cannot be tested on this machine, and why not."""
        self.ok(True, f'{name} # SKIP {why}')

    def note(self, *lines):
        for line in lines:
            for part in str(line).splitlines():
                print(f'# {part}', flush=True)


def run(test):
    """Runs test(tap), prints the plan and ends the process."""
    tap = Tap()

    def terminate(*_):
        raise SystemExit('terminated')
    signal.signal(signal.SIGTERM, terminate)
    try:
        test(tap)
    except BaseException as error:
        tap.ok(False, f'the test came to its end: {error!r}'.split('\n')[0],
               traceback.format_exc())
    print(f'1..{tap.count}', flush=True)
    sys.exit(tap.failed > 0)
