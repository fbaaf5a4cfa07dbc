#!/bin/bash
# Kannel's own checks, from its tarball, give the same result on the stock
# boxes and on the patched ones, without the group convoy and with it.
#
# They use fixed ports and leave processes behind, so each run has a network and
# a process namespace of its own; the three kinds of boxes run at the same time.
# The programs that drive the boxes are the patched ones in all three: the HTTP
# server of stock Kannel may wait for itself for ever when it is to end.

set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
stock=$top/build/kannel-stock
patched=${CONVOY_KANNEL:-$top/build/kannel}
checks='sendsms fakesmsc smpp ppg fakewap httpsmsc_kannel'

work=$(mktemp -d)
sandbox=$(mktemp -d)
cleanup() {
    local status=$?
    "$top/tests/sandbox" down "$sandbox" || status=1
    rm -rf "$work" "$sandbox"
    exit $status
}
trap cleanup EXIT

# Makes the folder $work/$1, in which the checks find the boxes of tree $2.
make_folder() {
    local folder=$work/$1 program
    mkdir -p "$folder"/{gw,test,checks}
    cp "$stock"/checks/*.sh "$folder/checks/"
    cp "$stock"/gw/*.conf "$folder/gw/"
    cp "$stock"/test/*.{conf,txt,wml} "$folder/test/"
    for program in bearerbox smsbox wapbox; do
        ln -s "$2/gw/$program" "$folder/gw/"
    done
    for program in drive_smpp fakesmsc fakewap test_http test_http_server \
            test_ppg; do
        ln -s "$patched/test/$program" "$folder/test/"
    done
}

# Runs check $1 in the current folder; what it leaves running ends with it.
run_check() {
    local as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(--user --map-root-user)
    unshare "${as_root[@]}" --net --pid --fork --kill-child sh -c '
        ip link set lo up
        timeout 120 sh "checks/check_$1.sh"' sh "$1" > "$1.out" 2>&1
}

# Runs all checks in $work/$1; leaves NAME.out and NAME.status there. They go
# by fixed sleeps, which a busy machine can outlast: each has three tries.
run_checks() {
    local check try status
    cd "$work/$1"
    for check in $checks; do
        for try in 1 2 3; do
            status=0
            run_check "$check" || status=$?
            [ $status -ne 0 ] || break
        done
        echo $status > "$check.status"
    done
}

# Adds the module to all configurations in $work/$1, on a queue of their own.
# Its pushes do not come to bearerbox from wapbox, but through the queue, so
# check_ppg has to look there.
add_convoy() {
    local folder=$work/$1 name conf
    "$top/tests/sandbox" up "$sandbox" > /dev/null
    for name in wapbox smsbox bearerbox smsc; do
        "$top/tests/sandbox" kill "$sandbox" $name
    done
    for conf in "$folder"/gw/*.conf "$folder"/test/*.conf; do
        { echo; sed -n '/^group = pgsql-connection/,/^$/p
                        /^group = convoy/,/^$/p' "$sandbox/kannel.conf"
        } >> "$conf"
    done
    sed -i 's/grep "got sms from wapbox" check_bb.tmp/sh queued.sh/' \
        "$folder/checks/check_ppg.sh"
    cat > "$folder/queued.sh" <<-END
	psql -h "$sandbox/socket" -U postgres convoy -Atc \
	    'SELECT 1 FROM convoy.push' | grep 1
	END
}

make_folder stock "$stock"
make_folder patched "$patched"
make_folder convoy "$patched"
add_convoy convoy

for variant in stock patched convoy; do
    run_checks $variant &
done
wait

number=0
# Tells whether the status $1 is 0; the files after the description say why not.
result() {
    number=$((number + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $number - $2"
    else
        echo "not ok $number - $2"
        shift 2
        sed 's/^/# /' "$@"
    fi
}

for check in $checks; do
    result "$(cat "$work/stock/$check.status")" "check_$check on stock" \
        "$work/stock/$check.out"
    for variant in patched convoy; do
        same=0
        cmp -s "$work/stock/$check.status" "$work/$variant/$check.status" ||
            same=1
        result $same "check_$check on $variant: the same" \
            "$work/$variant/$check".{status,out}
    done
done
echo "1..$number"
