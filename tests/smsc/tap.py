"""Prints the Test Anything Protocol."""

import sys

count = 0
failures = 0


def ok(condition, name, depth=1):
    """Print whether a check held, and where it stands if it did not."""
    global count, failures
    count += 1
    print('%sok %d - %s' % ('' if condition else 'not ', count, name))
    if not condition:
        failures += 1
        frame = sys._getframe(depth)
        print('# at %s:%d' % (frame.f_code.co_filename, frame.f_lineno))
    return condition


def equal(got, wanted, name):
    """The same for two values, printing both if they differ."""
    if not ok(got == wanted, name, 2):
        print('#    got %r\n# wanted %r' % (got, wanted))


def note(text):
    print('# ' + text.rstrip().replace('\n', '\n# '))


def finish():
    """Print the plan; the exit code."""
    print('1..%d' % count)
    return 1 if failures else 0
