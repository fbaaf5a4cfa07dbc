"""The judge of tests/chaos: decides every invariant of the design from what
the SMSC, the Push Initiator and the views of the database say, and from what
was done to the processes. It knows nothing of the gateway's code.

A check is a generator of violations: (text, pushes that it is about, time).
CHECKS names them all; judge() returns what they find. Those of what left for
the SMSC are in chaos_sending.py.
"""

import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field

import chaos_sending
import checks
from chaos_facts import Facts

NEGATIVE = 'UNDELIVERABLE', 'EXPIRED', 'CANCELLED'


@dataclass
class Violation:
    invariant: str
    text: str
    tags: list = field(default_factory=list)
    at: float = None


def judge(evidence):
    """All violations, those that explain most first."""
    facts = Facts(evidence)
    found = [Violation(*one) for one in evidence.wrong]
    for invariant, check in CHECKS:
        found += [Violation(invariant, *one) for one in check(facts)]
    return found


# --- what the Push Initiator is told ----------------------------------------

def one_result(facts):
    """Accepted pushes have one result, others none."""
    for tag, push in facts.pushes.items():
        rows = facts.results.get(tag, [])
        sure = push.accepted or 1001 in push.codes
        # Refused at last, after an answer that was lost or unsure: both.
        maybe = not sure and bool({None, 4001} & set(push.codes))
        if len(rows) > 1 or sure and not rows or rows and not (sure or maybe):
            yield (f'{push} was answered {push.codes} and has results '
                   f'{[row.state for row in rows]}', [tag])
        if push.codes.count(1001) > 1:
            yield f'{push} was accepted twice: {push.codes}', [tag]
        in_vain = push.before and push.answered > push.before and \
            2000 <= (push.code or 0) < 3000
        if not push.accepted and not in_vain:
            yield f'{push} ended with {push.codes} {push.desc}', [tag]
    if None in facts.results:
        yield f"results of nobody's pushes: {facts.results[None]}", []
    for row in facts.evidence.alive:
        tags = [tag for tag, push in facts.pushes.items()
                if push.push_id == row.push_id]
        yield f'never ended: {row}', tags


def one_notification(facts):
    """One content each, acknowledged, and that of the result."""
    found = defaultdict(list)
    for one in facts.evidence.received:
        found[one['push-id']].append(one)
    for tag, push in facts.pushes.items():
        row, got = facts.result(tag), found.pop(push.push_id, [])
        said = {json.dumps({key: value for key, value in one.items()
                            if key not in ('at', 'status')}, sort_keys=True)
                for one in got}
        acknowledged = sum(200 <= (one['status'] or 0) < 300 for one in got)
        if bool(row) != bool(acknowledged) or len(said) > 1:
            yield f'{push} with result {row} was notified {got}', [tag]
        elif got and (got[0]['message-state'] != checks.FINAL[row.state]
                      or int(got[0]['code']) != row.code):
            yield f'{push} is {row.state}, notified {got[0]}', [tag]
    if found:
        yield f"notifications of nobody's pushes: {found}", []


# --- true results -----------------------------------------------------------

def true_results(facts):
    on_accepted = facts.schedule.convoy['complete-on'] == 'accepted'
    shown = {display['tag'] for display in facts.journal.displays}
    for tag, push in facts.pushes.items():
        row = facts.result(tag)
        if row is None:
            continue
        parts = set(range(1, push.segments + 1))
        rows = facts.ledger.get(tag, [])
        last = {kind: {one.segment for one in rows
                       if one.outcome == kind and one.attempt == row.attempt}
                for kind in ('accepted', 'delivered')}
        if row.state == 'DELIVERED':
            if last['accepted' if on_accepted else 'delivered'] != parts:
                yield (f'{push} is DELIVERED; the ledger of attempt '
                       f'{row.attempt}: {last}', [tag])
            if not on_accepted and tag not in shown:
                yield f'{push} is DELIVERED, no phone displays it', [tag]
        at_phone = {part for part in parts if (tag, part) in facts.arrived}
        if row.state in NEGATIVE and at_phone == parts:
            yield (f'{push} is {row.state} ({row.cause}), and every segment '
                   'is at the phone', [tag])
        if row.state == 'UNKNOWN' and _all_delivered(facts, rows, row):
            yield f'{push} is UNKNOWN, all segments were delivered', [tag]


def _all_delivered(facts, rows, result):
    """In one attempt, and surely on record before the result?"""
    found, end = defaultdict(set), result.ended_at.timestamp()
    for row in rows:
        at = row.at.timestamp()
        if row.outcome == 'delivered' and at + 2 < end and \
                not facts.in_trouble(at, end) and \
                facts.could_record(row.message_id, end):
            found[row.attempt].add(row.segment)
    return any(len(some) == result.segments for some in found.values())


