#!/bin/bash
# Runs integration tests again on a build with AddressSanitizer and
# UndefinedBehaviorSanitizer. Taking a sandbox down fails if one of its
# programs had something reported. Not here: tests that measure memory, which
# the sanitizers hold back, and those that say nothing new about memory errors.

set -euo pipefail

tests='10-end-to-end 30-transient-faults 40-permanent-refusals
    60-database-away 71-hostile-smsc 95-shutdown'

top=$(cd "$(dirname "$0")/../.." && pwd)
export CONVOY_BUILD=$top/build/convoy-sanitize
export CONVOY_KANNEL=$top/build/kannel-sanitize

number=0
for name in $tests; do
    number=$((number + 1))
    if output=$(prove -v "$top/tests/integration/$name.t" 2>&1); then
        echo "ok $number - $name with sanitizers"
    else
        echo "${output//$'\n'/$'\n'# }" | sed '1s/^/# /'
        echo "not ok $number - $name with sanitizers"
    fi
done
echo "1..$number"
