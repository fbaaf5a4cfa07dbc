"""When gateways side by side, and their SMSCs, have nothing left to do."""

import time

# Seconds between two looks at whether all is over, and how many must find
# it so: one may come while a receipt is answered and not yet on record.
POLL, LOOKS = 1, 3


def smsc_owes(smsc):
    """Does it owe a phone a message, or the gateway a receipt?"""
    stats = smsc.stats()
    return any(stats[what] for what in ('pending_messages',
                                        'waiting_for_phone',
                                        'pending_receipts'))


def settle(sides, seconds):
    """Returns once every side is_settled(), after so many seconds at the
    latest: whether each of them is."""
    end, quiet = time.monotonic() + seconds, 0
    while True:
        time.sleep(POLL)
        settled = [side.is_settled() for side in sides]
        quiet = quiet + 1 if all(settled) else 0
        if quiet == LOOKS or time.monotonic() >= end:
            return settled
