#!/bin/bash
# Runs integration tests again on a build with ThreadSanitizer, module and
# Kannel. Taking a sandbox down fails if one of its programs had a race reported
# that tests/lib/tsan.supp does not explain. Not here: tests that measure time,
# which the sanitizer stretches. Of the random faults those in which boxes stop
# and die (3), links drop, stop and start, PostgreSQL dies (9), and links that
# end showed a race once (25). More of them:
# CONVOY_BUILD=build/convoy-tsan CONVOY_KANNEL=build/kannel-tsan tests/chaos

set -euo pipefail

. "$(dirname "$0")/../lib/rerun.bash"

on_build tsan
try_again 10-end-to-end 40-permanent-refusals 95-shutdown
for seed in 3 9 25; do
    try "random faults, seed $seed" "$top/tests/chaos" --seed "$seed"
done
finish
