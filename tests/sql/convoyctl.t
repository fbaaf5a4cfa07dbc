#!/bin/bash
# convoyctl: init for every kind of role, upgrades, reading kannel.conf, the
# reports, and one clear line for whatever is wrong.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ -z "${CONVOY_CONF:-}" ]; then exec "$here/cluster" "$0"; fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tests=0

sql() { psql -qXAt -v ON_ERROR_STOP=1 "$@"; }

# Runs convoyctl; $status and $output are what came of it.
ctl() {
    status=0
    output=$("$CONVOYCTL" "$@" 2>&1) || status=$?
}

# gives STATUS PATTERN NAME: what the last one should have done.
gives() {
    tests=$((tests + 1))
    if [ "$status" = "$1" ] && grep -qE -e "$2" <<<"$output"; then
        echo "ok $tests - $3"
    else
        echo "not ok $tests - $3"
        echo "# status $status, wanted $1; pattern: $2"
        sed 's/^/# /' <<<"$output"
    fi
}

is() {
    status=0 output=$1
    gives 0 "^$2\$" "$3"
}

conf() {    # FILE DATABASE USER [MORE LINES OF group = convoy]
    cat >"$work/$1" <<CONF
group = pgsql-connection
id = db
host = $PGHOST
port = $PGPORT
username = $3
database = $2

group = convoy
pgsql-id = db
${4:-}
CONF
}

# --- usage

ctl; gives 2 'command is missing' 'no command'
ctl frobnicate; gives 2 'no such command: frobnicate' 'a wrong one'
ctl -x init; gives 2 'no such option: -x' 'a wrong option'
ctl -c; gives 2 'value is missing: -c' 'an option without its value'
ctl show; gives 2 'word is missing: PUSH-ID' 'a command without its word'
ctl init now; gives 2 'one word too many: now' 'one with a word too many'
ctl --help; gives 0 '^usage: convoyctl' 'help'

# --- kannel.conf

ctl -c "$work/none" init
gives 1 "none: No such file.*-c names" 'no file'
echo 'group = core' >"$work/c"; ctl -c "$work/c" init
gives 1 'no group = convoy' 'no group'
echo 'group = convoy' >"$work/c"; ctl -c "$work/c" init
gives 1 'pgsql-id is missing' 'no pgsql-id'
printf 'group = convoy\npgsql-id = x\n' >"$work/c"; ctl -c "$work/c" init
gives 1 'pgsql-id = x: there is no group = pgsql-connection with id = x' \
    'a pgsql-id that names nothing'
printf 'group = convoy\npgsql-id\n' >"$work/c"; ctl -c "$work/c" init
gives 1 'c, line 2: there is no =' 'a line without ='
echo "include = $work/c" >"$work/c"; ctl -c "$work/c" init
gives 1 'in a circle' 'a file that includes itself'
conf c convoy convoy; sed -i '/username/d' "$work/c"; ctl -c "$work/c" status
gives 1 'username is missing' 'no username'
conf c convoy convoy; sed -i 's/^port.*/port = 1/' "$work/c"
ctl -c "$work/c" status
gives 1 '^convoyctl: cannot connect: .*id = db' 'no server'
conf c nothing nobody; sed -i 's/^database/database = gone\n&/' "$work/c"
conf d convoy convoy; cat "$work/d" >>"$work/c"; ctl -c "$work/c" status
gives 1 'run convoyctl init first' 'of two that say the same the last counts'
mkdir "$work/parts"
cat >"$work/parts/a.conf" <<CONF
# a comment
group = "pgsql-connection"
id = "d\\"b"
host = "$PGHOST"
  port=$PGPORT
username = post\\
gres
database = "convoy"
CONF
printf 'include = "%s"\ngroup = convoy\npgsql-id = d"b\n' "$work/parts" \
    >"$work/c"
ctl -c "$work/c" status
gives 1 'run convoyctl init first' \
    'folders, quotes, comments, long lines are read; the schema is missing'

