#!/bin/bash
# Runs integration tests and random faults again on a build with
# ThreadSanitizer, module and Kannel. Taking a sandbox down fails if one of its
# programs had a race reported that tests/lib/tsan.supp does not explain. Not
# here: tests that measure time, which the sanitizer stretches.

set -euo pipefail

. "$(dirname "$0")/../lib/rerun.bash"

on_build tsan
try_again 10-end-to-end 30-transient-faults 95-shutdown
for seed in 3; do
    try "chaos, seed $seed" "$top/tests/chaos" --seed "$seed"
done
finish
