# Several psql sessions under control of one script, for tests of what happens
# between them. To be sourced; TAP by ok().
#
#   open NAME           start a session
#   say NAME SQL        run it to its end; $answer is what it printed
#   start NAME SQL      send it and go on
#   blocked NAME        wait until it waits for a lock (fails if it ends)
#   hear NAME           wait for the end of what was started; sets $answer

declare -A session_pid
work=$(mktemp -d)
tests=0

ok() {      # CONDITION'S STATUS, NAME
    tests=$((tests + 1))
    if [ "$1" = 0 ]; then
        echo "ok $tests - $2"
    else
        echo "not ok $tests - $2"
        echo "# answer: ${answer:-}"
    fi
}

is() {      # HAVE WANT NAME
    local status=0
    [ "$1" = "$2" ] || status=1
    ok $status "$3"
    if [ $status = 1 ]; then
        echo "# have: $1"
        echo "# want: $2"
    fi
}

open() {
    mkfifo "$work/$1.in" "$work/$1.out"
    PGAPPNAME=$1 psql -qXAt <"$work/$1.in" >"$work/$1.out" 2>&1 &
    session_pid[$1]=$!
    local to from
    exec {to}>"$work/$1.in" {from}<"$work/$1.out"
    eval "to_$1=$to from_$1=$from"
    say "$1" 'SET search_path = public, convoy, t; SET VERBOSITY = terse;' \
        >/dev/null
}

start() {
    local to="to_$1"
    printf '%s;\n\\echo END\n' "$2" >&"${!to}"
}

hear() {
    local from="from_$1" line
    answer=
    while IFS= read -r -t 60 line <&"${!from}"; do
        [ "$line" != END ] || return 0
        answer=${answer:+$answer|}$line
    done
    answer="$1 did not answer: $answer"
    return 1
}

say() {
    start "$1" "$2"
    hear "$1"
}

blocked() {
    local state
    for ((i = 0; i < 2000; i++)); do
        state=$(psql -qXAtc "SELECT wait_event_type = 'Lock', state
            FROM pg_stat_activity WHERE application_name = '$1'")
        case $state in
        't|active') return 0 ;;
        f\|idle*) return 1 ;;
        esac
    done
    return 1
}

shut() {
    local name
    for name in "${!session_pid[@]}"; do
        kill "${session_pid[$name]}" 2>/dev/null || true
        wait "${session_pid[$name]}" 2>/dev/null || true
    done
    rm -rf "$work"
}
