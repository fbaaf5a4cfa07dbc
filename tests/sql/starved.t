#!/bin/bash
# What a group costs stays what it is when the database is not looked after:
# autovacuum never runs, a transaction elsewhere keeps everything that is dead
# while 20,000 groups pass, and a week of results lies in the history.
#
#   [RESULTS=10000000] tests/sql/starved.t      size of that history
#
# Counted are pages touched, since time depends on what else the machine does;
# the rate is shown beside it.
set -eu -o pipefail
here=$(cd "$(dirname "$0")" && pwd)
export CLUSTER_OPTIONS='-c autovacuum=off'
if [ -z "${CONVOY_CONF:-}" ]; then exec "$here/cluster" "$0"; fi
sql() { psql -qXAt -v ON_ERROR_STOP=1 "$@"; }

"$CONVOYCTL" -c "$CONVOY_CONF" --user postgres init >/dev/null
sql -f "$here/bench.sql" -f "$here/history.sql"

count=0
check() {   # NAME SHELL-TEST...
    count=$((count + 1))
    if test "${@:2}"; then echo "ok $count - $1"
    else echo "not ok $count - $1"; fi
}
counter() {     # pages touched and dead rows made so far in the database
    sql -c "SELECT blks_hit + blks_read FROM pg_stat_database
        WHERE datname = current_database()"
}
# Stores and sends that many groups; sets `cost`, in pages a group.
pass() {    # TAG GROUPS
    local before rate
    before=$(counter)
    rate=$(date +%s%N)
    sql -c 'SET client_min_messages = warning' \
        -c "CALL bench.store($2, 100, '$1')" -c "CALL bench.send($2, 100, '$1')"
    cost=$((($(counter) - before) / $2))
    rate=$(($2 * 1000000000 / ($(date +%s%N) - rate)))
    echo "# $1: $cost pages a group, $rate groups a second"
}

pass warm 500
pass alone 2000
alone=$cost

sql -c "CALL bench.history(${RESULTS:-100000})"
echo "# $(sql -c 'SELECT count(*) FROM convoy.result') results," \
    "$(sql -c 'SELECT pg_size_pretty(pg_database_size(current_database()))')"
pass history 2000
check 'a long history costs nothing' "$cost" -le $((alone * 3 / 2))

# A reader that never ends.
psql -qXAt -c 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1' \
    -c 'SELECT pg_sleep(100000)' >/dev/null 2>&1 &
reader="pg_stat_activity
    WHERE query LIKE 'SELECT pg_sleep%' AND backend_xmin IS NOT NULL"
until [ "$(sql -c "SELECT count(*) FROM $reader")" = 1 ]
do sleep 0.05; done
pass held 2000
pass many 16000
pass late 2000
check 'nor does a transaction elsewhere while 20,000 groups pass' \
    "$cost" -le $((alone * 3))
dead=$(sql -c "SELECT n_dead_tup / 20000 FROM pg_stat_user_tables
    WHERE relid = 'convoy.live'::regclass")
echo "# $dead dead rows a group in the queue"
check 'it leaves a few dead rows a group' "$dead" -le 12
check 'all the while it was there' \
    "$(sql -c "SELECT count(pg_terminate_backend(pid)) FROM $reader")" = 1
wait

pass starved 2000
check 'nor does a queue that is never vacuumed' "$cost" -le $((alone * 3))
sql -c 'VACUUM'
pass vacuumed 2000
check 'a VACUUM mends all' "$cost" -le $((alone * 3 / 2))
check 'everything has passed' "$(sql -c 'SELECT count(*) FROM convoy.live')" = 0
echo "1..$count"
