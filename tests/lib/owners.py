"""Which bearerbox of a sandbox has which leases of the queue."""

import time

from processes import wait_until

ALL = 64        # leases: 32 of each of the routes '' and 'smsc'


def owned(box):
    """How many leases each live process holds, as {pid: leases}."""
    return {int(row.owner.split('/')[1]): row.leases for row in
            box.database.rows('SELECT owner, count(*) AS leases FROM '
                              'convoy.lease_view WHERE alive GROUP BY 1')}


def wait_for_owners(box, *names, seconds=30):
    """Waits until these boxes share all leases evenly; returns how long it
    took."""
    begun = time.monotonic()
    expected = {box.pids(name)[0]: ALL // len(names) for name in names}
    wait_until(lambda: owned(box) == expected, seconds,
               f'{expected} are the owners (it is {owned(box)})')
    return time.monotonic() - begun
