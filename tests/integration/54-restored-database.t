#!/usr/bin/python3 -B
"""A database that is restored from a backup: what was sent since is not sent
again. The boxes that ran on, and one that starts anew, find out; the queue is
held, with one line in the log, until the operator accepts it. A copy on
another cluster is refused at start."""

import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from convoytest import (Initiator, Sandbox, SandboxError, pushes,  # noqa: E402
                        run, wait_until)

HELD = 'the queue is held: this database is older than what was sent'


def data(box):
    """The cluster's data folder."""
    return os.path.dirname(next(
        f'{where}/PG_VERSION' for where, _, files in os.walk(box.folder)
        if 'PG_VERSION' in files and 'postgresql.conf' in files))


def copy(box, source, target):
    """Copies the stopped cluster's files, with their owners."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, symlinks=True)
    for where, folders, files in os.walk(source):
        for name in ['.', *folders, *files]:
            path = os.path.join(where, name)
            there = os.path.join(target, os.path.relpath(path, source))
            info = os.lstat(path)
            os.chown(there, info.st_uid, info.st_gid, follow_symlinks=False)


def back_up(box, to):
    box.stop('postgres')
    copy(box, data(box), to)
    box.start('postgres')


def restore(box, saved):
    where = data(box)
    box.kill('postgres')
    copy(box, saved, where)
    box.start('postgres')


def lines(box):
    return box.log('bearerbox').count(HELD)


def is_held(box):
    return box.database.value('SELECT held FROM convoy.deployment_view')


def sent(box):
    return len(box.journal.read().submits)


def restored(tap, box, pi, saved, restart):
    """Pushes, goes back to the backup and judges."""
    name = 'a box that starts anew' if restart else 'a box that ran on'
    before = lines(box)
    later = pi.push(pushes.make(30, prefix='+4671'), until_accepted=True)
    wait_until(lambda: {push.push_id for push in later} <= pi.notified(), 30,
               'these are delivered')
    wait_until(lambda: box.smsc.stats()['pending_receipts'] == 0, 10, 'idle')
    if restart:
        box.stop('bearerbox')
    count = sent(box)
    restore(box, saved)
    if restart:
        box.start('bearerbox')
    wait_until(lambda: is_held(box), 30, 'the queue is held')
    new = pi.push(pushes.make(10, prefix='+4672'), until_accepted=True)
    wait_until(lambda: lines(box) > before, 10, 'the line in the log')
    tap.equal(lines(box), before + 1, f'{name} says once that it is held')
    tap.equal(sent(box), count, 'and sends nothing')
    tap.ok(box.database.live() > len(new), 'old pushes are in the queue')
    said = box.convoyctl('accept-restore')
    tap.note(said.strip())
    wait_until(lambda: {push.push_id for push in new} <= pi.notified(), 40,
               'the new ones are delivered')
    states = {row.push_id: row.state for row in box.database.results()}
    tap.none([push for push in new if states[push.push_id] != 'DELIVERED'],
             'once it is accepted what came meanwhile is delivered')
    tap.equal({states[push.push_id] for push in pi.waiting}, {'UNKNOWN'},
              'and what was waiting in the backup ends as unknown')
    tags = {push.number for push in pi.waiting + later}
    tap.none([submit for submit in box.journal.submits[count:]
              if submit.tag in tags], 'nothing old was sent again')


def test(tap):
    with Sandbox('--log', '1', plan='receiver=46709* phone-off 0..10m\n',
                 convoy={'receipt-timeout': '10m'}) as box, \
            Initiator(box.env['PPG_URL']) as pi:
        saved = f'{box.folder}/saved'
        # Those that the backup holds: sent, but not delivered.
        pi.waiting = pi.push(pushes.make(10, prefix='+46709'))
        wait_until(lambda: box.database.groups('AWAITING') == 10, 30,
                   'they await their receipts')
        back_up(box, saved)
        restored(tap, box, pi, saved, restart=False)
        restored(tap, box, pi, saved, restart=True)
        box.stop('bearerbox')
        box.start('bearerbox')
        wait_until(lambda: 'has leases of the queue' in
                   box.log('bearerbox').rpartition('Start-up done')[2], 15,
                   'leases')
        tap.ok(not is_held(box), 'after that a start holds nothing')
        box.stop('bearerbox')
        box.database.rows("UPDATE convoy.setting SET system_identifier = '1'")
        try:
            box.start('bearerbox')
            tap.ok(False, 'a copy on another cluster is refused')
        except SandboxError as error:
            tap.ok('convoyctl accept-restore' in box.log('bearerbox'),
                   'a copy on another cluster is refused, with the cure',
                   str(error))


run(test)