# --- init

conf c convoy convoy
ctl -c "$work/c" init
gives 1 'role convoy may not create a schema.*--user postgres' \
    'a role without rights is told so'
sql -c 'GRANT CREATE ON DATABASE convoy TO convoy'
ctl -c "$work/c" init
gives 1 'role convoy may not create the roles.*CREATEROLE' 'what lacks'
sql -c 'REVOKE CREATE ON DATABASE convoy FROM convoy'
ctl -c "$work/c" --user postgres init
gives 0 'version [0-9]+, was 0' 'a superuser may'
ctl -c "$work/c" --user postgres init
gives 0 'up to date: version' 'again'
ctl -c "$work/c" init
gives 1 'role convoy may not create a schema' 'the boxes'' role still not'
status=0
"$CONVOYCTL" -c "$work/c" --user postgres init >"$work/1" & first=$!
"$CONVOYCTL" -c "$work/c" --user postgres init >"$work/2" & second=$!
wait $first || status=$?
wait $second || status=$?
output=$(cat "$work/1" "$work/2")
gives 0 'up to date' 'two at once'

# The owner of the database with CREATEROLE, on a cluster without the roles.
sql -d postgres <<'SQL'
DROP DATABASE convoy;
DROP ROLE convoy_intake, convoy_scheduler, convoy_notifier, convoy_monitor,
    convoy_owner;
CREATE ROLE builder LOGIN CREATEROLE;
CREATE DATABASE convoy OWNER builder;
SQL
ctl -c "$work/c" --user builder init
gives 0 'was 0' 'the owner of the database with CREATEROLE may'
ctl -c "$work/c" --user builder init
gives 0 'up to date' 'again'
is "$(sql -U convoy -c 'SELECT convoy.schema_version() > 0')" t \
    'the boxes may use it'
sql -d postgres -c 'CREATE ROLE owner LOGIN' \
    -c 'CREATE DATABASE two OWNER owner'
conf two two owner
ctl -c "$work/two" init
gives 1 'role owner is not a member of convoy_owner' \
    'a plain owner that is the boxes'' role is told what lacks'
sql -d postgres -c 'GRANT convoy_owner TO owner'
ctl -c "$work/two" init
gives 1 'role owner may not grant the roles of the queue to owner' \
    'one lack after the other'
sql -d postgres -c 'GRANT convoy_intake, convoy_scheduler, convoy_notifier,
    convoy_monitor TO owner'
ctl -c "$work/two" init
gives 0 'was 0' 'with all of it, it may'
conf three three newcomer
sql -d postgres -c 'CREATE DATABASE three'
ctl -c "$work/three" --user postgres init
gives 0 'role newcomer created' 'a login role that is missing is made'
sql -d postgres -c "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0"
conf latin latin convoy
ctl -c "$work/latin" --user postgres init
gives 1 "encoding LATIN1: create it with ENCODING 'UTF8'" \
    'a database that cannot hold every push-id'

# --- whose queue

conf c convoy convoy 'deployment = "north"'
ctl -c "$work/c" --user postgres init
gives 1 'deployment "default", not of "north"' "another deployment's queue"

# --- versions

