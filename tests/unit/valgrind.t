#!/bin/bash
# Runs every unit test under valgrind: no leak, no use of what is not there.

set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
build=${CONVOY_BUILD:-$top/build/convoy}

# One server for all: a test that starts its own would lose valgrind on the
# way.
[ -n "${CONVOY_CONF:-}" ] || exec "$top/tests/sql/cluster" "$0"

number=0
for program in $(find "$build/tests/unit" -type f -executable | sort); do
    number=$((number + 1))
    name=${program##*/}
    if output=$(valgrind --quiet --leak-check=full --error-exitcode=9 \
            "$program" 2>&1); then
        echo "ok $number - $name"
    else
        echo "${output//$'\n'/$'\n'# }" | sed '1s/^/# /'
        echo "not ok $number - $name"
    fi
done
echo "1..$number"
[ "$number" -gt 0 ]
