#!/bin/bash
# Two sessions at once: what one does while the other has not committed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ -z "${CONVOY_CONF:-}" ]; then exec "$here/cluster" "$0"; fi
. "$here/sessions.bash"

"$CONVOYCTL" -c "$CONVOY_CONF" --user postgres init >/dev/null
psql -qX -v ON_ERROR_STOP=1 -f "$here/helpers.sql"
trap shut EXIT
open a
open b
say a "SELECT t.start('a', '{\"\"}')"
say b "SELECT t.start('b', '{gold}')"

# --- the same push twice

say a "BEGIN; SELECT t.store('p1', '4601')"
start b "SELECT t.store('p1', '4601')"
blocked b; ok $? 'a second store of the same push waits for the first'
say a COMMIT; hear b
is "$answer" f 'and is a duplicate'
say a "BEGIN; SELECT t.store('p2', '4602')"
start b "SELECT t.store('p2', '4602')"
blocked b; ok $? 'again'
say a ROLLBACK; hear b
is "$answer" t 'or not, if the first one failed'
say a "SELECT t.claimed('a'), t.move('a', 'p1', 5), t.move('a', 'p2', 5)"

# --- two claims for one receiver, by different owners

say a "SELECT t.store('r1', '4610'), t.store('r2', '4610', route => 'gold')"
say a "SELECT t.store('q1', '4612', route => 'gold')"
say a "BEGIN; SELECT t.claimed('a')"
is "$answer" r1 'the first owner claims'
say b "SELECT set_config('convoy.sweep_next', '9e15'::numeric::text, false)"
start b "SELECT t.claimed('b')"
blocked b; ok $? 'the second waits for its outcome'
say a COMMIT; hear b
is "$answer" q1 'leaves the receiver alone, and has what else is ready'
say a "SELECT t.move('a', 'r1', 5)"
say b "SELECT set_config('convoy.sweep_next', '0', false)"
say b "SELECT t.claimed('b')"
is "$answer" r2 'until it is free'
say b "SELECT t.move('b', 'q1', 5)"
say b "SELECT t.move('b', 'r2', 5)"

say a "SELECT t.store('r3', '4611'), t.store('r4', '4611', route => 'gold')"
say a "BEGIN; SELECT t.claimed('a')"
start b "SELECT t.claimed('b')"
blocked b; ok $? 'again'
say a ROLLBACK; hear b
is "$answer" r4 'if the first fails the second has it'
say b "SELECT t.move('b', 'r4', 5)"
say a "SELECT set_config('convoy.sweep_next', '0', false)"
say a "SELECT t.claimed('a')"
is "$answer" r3 'and the first has it next'
say a "SELECT t.move('a', 'r3', 5)"

# --- two claims under one lease (a stale owner's and its successor's)

say a "SELECT t.store('s1', '4620'), t.store('s2', '4621')"
say a "BEGIN; SELECT t.claimed('a', 1)"
is "$answer" s1 'one claims'
say b "SELECT t.claimed('a')"
is "$answer" s2 'the other does not wait, and gets only what is left'
say a COMMIT
say a "SELECT t.move('a', 's1', 5), t.move('a', 's2', 5)"

# --- the holder ends while another looks at its follower

say a "SELECT t.store('t1', '4630'), t.claimed('a')"
say a "SELECT t.store('t2', '4630', route => 'gold')"
say a "BEGIN; SELECT t.move('a', 't1', 5)"
say b "SELECT t.claimed('b')"
is "$answer" '' 'a follower is not claimed before the end has committed'
say a COMMIT
say b "SELECT set_config('convoy.sweep_next', '0', false)"
say b "SELECT t.claimed('b')"
is "$answer" t2 'and not forgotten'

say a "SELECT t.store('t3', '4630')"
say a "BEGIN; SELECT t.claimed('a')"
start b "SELECT t.move('b', 't2', 5)"
blocked b; ok $? 'the end waits for who makes the follower wait'
say a COMMIT; hear b
is "$answer" t 'and is accepted'
say a "SELECT t.claimed('a')"
is "$answer" t3 'it found the follower'
say a "SELECT t.move('a', 't3', 5)"

# --- takeover against a claim that commits late

say a "SELECT t.store('u1', '4640')"
say a "BEGIN; SELECT t.claimed('a')"
say b "SELECT t.die('a')"
say b "SELECT t.start('c'), t.adopted('c')"
is "$answer" '32|' 'a successor finds nothing to adopt'
say b "SELECT t.claimed('c')"
is "$answer" '' 'nor to claim'
say a COMMIT
say b "SELECT t.adopted('c')"
is "$answer" u1 'but adopts it when the claim has committed'
say a "SELECT t.move('a', 'u1', 5, epoch => (SELECT min(epoch) FROM lease))"
is "$answer" f 'the old owner is fenced'

