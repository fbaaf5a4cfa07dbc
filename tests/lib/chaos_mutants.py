"""Can the judge of tests/chaos fail? Each file of tests/mutants breaks the
product in one line. It is applied to a copy of the source, built there, and
the seeds that the file names are run with it until one finds a violation.
"""

import glob
import os
import re
import shutil
import subprocess
import tempfile

import chaos_loop
from processes import Failure

TESTS = os.path.dirname(chaos_loop.COMMAND)
TOP = os.path.dirname(os.path.realpath(TESTS))
APPLY = 'patch -s -p1 -F0 -i'       # with fuzz it may break another line


def mutants():
    """The files of tests/mutants by name."""
    return {os.path.basename(path).removesuffix('.patch'): path
            for path in sorted(glob.glob(f'{TESTS}/mutants/*.patch'))}


def main(names):
    """Shows that each mutant (or each of these) is caught; exit status."""
    missed = sum(not _is_caught(name, path)
                 for name, path in mutants().items()
                 if not names or name in names)
    return 1 if missed else 0


def misfit(path):
    """Why a mutant cannot be applied to the source; '' if it can."""
    return subprocess.run([*APPLY.split(), path, '--dry-run'], cwd=TOP,
                          text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT).stdout


def _is_caught(name, path):
    with open(path) as file:
        text = file.read()
    seeds = re.search(r'^Seeds: (.*)$', text, re.M)[1].split()
    print(f'{name}: {text.splitlines()[0]}', flush=True)
    with tempfile.TemporaryDirectory(prefix='convoy-mutant-') as folder:
        _build(folder, path)
        for seed in seeds:
            outcome = chaos_loop.Outcome(seed, command=f'{folder}/tests/chaos')
            if not outcome.passed:
                print(f'{name}: caught, seed {seed}: '
                      + ', '.join(sorted(outcome.invariants)))
                print('\n'.join(_shown(outcome.text)), flush=True)
                return True
    print(f'{name}: NOT CAUGHT by seeds {", ".join(seeds)}', flush=True)
    return False


def _shown(text, lines=3):
    """The first violations."""
    return ['    ' + line[:200] for line in text.splitlines()
            if line.startswith('VIOLATED')][:lines]


def _build(folder, patch):
    """A copy of the source in `folder`, with the patch, built on the Kannel
    that is there."""
    os.chmod(folder, 0o755)
    shutil.copytree(TOP, folder, dirs_exist_ok=True, symlinks=True,
                    ignore=shutil.ignore_patterns('build', '.git'))
    os.mkdir(f'{folder}/build')
    os.symlink(f'{TOP}/build/kannel', f'{folder}/build/kannel')
    os.makedirs(f'{folder}/build/convoy')
    for command in (
            f'{APPLY} {patch}',
            f'cd build/convoy && ../../configure --quiet '
            f'--with-kannel={folder}/build/kannel',
            'cd build/convoy && make -s -j2 all tests/smsc/convoy-smsc'):
        done = subprocess.run(command, shell=True, cwd=folder, text=True,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        if done.returncode:
            raise Failure(f'{command}: {done.stdout[-500:]}')
