#!/usr/bin/python3 -B
"""Kannel's own checks, from its tarball, that concern these boxes give the
same result on stock, on patched without the group, and on patched with it.

The scripts are run as they are, but for ports and the path of the programs.
They wait by sleeping, so the checks run beside each other, each on its three
hosts in turn. drive_smpp has the ports 13001 and 2345 compiled in.

One line of check_ppg cannot hold with the group: it looks for the push in
bearerbox's log of what wapbox sent it, and now the push comes through the
database. There it is looked for.
"""

import glob
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                '..', 'lib'))

from convoytest import Sandbox, run, wait_until             # noqa: E402
from stack import free_ports                                # noqa: E402

BUILD = os.path.join(os.path.dirname(os.path.realpath(__file__)),
                     '..', '..', 'build')
STOCK = f'{BUILD}/kannel-stock'
PATCHED = os.environ.get('CONVOY_KANNEL', f'{BUILD}/kannel')

CHECKS = ['check_ppg', 'check_smpp', 'check_sendsms', 'check_fakesmsc',
          'check_fakewap', 'check_httpsmsc_kannel']
CONFS = ['gw/pushkannel.conf', 'gw/smskannel.conf', 'gw/wapkannel.conf',
         'gw/other_smskannel.conf', 'test/drive_smpp.conf']
FILES = ['test/*.txt', 'test/*.wml', 'checks/*.sh']

# Ports in the scripts and their configuration.
PORTS = [13000, 13001, 13002, 13013, 10000, 10010, 15000, 15001, 15015,
         15130, 18080, 18081, 18082, 20000, 8040]
COMPILED_IN = {'check_smpp': [13001, 2345]}
SECONDS = 150       # more than the longest takes

THROUGH_WAPBOX = 'grep "got sms from wapbox" check_bb.tmp'
THROUGH_DATABASE = ('psql -h {PGHOST} -p {PGPORT} -U {PGUSER} -d {PGDATABASE}'
                    ' -Atc "SELECT 1 FROM convoy.push" | grep 1')


def make_folder(folder, kannel, ports, group, find_push):
    """A folder in which Kannel's checks find what they look for; `group` is
    appended to each configuration, `find_push` shows that a push came."""
    def copy(name, extra=''):
        with open(f'{STOCK}/{name}', errors='surrogateescape') as file:
            text = file.read().replace(THROUGH_WAPBOX, find_push) + extra
        text = re.sub(r'\b(\d{4,5})\b', lambda found: str(
            ports.get(int(found[1]), found[1])), text)
        with open(f'{folder}/{name}', 'w', errors='surrogateescape') as file:
            file.write(text)

    for name in 'gw', 'test', 'checks':
        os.makedirs(f'{folder}/{name}')
    for pattern in FILES:
        for path in glob.glob(f'{STOCK}/{pattern}'):
            copy(os.path.relpath(path, STOCK))
    for name in CONFS:
        copy(name, group)
    for box in 'bearerbox', 'smsbox', 'wapbox':
        os.symlink(f'{kannel}/gw/{box}', f'{folder}/gw/{box}')
    # The programs that drive the boxes are the same for all.
    for name in os.listdir(f'{STOCK}/test'):
        path = f'{STOCK}/test/{name}'
        if os.access(path, os.X_OK) and os.path.isfile(path):
            os.symlink(path, f'{folder}/test/{name}')


def free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(('127.0.0.1', port))
            return True
        except OSError:
            return False


def run_check(check, folder):
    """Runs one check to its end; returns what it came to: an empty text if
    it passed. Whatever it has left running is killed."""
    with open(f'{folder}/output', 'w+') as output:
        process = subprocess.Popen(
            ['sh', f'checks/{check}.sh'], cwd=folder, stdout=output,
            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            start_new_session=True)
        try:
            code = process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            code = f'not over after {SECONDS} s'
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
        output.seek(0)
        return '' if code == 0 else f'{code}: {output.read().strip()}'


def run_on_all(check, root, hosts, results):
    """The check on each host in turn: results[check, host]."""
    compiled_in = COMPILED_IN.get(check, [])
    names = [str(port) for port in PORTS if port not in compiled_in]
    for host, (kannel, group, find_push) in hosts.items():
        ports = {int(name): port
                 for name, port in free_ports(names).items()}
        folder = f'{root}/{check}-{host.replace(" ", "-")}'
        make_folder(folder, kannel, ports, group, find_push)
        wait_until(lambda: all(map(free, compiled_in)), 60,
                   f'ports {compiled_in} are free')
        results[check, host] = run_check(check, folder)


def convoy_groups(box):
    """The groups that enable the module in this sandbox."""
    with open(f'{box.folder}/kannel.conf') as file:
        groups = file.read().split('\n\n')
    return '\n' + '\n\n'.join(
        group for group in groups
        if re.match(r'\s*group = (convoy|pgsql-connection)\b', group)) + '\n'


def test(tap):
    with Sandbox() as box:
        # Only its database is wanted: nobody else may take the pushes.
        for name in 'wapbox', 'smsbox', 'bearerbox', 'smsc':
            box.stop(name)
        hosts = {'stock': (STOCK, '', THROUGH_WAPBOX),
                 'patched without the group': (PATCHED, '', THROUGH_WAPBOX),
                 'patched with the group': (
                     PATCHED, convoy_groups(box),
                     THROUGH_DATABASE.format(**box.env))}
        root = f'{box.folder}/checks'
        results = {}
        threads = [threading.Thread(target=run_on_all,
                                    args=(check, root, hosts, results))
                   for check in CHECKS]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for check in CHECKS:
            for host in hosts:
                tap.equal(results.get((check, host), 'did not run'), '',
                          f'{check} on {host}')
        if tap.failed and os.environ.get('CONVOY_KEEP'):
            shutil.copytree(root, f'{box.folder}-checks')


run(test)
