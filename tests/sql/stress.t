#!/bin/bash
# Four boxes do everything at random at the same time, and die now and then:
# every group must end, once, and never two of one receiver be sent at a time.
set -eu -o pipefail
here=$(cd "$(dirname "$0")" && pwd)
if [ -z "${CONVOY_CONF:-}" ]; then exec "$here/cluster" "$0"; fi

"$CONVOYCTL" -c "$CONVOY_CONF" --user postgres init >/dev/null
psql -qX -v ON_ERROR_STOP=1 -c 'CREATE EXTENSION pgtap' \
    -f "$here/helpers.sql" -f "$here/stress.sql"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo 'SELECT t.step(:client_id, true)' >"$work/step"
echo 'SELECT t.step(:client_id, false)' >"$work/drain"

# A deadlock between two boxes is repeated, as the module does.
"$(pg_config --bindir)/pgbench" -n -c 4 -j 1 -t "${STEPS:-2500}" \
    --max-tries=20 -f "$work/step" >"$work/log" 2>&1 ||
    { sed 's/^/# /' "$work/log"; exit 1; }
sed -n 's/^number of \(transactions ret\|failed\)/# &/p' "$work/log"
for ((i = 0; i < 20; i++)); do
    [ "$(psql -qXAtc 'SELECT count(*) FROM convoy.live')" = 0 ] && break
    psql -qXAtc 'SELECT t.hurry()'
    "$(pg_config --bindir)/pgbench" -n -c 4 -j 1 -t 200 --max-tries=20 \
        -f "$work/drain" >"$work/log" 2>&1 ||
        { sed 's/^/# /' "$work/log"; exit 1; }
done
psql -qXAt -v ON_ERROR_STOP=1 <<'SQL' | grep -E '^(ok|not ok|1[.][.]|#)'
SET search_path = public, convoy, t;
SELECT plan(9);
SELECT cmp_ok(count(*), '>', 500::bigint, 'much was stored') FROM push;
SELECT is_empty('SELECT id, state, ready, waiting, holds FROM live',
    'no group is stuck');
SELECT is(count(*), (SELECT sum(cardinality(groups)) FROM push)::bigint,
    'each has a result') FROM result;
SELECT is(count(DISTINCT group_id), count(*), 'only one') FROM result;
SELECT is(count(*), (SELECT count(*) FROM result), 'each is notified')
    FROM notification;
SELECT is_empty('SELECT * FROM t.crime',
    'no two were ever sent to one receiver at a time');
SELECT is_empty('SELECT group_id, copy, outcome FROM ledger GROUP BY 1, 2, 3
    HAVING count(*) > 1', 'no outcome is twice on the ledger');
SELECT is_empty('SELECT 1 FROM reference_in_use WHERE free_after IS NULL',
    'no reference is left behind');
SELECT cmp_ok(count(*), '>', 10::bigint, 'boxes did die') FROM instance;
SELECT * FROM finish();
SQL
