"""How tests/chaos judges what left for the SMSC: in order, over one link, one
group at a time for a phone, only doubt sent again, inside its clocks, and
nothing after a stop or a lost lease. As all its checks, these are generators
of violations: (text, pushes that it is about, time).
"""

from chaos_facts import LEASE_MIN
from chaos_schedule import PERMANENT

SLACK = 0.5         # seconds of grace for what a timer decides


# --- order, repeats, receivers ----------------------------------------------

def in_order(facts):
    """Segment by segment; an attempt begins with the first; no more attempts
    than the result says."""
    on_delivery = facts.schedule.convoy['advance-on'] == 'delivered'
    for tag in facts.by_tag:
        submits = facts.sent(tag)
        if any(map(facts.blurred, submits)):
            continue
        current, copies, begun = 0, [], 1
        for submit in submits:
            if submit.part == current + 1:
                if current and not any(_reached(facts, one, submit,
                                                on_delivery)
                                       for one in copies):
                    yield (f'{submit} left, and no copy of the segment '
                           'before had come through', [tag], submit.sent)
                current, copies = submit.part, []
            elif submit.part == 1 and current > 1:
                begun += 1
                current, copies = 1, []
            elif submit.part != current:
                yield (f'{submit} left when segment {current} had',
                       [tag], submit.sent)
                break
            copies.append(submit)
        if begun > facts.attempts(tag):
            yield (f'push {tag} was begun {begun} times in '
                   f'{facts.attempts(tag)} attempts', [tag])


def _reached(facts, before, submit, on_delivery):
    if before.status != 0 or before.answer_number > submit.number:
        return False
    return not on_delivery or any(
        stat == 'DELIVRD' and at <= submit.sent
        for at, stat, _ in facts.receipts.get(before.message_id, []))


def repeated_in_doubt(facts):
    """Within an attempt only what was in doubt is sent again."""
    for tag in facts.by_tag:
        before = None
        for submit in facts.sent(tag):
            same = before and before.part == submit.part and (
                submit.part > 1 or facts.attempts(tag) == 1)
            if same and facts.known(before, submit.sent) and \
                    not facts.blurred(submit):
                yield (f'{submit} repeats {before}, which was accepted '
                       f'{submit.sent - before.answered:.2f} s before',
                       [tag], submit.sent)
            before = submit


def one_group_per_receiver(facts):
    """Attempts to one phone do not interleave, and wait for each other's
    answers."""
    wait = facts.schedule.seconds('answer-timeout') - SLACK
    stale = {one.number for one in facts.stale}
    last, reached = {}, {}      # by receiver; last part by (receiver, tag)
    for submit in facts.journal.submits:
        if submit.number in stale:
            continue
        before = last.get(submit.dst)
        last[submit.dst] = submit
        key = submit.dst, submit.tag
        tags = [submit.tag, before.tag if before else None]
        sharp = not (facts.blurred(submit)
                     or before and facts.blurred(before))
        if before and before.tag != submit.tag and sharp:
            if key in reached and (submit.part > 1
                                   or facts.attempts(submit.tag) == 1):
                yield (f'{submit} goes on after {before} of another push',
                       tags, submit.sent)
            open_still = (before.answer_number or 1e99) > submit.number \
                and before.link not in _lost_before(facts, submit)
            if open_still and submit.sent - before.sent < wait:
                yield (f'{submit} left before the answer to {before}',
                       tags, submit.sent)
        if submit.status in (None, 0):
            reached[key] = submit.part      # else nothing of it has begun


def _lost_before(facts, submit):
    return {link for link, at in facts.lost.items()
            if at <= submit.sent + 0.05}


def one_link(facts):
    """An attempt stays on one link as long as one owner has it."""
    serials = {}
    for tag, rows in facts.ledger.items():
        before = None
        for row in rows:
            submit = facts.by_id.get(row.message_id)
            if row.outcome != 'accepted' or submit is None:
                continue
            if serials.setdefault(submit.link, row.link) != row.link:
                yield (f'link {submit.link} of the SMSC is {row.link} and '
                       f'{serials[submit.link]}', [tag])
            if before and before[0].attempt == row.attempt and \
                    before[0].link != row.link and \
                    _one_owner(facts, before[1], submit):
                yield (f'{submit} left over another link than {before[1]} '
                       f'of attempt {row.attempt}', [tag], submit.sent)
            before = row, submit