# --- two ends of one group

say b "BEGIN; SELECT t.move('c', 'u1', 5)"
is "$answer" t 'one end'
start a "SELECT t.move('a', 'u1', 9)"
blocked a; ok $? 'another one waits'
say b COMMIT; hear a
is "$answer" f 'and is refused'
say a "SELECT string_agg(state, ' ') FROM result_view WHERE push_id = 'u1'"
is "$answer" DELIVERED 'there is one result'

# --- a batch repeated while the first is still on its way

say b "SELECT t.store('v1', '4650'), t.claimed('c')"
batch="SELECT count(*) FROM group_batch('c', 1000, ARRAY[t.id('v1')], '{1}',
    '{1}', '{1}', '{1}', '{smsc}', '{1}', '{mv}', '{0}', '{NULL}', '{0}',
    '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')"
say b "BEGIN; $batch"
start a "$batch"
blocked a; ok $? 'a repeated batch waits for the first'
say b COMMIT; hear a
say a "SELECT t.ledger('v1')"
is "$answer" '1/1 accepted' 'and changes nothing'

# --- a receipt and its answer

say b "BEGIN; SELECT t.outcome('c', 'v1', 1, 2, 2, 'mw')"
start a "SELECT t.receipt('b', 'mw')"
blocked a; ok $? 'a receipt waits for the answers under way'
say b COMMIT; hear a
say a "SELECT t.ledger('v1'), count(*) FROM receipt_inbox"
is "$answer" '1/1 accepted, 2/2 accepted, 2/2 delivered|0' 'and finds its own'
say b "SELECT t.looked_at('c')"
is "$answer" v1 'whose owner is told'
say a "BEGIN; SELECT t.receipt('b', 'mx')"
start b "SELECT t.outcome('c', 'v1', 1, 3, 3, 'mx')"
blocked b; ok $? 'an answer waits for the receipts under way'
say a COMMIT; hear b
say a "SELECT t.ledger('v1') ~ '3/3 accepted, 3/3 delivered', count(*)
    FROM receipt_inbox"
is "$answer" 't|0' 'and finds its own'
say b "SELECT t.looked_at('c')"
is "$answer" v1 'and so is the owner'
say b "SELECT t.move('c', 'v1', 5)"

# --- the last two receipts of a group, through two boxes

say b "SELECT t.store('w1', '4660', 2), t.claimed('c')"
say b "SELECT t.outcome('c', 'w1', 1, 1, 1, 'w1'),
    t.outcome('c', 'w1', 1, 2, 2, 'w2'), t.move('c', 'w1', 3, '1 h')"
say a "BEGIN; SELECT t.receipt('b', 'w1')"
is "$answer" '' 'the first is not the last'
start b "SELECT t.receipt('c', 'w2')"
blocked b; ok $? 'the second waits for it'
say a COMMIT; hear b
is "$answer" w1 'and completes the group'

# --- a receipt comes while the owner, who has not seen it, lets go

say b "SELECT t.move('c', 'w1', 5)"
say b "SELECT t.store('x1', '4670', 2), t.claimed('c')"
say b "SELECT t.outcome('c', 'x1', 1, 1, 1, 'x1'),
    t.outcome('c', 'x1', 1, 2, 2, 'x2'), t.move('c', 'x1', 3, '1 h')"
say b "SELECT t.receipt('b', 'x1'), t.looked_at('c')"
say a "BEGIN; SELECT id FROM live WHERE id = t.id('x1') FOR UPDATE"
start b "SELECT t.move('c', 'x1', 3)"
blocked b; ok $? 'the owner'\''s transition waits'
say a "SELECT t.receipt('b', 'x2')"
say a COMMIT; hear b
say b "SELECT t.looked_at('c')"
is "$answer" x1 'the owner is told of the receipt all the same'

# --- notifiers

say b "SELECT t.move('c', 'x1', 5)"
say a "INSERT INTO notification (id, due_at, accepted_at, event_at, code,
    state, cause, url, pi, push_id, address) SELECT i, now(), now(), now(),
    1000, 5, '', '', '', 'n' || i, '' FROM generate_series(1, 2) i"
say a "BEGIN; SELECT push_id FROM notify_take('x', 1, 1000000, 9, '{}', '{}')"
first=$answer
say b "SELECT push_id FROM notify_take('y', 5, 1000000, 9, '{}', '{}')"
ok $([ "$first $answer" = 'n1 n2' ] || [ "$first $answer" = 'n2 n1' ];
    echo $?) 'two notifiers never take the same'
say a COMMIT

echo "1..$tests"
