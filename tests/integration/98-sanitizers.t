#!/bin/bash
# Runs integration tests again on a build with AddressSanitizer and
# UndefinedBehaviorSanitizer. Taking a sandbox down fails if one of its
# programs had something reported. Not here: tests that measure memory, which
# the sanitizers hold back, and those that say nothing new about memory errors.

set -euo pipefail

. "$(dirname "$0")/../lib/rerun.bash"

on_build sanitize
try_again 10-end-to-end 30-transient-faults 40-permanent-refusals \
    60-database-away 71-hostile-smsc 76-contents 95-shutdown
finish
