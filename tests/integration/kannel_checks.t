#!/bin/bash
# Kannel's own checks, from its tarball, give the same result on the stock
# boxes and on the patched ones, without the group convoy and with it.
#
# They use fixed ports and leave processes behind, so each of the three runs
# has a network and a process namespace of its own; all run at the same time.
# The programs that drive the boxes are the stock ones in all three.

set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
stock=$top/build/kannel-stock
patched=${CONVOY_KANNEL:-$top/build/kannel}
checks='sendsms fakesmsc smpp ppg fakewap httpsmsc_kannel'

work=$(mktemp -d)
trap '"$top/tests/sandbox" down "$work/sandbox" 2>/dev/null || true; rm -rf "$work"' EXIT

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
        ln -s "$stock/test/$program" "$folder/test/"
    done
}

# Runs all checks in $work/$1; leaves NAME.out and NAME.status there.
run_checks() {
    local as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(--user --map-root-user)
    unshare "${as_root[@]}" --net --pid --fork --kill-child \
        bash -c '
            cd "$1"
            ip link set lo up
            for check in $2; do
                status=0
                sh checks/check_$check.sh > $check.out 2>&1 || status=$?
                echo $status > $check.status
            done' bash "$work/$1" "$checks" > "$work/$1.log" 2>&1
}

make_folder stock "$stock"
make_folder patched "$patched"

run_checks stock &
run_checks patched &
wait

number=0
# The test that $3 is true; the files after it explain if not.
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
    for variant in patched; do
        same=0
        for kind in status out; do
            cmp -s "$work/stock/$check.$kind" "$work/$variant/$check.$kind" ||
                same=1
        done
        result $same "check_$check on $variant: the same" \
            "$work/$variant/$check".{status,out}
    done
done
echo "1..$number"
