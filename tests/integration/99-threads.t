#!/bin/bash
# Runs integration tests again on a build with ThreadSanitizer, module and
# Kannel. Taking a sandbox down fails if one of its programs had a race reported
# that tests/lib/tsan.supp does not explain. Not here: tests that measure time,
# which the sanitizer stretches; and the random faults, under which stock Kannel
# still shows races of its starts and stops that are not explained there:
# CONVOY_BUILD=build/convoy-tsan CONVOY_KANNEL=build/kannel-tsan tests/chaos

set -euo pipefail

. "$(dirname "$0")/../lib/rerun.bash"

on_build tsan
try_again 10-end-to-end 30-transient-faults 95-shutdown
finish