dump() { pg_dump --schema-only --no-owner -n convoy "$1" | grep -vE '^(--|.(un)?restrict )'; }
sql -d postgres -c 'CREATE DATABASE fresh' -c 'CREATE DATABASE stepwise'
cp -r "$CONVOY_SQL_DIR" "$work/sql"
cat >"$work/sql/migrations/9000_later.sql" <<'SQL'
ALTER TABLE live ADD COLUMN later int;
CREATE INDEX live_later ON live (later);
SQL
conf fresh fresh convoy
CONVOY_SQL_DIR=$work/sql ctl -c "$work/fresh" --user postgres init
gives 0 'version 9000, was 0' 'a release with one more migration'
conf step stepwise convoy
mkdir "$work/old"
for migration in "$work"/sql/migrations/*; do
    # An older release: the migrations up to this one, fewer functions.
    mkdir -p "$work/old/migrations" "$work/old/views"
    cp -r "$work/sql/roles.sql" "$work/sql/clear.sql" "$work/sql/types" \
        "$work/sql/functions" "$work/old"
    cp "$migration" "$work/old/migrations"
    echo 'SELECT 1' >"$work/old/grants.sql"
    echo "CREATE VIEW old_view AS SELECT 1" >"$work/old/views/old.sql"
    echo 'CREATE FUNCTION shard(int) RETURNS int LANGUAGE sql AS $$ SELECT 1
        $$' >>"$work/old/functions/shard.sql"
    CONVOY_SQL_DIR=$work/old ctl -c "$work/step" --user postgres init
    gives 0 'version' "step ${migration##*/}"
done
CONVOY_SQL_DIR=$work/sql ctl -c "$work/step" --user postgres init
gives 0 'up to date: version 9000' 'then the newest release'
status=0
output=$(diff <(dump fresh) <(dump stepwise)) || status=$?
gives 0 '^$' 'an upgraded schema is the same as a fresh one'
is "$(dump fresh | grep -c 'CREATE FUNCTION')" '[3-9][0-9]' \
    '(the dump is not empty)'
ctl -c "$work/step" --user postgres init
gives 1 'version 9000, this convoyctl knows up to' 'a newer schema is refused'
sql -d stepwise -c 'SELECT convoy.shard($$x$$)' >/dev/null
CONVOY_SQL_DIR=$work/none ctl -c "$work/step" --user postgres init
gives 1 'CONVOY_SQL_DIR' 'the SQL files are missing'
echo 'CREATE TABLE broken (' >"$work/sql/migrations/9001_broken.sql"
CONVOY_SQL_DIR=$work/sql ctl -c "$work/step" --user postgres init
gives 1 '9001_broken.sql: syntax error' 'a broken migration names its file'
is "$(sql -d stepwise -c 'SELECT convoy.schema_version()')" 9000 \
    'and changes nothing'

# --- reports

conf c convoy convoy
ctl -c "$work/c" status
gives 0 '^queue: empty$' 'status of an empty queue'
sql -f "$here/helpers.sql"
sql <<'SQL' >/dev/null
SET search_path = convoy, t;
SELECT t.start('box');
SELECT t.store('push@one', '4601', 2, notify => 'http://pi/x');
SELECT t.store('push@two', '4601', route => 'gold');
SELECT t.claimed('box');
SELECT t.outcome('box', 'push@one', 1, 1, 1, 'm1');
SELECT t.outcome('box', 'push@one', 2, 2, 2, code => 69);
SELECT t.move('box', 'push@one', 6, cause => 'segment 2 was refused');
SELECT t.claimed('box');
SQL
ctl -c "$work/c" status
gives 0 '^  gold +QUEUED +1 ' 'the queue by route and state'
gives 0 '^  box +\(any\) +32 +t' 'who has the leases'
gives 0 '^notifications:$' 'notifications that wait'
gives 0 '^  pi +1 +0 .*none yet' 'by host'
gives 0 '^notifications not acknowledged, last 24 hours: none' 'and bad ones'
ctl -c "$work/c" show push@one
gives 0 '^push push@one of PI "pi", accepted .*http://pi/x' 'a push'
gives 0 'to 4601: UNDELIVERABLE .*segment 2 was refused' 'its result'
gives 0 'segment 1, attempt 1: accepted by smsc, message id m1' 'its ledger'
gives 0 'segment 2, attempt 1: refused by smsc, code 69' 'in words'
gives 0 'notification to http://pi/x: tried 0 times' 'what the PI knows'
sql <<'SQL' >/dev/null
SET search_path = convoy, t;
SELECT notify_done(ARRAY[id], ARRAY[tries], '{refused}', '{0}',
    '{"HTTP 202, PAP 2000"}') FROM notify_take('n', 1, 1, 1, '{}', '{}');