def _one_owner(facts, before, submit):
    """Surely so: one process, and nothing that moves leases."""
    life = facts.life(before)
    others = [one for one in facts.evidence.lives
              if one.name.startswith('bearerbox') and one is not life]
    moved = any(before.sent - 20 < moment < submit.sent
                for one in others for moment in (one.begin, one.end))
    return (life is facts.life(submit) and not moved
            and not facts.in_trouble(before.sent - 20, submit.sent)
            and not any(facts.stood_still(box, before.sent - 20, submit.sent,
                                          LEASE_MIN)
                        for box in facts.schedule.bearerboxes))


# --- clocks, and when nothing more may leave --------------------------------

def inside_clocks(facts):
    """Not before its time, not after its deadline or end, and the segments
    of an attempt within the window."""
    lifetime = facts.schedule.seconds('lifetime')
    for tag, push in facts.pushes.items():
        row = facts.result(tag)
        for submit in facts.sent(tag):
            if facts.blurred(submit):
                continue
            if push.after and submit.sent < push.after - SLACK:
                yield f'{submit} before its time', [tag], submit.sent
            if row is None:
                continue
            begun = max(row.stored_at.timestamp(), push.after or 0)
            deadline = push.before or begun + lifetime
            if submit.sent > deadline + SLACK:
                yield f'{submit} after its deadline', [tag], submit.sent
            if submit.sent > row.ended_at.timestamp() + 0.02:
                yield (f'{submit} after the end, {row.state} at '
                       f'{row.ended_at}', [tag], submit.sent)
        yield from _inside_window(facts, tag)


def _inside_window(facts, tag):
    window = facts.schedule.seconds('window')
    first = {}
    for row in facts.ledger.get(tag, []):
        submit = facts.by_id.get(row.message_id)
        if row.outcome != 'accepted' or submit is None or \
                facts.is_late(submit) or facts.stood_still(
                    facts.life(submit).name, submit.sent,
                    submit.answered + 1):
            continue
        begin = first.setdefault(row.attempt, submit)
        still = facts.stood_still(facts.life(submit).name, begin.answered,
                                  submit.sent + 1)
        if submit.sent > begin.answered + window + SLACK and not still and \
                not facts.blurred(submit) and submit not in facts.stale:
            yield (f'{submit} left {submit.sent - begin.answered:.1f} s '
                   f'after {begin}', [tag], submit.sent)


def stopped(facts):
    """After a refusal for good, once on record, nothing of a push leaves.
    One that comes after the answer time-out stops nothing."""
    for tag, rows in facts.ledger.items():
        late = {row.copy for row in rows if row.outcome == 'in doubt'}
        refused = [row for row in rows if row.outcome == 'refused'
                   and row.code == PERMANENT and row.copy not in late]
        for submit in facts.sent(tag) if refused else []:
            at = refused[0].at.timestamp()
            if submit.sent > at + 0.02 and not facts.blurred(submit) and \
                    not any(facts.stood_still(box, at - 1, submit.sent)
                            for box in facts.schedule.bearerboxes):
                yield (f'{submit} after {refused[0]}', [tag], submit.sent)


def fenced(facts):
    """A bearerbox whose groups went to another one while it stood still
    sends at most one more segment on each link."""
    for link, count in facts.stale_per_link().items():
        if count > 1:
            some = [one for one in facts.stale if one.link == link]
            yield (f'{facts.lives[link].name} sent {count} segments over '
                   f'link {link} after its lease: {some}',
                   sorted({one.tag for one in some}), some[0].sent)


CHECKS = [
    ('in order', in_order),
    ('only doubt repeats', repeated_in_doubt),
    ('one group per receiver', one_group_per_receiver),
    ('one link', one_link),
    ('clocks', inside_clocks),
    ('rollback stops', stopped),
    ('fenced', fenced),
]
