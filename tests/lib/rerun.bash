# Functions for a test that runs others again on another build; see
# tests/integration/98-sanitizers.t.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
number=0

# on_build KIND: from here on with build/convoy-KIND and build/kannel-KIND.
on_build() {
    export CONVOY_BUILD=$top/build/convoy-$1
    export CONVOY_KANNEL=$top/build/kannel-$1
}

# try NAME COMMAND...: one TAP test; what it prints is shown if it fails.
try() {
    local name=$1 output
    shift
    number=$((number + 1))
    if output=$("$@" 2>&1); then
        echo "ok $number - $name"
    else
        echo "${output//$'\n'/$'\n'# }" | sed '1s/^/# /'
        echo "not ok $number - $name"
    fi
}

# try_again NAME...: the integration tests of these names, one test each.
try_again() {
    local name
    for name in "$@"; do
        try "$name again" prove -v "$top/tests/integration/$name.t"
    done
}

finish() {
    echo "1..$number"
}