SQL
ctl -c "$work/c" show push@one
gives 0 'notification: refused at .* 1 tries, answer HTTP 202, PAP 2000' \
    'what the PI has said'
ctl -c "$work/c" status
gives 0 '^  pi +refused +1 +HTTP 202, PAP 2000' 'PIs that refuse'
ctl -c "$work/c" show push@two
gives 0 'to 4601: QUEUED' 'a push that waits'
ctl -c "$work/c" show nothing
gives 1 'there is no push nothing' 'one that is not there'

# --- operations

ctl -c "$work/c" unpark 1x
gives 1 '1x is no group number' 'unpark: no number'
ctl -c "$work/c" unpark 1
gives 1 'not a member of convoy_owner: use --user' 'unpark: no right'
ctl -c "$work/c" --user postgres unpark 1
gives 1 'no parked group 1' 'unpark: nothing parked'
sql -c "UPDATE convoy.live SET parked = true, state = 2, ready = false,
    waiting = false, look_at = NULL, takeovers = 4"
ctl -c "$work/c" status
gives 0 '^parked:$' 'status shows what is parked'
sql <<'SQL' >/dev/null
SET search_path = convoy, t;
SELECT notify_done(ARRAY[id], ARRAY[tries], '{refused}', '{0}',
    '{"HTTP 202, PAP 2000"}') FROM notify_take('n', 1, 1, 1, '{}', '{}');
SQL
ctl -c "$work/c" show push@one
gives 0 'notification: refused at .* 1 tries, answer HTTP 202, PAP 2000' \
    'what the PI has said'
ctl -c "$work/c" status
gives 0 '^  pi +refused +1 +HTTP 202, PAP 2000' 'PIs that refuse'
ctl -c "$work/c" show push@two
gives 0 'PARKED' 'so does show'
ctl -c "$work/c" --user postgres unpark "$(sql -c \
    'SELECT id FROM convoy.live')"
gives 0 'on its way again' 'unpark'
ctl -c "$work/c" --user postgres accept-restore
gives 1 'not held: there is nothing to accept' 'accept-restore: not needed'
sql -c 'UPDATE convoy.setting SET held = true, held_group = 1000'
ctl -c "$work/c" status
gives 0 '^HELD: .*accept-restore' 'status says that the queue is held'
ctl -c "$work/c" --user postgres accept-restore
gives 0 '1 groups from before ended unknown' 'accept-restore'

old="utc_day(now()) - 40"
sql -c "SET search_path = convoy; SELECT partition_add(p, $old) FROM
    unnest('{body,ledger,result,notified}'::text[]) p" >/dev/null
conf c convoy convoy 'retention = soon'
ctl -c "$work/c" --user postgres maintain
gives 1 'retention = soon is wrong' 'maintain: a wrong retention'
conf c convoy convoy 'retention = 50d'
ctl -c "$work/c" --user postgres maintain
gives 0 '^1 old partitions' 'maintain keeps what retention covers'
conf c convoy convoy
PGOPTIONS='-c idle_in_transaction_session_timeout=0' psql -qXAt \
    >/dev/null 2>&1 <<'SQL' &
BEGIN;
SELECT count(*) FROM convoy.ledger;
SET application_name = 'reader';
SELECT pg_sleep(600);
SQL
reader=$!
until [ "$(sql -c "SELECT count(*) FROM pg_stat_activity WHERE state =
    'active' AND application_name = 'reader'")" = 1 ]; do :; done
ctl -c "$work/c" --user postgres maintain
gives 1 '^convoyctl: 1 old partitions are in use' \
    'maintain does not queue behind a long reader'
sql -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE
    application_name = 'reader'" >/dev/null
wait $reader || true
ctl -c "$work/c" --user postgres maintain
gives 0 '^1 old partitions dropped' 'the next time it does'

echo "1..$tests"