def same_octets(facts):
    """All copies of a segment are alike, and no two groups of one receiver
    have one reference at a time."""
    for text in checks.references_changed(facts.journal):
        yield text, []
    hold = facts.schedule.seconds('reference-hold')
    taken = {}          # (receiver, reference): (tag, free from)
    for submit in facts.journal.submits:
        if submit.total == 1 or submit in facts.stale:
            continue
        key = submit.dst, submit.ref
        tag, free = taken.get(key, (submit.tag, 0))
        if tag != submit.tag and submit.sent < free:
            yield (f'{submit}: push {tag} has this reference still',
                   [tag, submit.tag], submit.sent)
        if tag != submit.tag or key not in taken:
            row = facts.result(submit.tag)
            free = row.ended_at.timestamp() - 0.02 if row else 1e12
            if row and row.state != 'DELIVERED':
                free += hold
            taken[key] = submit.tag, free


def true_content(facts):
    """Phones show what was pushed, and nothing that is mixed of two."""
    for display in facts.journal.displays:
        payload = bytes.fromhex(display['payload'])
        tags = sorted(set(map(int, re.findall(rb'p(\d{6})\.', payload))))
        if len(tags) > 1:
            yield f'pushes {tags} were mixed: {display}', tags, display['t']
    for text in checks.wrong_content(facts.journal, facts.pushes.values()):
        yield text, []


# --- the ledger -------------------------------------------------------------

def ledger_true(facts):
    """Every row happened."""
    for tag, rows in facts.ledger.items():
        refused = Counter((one.part, one.status)
                          for one in facts.by_tag.get(tag, []) if one.status)
        for row in rows:
            submit = facts.by_id.get(row.message_id)
            happened = True
            if row.outcome == 'accepted':
                happened = submit and (submit.tag, submit.part) == (
                    tag, row.segment) and submit.status == 0
            elif row.outcome == 'refused':
                refused[row.segment, row.code] -= 1
                happened = refused[row.segment, row.code] >= 0
            elif row.outcome == 'delivered':
                happened = facts.stats(row.message_id) & {'DELIVRD', ''}
            elif row.outcome == 'not delivered':
                happened = facts.stats(row.message_id) - {'DELIVRD'}
            if not happened:
                yield f'push {tag}: {row} did not happen', [tag]


def ledger_complete(facts):
    """Every answer and receipt is on record, unless it got lost with a
    process or a link; and every submit has a copy there."""
    known = Counter((row.message_id, row.outcome)
                    for row in facts.evidence.ledger)
    for submit in facts.journal.submits:
        if submit.status == 0 and not known[submit.message_id, 'accepted'] \
                and not facts.may_be_lost(submit.link, submit.answered):
            yield (f'the ledger does not know {submit}', [submit.tag],
                   submit.answered)
    for at, message_id, link in facts.taken:
        submit, stats = facts.by_id.get(message_id), facts.stats(message_id)
        for stat, outcome in (('DELIVRD', 'delivered'),
                              ('UNDELIV', 'not delivered')):
            if submit and stats == {stat} and \
                    known[message_id, 'accepted'] and \
                    not known[message_id, outcome] and \
                    not facts.may_be_lost(link, at):
                yield (f'the ledger does not know the receipt {stat} of '
                       f'{submit}', [submit.tag], at)
    yield from _copies(facts)


def _copies(facts):
    stale = {one.tag for one in facts.stale}
    for tag, submits in facts.by_tag.items():
        copies = {(row.segment, row.copy) for row in facts.ledger.get(tag, [])
                  if row.outcome in ('accepted', 'refused', 'in doubt')}
        recorded = Counter(segment for segment, _ in copies)
        for part, count in Counter(one.part for one in submits).items():
            if count > recorded[part] and tag not in stale and \
                    facts.result(tag):
                yield (f'push {tag}: segment {part} was sent {count} times, '
                       f'the ledger has {recorded[part]} copies', [tag])


# --- the processes ----------------------------------------------------------

_BAD = re.compile(r'^.*(PANIC|[Aa]ssertion|Sanitizer|runtime error|'
                  r'no event \w+ in state|contradicts|'
                  r'deadlock detected|not unique).*', re.MULTILINE)


def processes_sound(facts):
    """None ends by itself, unless it was started without a database; no log
    says that something impossible happened."""
    for life in facts.evidence.lives:
        if life.how == 'by itself' and not (
                'database' in life.said or facts.in_trouble(
                    life.begin - 1, life.begin + 10)
                and life.end - life.begin < 15):
            yield f'{life.name} ended by itself: {life.said}', [], life.end
    for name, text in facts.evidence.logs.items():
        if name == 'smsbox':    # not under test, and impatient
            continue
        for found in _BAD.finditer(text):
            yield f'{name}: {found[0][:300]}', []


CHECKS = [
    ('one result', one_result),
    ('one notification', one_notification),
    *chaos_sending.CHECKS,
    ('true result', true_results),
    ('same octets', same_octets),
    ('true content', true_content),
    ('ledger true', ledger_true),
    ('ledger complete', ledger_complete),
    ('sound processes', processes_sound),
]
