"""What both gateways of a comparison meet: the SMSC's faults at a level, and
when which phones are off.

A level of f % says how much of what the SMSC does with a submit goes wrong;
SHARES parts it. The SMSC draws by (seed, receiver, segment, attempt), so both
sides meet the same. Refusals for good are drawn for the first submit of a
segment only: a gateway that repeats more often must not meet more of them.
"""

import pushes

# Seconds after which a phone forgets the parts of an incomplete message.
PHONE_WINDOW = 60

# Of a fault: how often in a hundred, and the rule of the plan that makes it.
SHARES = [
    (40, 'status 0x58 {}%'),                    # throttled
    (25, 'status 0x08 {}%'),                    # system error
    (8, 'noanswer {}%'),                        # taken, yet not answered
    (7, 'noanswer-lost {}%'),                   # neither
    (5, 'late 12s..15s {}%'),                   # answered late
    (5, 'receipt EXPIRED {}% after 100ms..2s'),     # accepted, then lost
    (5, 'attempt=1 status 0x0b {}%'),               # refused for good
    (5, 'attempt=1 receipt UNDELIV {}% after 100ms..2s')]   # the same, later
# What is no fault, but as it is: an SMSC answers within some milliseconds, a
# message is at the phone some seconds later, and some receipts take a while.
USUAL = '''
delay 5ms..40ms
deliver 500ms..3s
receipt DELIVRD 5% after 5s..30s
receipt DELIVRD after 50ms..500ms
'''
PERMANENT_STATUS, PERMANENT_STATE = 0x0b, 'UNDELIV'

# A tenth of the phones each: when they are off, in parts of the time over
# which the pushes are spread, from its begin. All other phones are on.
OFF = {'+46701': [(0.1, 0.3), (0.6, 0.7)], '+46702': [(0.2, 1.2)]}
ALWAYS_ON = '+46700'
LAST_OFF = max(end for windows in OFF.values() for _, end in windows)


def faults(level, spread):
    """The SMSC's plan for a level of so many percent."""
    rules = [rule.format(f'{level * share / 100:g}')
             for share, rule in SHARES]
    rules += [f'receiver={prefix[1:]}* phone-off '
              f'{begin * spread * 1000:.0f}ms..{end * spread * 1000:.0f}ms'
              for prefix, windows in OFF.items() for begin, end in windows]
    return '\n'.join(rules) + USUAL


def make_pushes(count):
    """Pushes of three segments, a phone for each; the same phones in the
    same order whenever it is called."""
    prefixes = [*OFF] + [ALWAYS_ON] * 8
    return [pushes.Push(f'{prefixes[number % 10]}{number:06}', 3)
            for number in range(count)]


def seconds_off(receiver, begin, end, spread):
    """How long the phone is off between two times, in seconds from the
    begin of the plan."""
    return sum(max(0, min(end, off_end * spread) -
                   max(begin, off_begin * spread))
               for off_begin, off_end in OFF.get(receiver[:6], []))
