"""What must hold, whatever the gateway and the faults: each check returns a
list of violations, one line each, and an empty list if there are none.

The journal of the SMSC is the witness; the gateway's own database is compared
with it, never believed alone.
"""

from collections import Counter

import wsp

# Final states of a group, as a result notification spells them.
FINAL = {'DELIVERED': 'delivered', 'UNDELIVERABLE': 'undeliverable',
         'EXPIRED': 'expired', 'CANCELLED': 'cancelled',
         'UNKNOWN': 'unknown', 'REJECTED': 'rejected'}
# Those of them that say that the phone displays nothing.
NEGATIVE = 'undeliverable', 'expired', 'cancelled'

# Answers to a cancel_sm that say nothing of the message: system error, queue
# full, throttled, temporary error.
NOT_NOW = (0x08, 0x14, 0x58, 0x64)


# --- results ----------------------------------------------------------------

def is_false(state, shown):
    """Is this state denied by what the phone shows?"""
    return state == 'delivered' and not shown or state in NEGATIVE and shown


def wrong_results(pushes, results, state='DELIVERED'):
    """Every accepted push has exactly one result, in this state (or in that
    of a function of the push); no other push has one."""
    found = {}
    for row in results:
        found.setdefault(row.push_id, []).append(row)
    violations = []
    for push in pushes:
        rows = found.pop(push.push_id, [])
        wanted = state(push) if callable(state) else state
        if not push.accepted:
            wrong = bool(rows)
        else:
            wrong = [row.state for row in rows] != [wanted]
        if wrong:
            violations.append(
                f'{push} answered {push.codes}, wanted {wanted}, results: '
                f'{[(row.state, row.code, row.cause) for row in rows]}')
    violations += [f'a result of nobody\'s push: {rows}'
                   for rows in found.values()]
    return violations


def wrong_notifications(pushes, received, state='DELIVERED', repeats=False):
    """Every accepted push is notified exactly once (at least once, all alike,
    if repeats are allowed), and truly."""
    found = {}
    for one in received:
        found.setdefault(one['push-id'], []).append(one)
    violations = []
    for push in pushes:
        got = found.pop(push.push_id, [])
        wanted = FINAL[state(push) if callable(state) else state]
        true = (wanted, f'wappush={push.receiver}/type=plmn@ppg',
                wanted != 'delivered')
        said = {(one['message-state'], one['address'].lower(),
                 int(one['code']) >= 2000) for one in got}
        if push.accepted != bool(got) or said - {true} or (
                len(got) > 1 and not repeats):
            violations.append(f'{push} answered {push.codes}, wanted '
                              f'{wanted}, notified {got}')
    violations += [f'a notification of nobody\'s push: {got}'
                   for got in found.values()]
    return violations


# --- the way of the segments ------------------------------------------------

def attempts(submits):
    """Parts the submits of one push into attempts: one begins with segment 1
    sent again after it was accepted, or after a later segment."""
    found, reached = [], 0
    for submit in submits:
        if not found or submit.part == 1 and reached:
            found.append([])
            reached = 0
        found[-1].append(submit)
        if submit.status == 0 or submit.part > 1:
            reached = submit.part
    return found


def out_of_order(journal, doubtful=False):
    """Within an attempt segment k+1 is submitted only after segment k was
    accepted. With `doubtful`, a segment may be repeated, and the next may
    follow one whose answer was lost with the process that waited for it."""
    violations = []
    for submits in journal.by_tag().values():
        for attempt in attempts(submits):
            owed, accepted_at = 1, 0
            for submit in attempt:
                repeated = doubtful and submit.part == owed - 1
                if (submit.part != owed and not repeated
                        or submit.number < accepted_at):
                    violations.append(f'segment {owed} was owed: {submit}')
                    break
                if submit.status == 0:
                    owed = submit.part + 1
                    accepted_at = submit.answer_number
    return violations


def links_changed(journal):
    """From its first accepted segment on an attempt stays on one link."""
    violations = []
    for submits in journal.by_tag().values():
        for attempt in attempts(submits):
            while attempt and attempt[0].status != 0:
                attempt = attempt[1:]
            if len({submit.link for submit in attempt}) > 1:
                violations.append(str(attempt))
    return violations


def interleaved(journal):
    """Per receiver, attempts of different pushes never overlap: one begins
    after the last answer to the one before, and none is gone back to."""
    violations, last, ended = [], {}, {}
    names = {}
    for tag, submits in journal.by_tag().items():
        for count, attempt in enumerate(attempts(submits)):
            names.update((submit.number, (tag, count)) for submit in attempt)
    for submit in journal.submits:
        before = last.get(submit.dst)
        last[submit.dst] = submit
        name = names[submit.number]
        if before is None or names[before.number] == name:
            continue
        over = ended.setdefault(submit.dst, set())
        over.add(names[before.number])
        if name in over:
            violations.append(f'{submit} after {before}: two groups at once')
        elif (before.answer_number or 0) > submit.number:
            violations.append(f'{submit} before the answer to {before}')
    return violations


def sent_after(journal, final):
    """Nothing of a push is submitted after an answer whose status is in
    `final`."""
    violations = []
    for submits in journal.by_tag().values():
        refused = None
        for submit in submits:
            if refused:
                violations.append(f'{submit} after {refused}')
            elif submit.status in final:
                refused = submit
    return violations


def wrong_cancels(journal):
    """Each cancel_sm names one message that this gateway has submitted, with
    the addresses of its submit: never none, which would mean every message
    to that phone."""
    known = {submit.message_id for submit in journal.submits}
    return [f'cancels nothing of ours: {event}'
            for event in journal.events('cancel')
            if event['wildcard'] or not event['message_id']
            or event['result'] in ('unknown', 'address mismatch')
            or event['message_id'] not in known]


def repeated(submits):
    """How many submits of one push repeat a segment."""
    return len(submits) - len({submit.part for submit in submits})


def incomplete(journal, pushes, times=(1,)):
    """Every one of the pushes was displayed, as often as `times` allows."""
    shown = Counter(display['tag'] for display in journal.displays)
    return [f'{push} was displayed {shown[push.number]} times'
            for push in pushes if shown[push.number] not in times]


def references_changed(journal):
    """All copies of a segment are the same octets."""
    seen, violations = {}, []
    for submit in journal.submits:
        first = seen.setdefault((submit.tag, submit.part), submit)
        if first.message != submit.message:
            violations.append(f'{submit} differs from {first}')
    return violations


# --- what the phone shows ---------------------------------------------------

def wrong_content(journal, pushes, decode=5):
    """What was displayed is what was pushed: some are decoded by wbxml2xml
    and compared, of the others each octet with those, but for the tag."""
    pushes = {push.number: push for push in pushes}
    samples, violations = {}, []
    for display in journal.displays:
        tag = display['tag']
        if tag not in pushes:
            violations.append(f'nobody pushed {display}')
            continue
        push = pushes[tag]
        payload = bytes.fromhex(display['payload'])
        if display['dst'] != push.receiver.lstrip('+'):
            violations.append(f'{push} was displayed by {display["dst"]}')
        if display['total'] not in (push.segments, None):
            violations.append(f'{push} came in {display["total"]} segments')
        # Its first octet is the transaction id.
        neutral = payload[1:].replace(b'p%06d.' % tag, b'p000000.')
        known = samples.setdefault(push.segments, set())
        if neutral in known:
            continue
        known.add(neutral)
        if len(known) > decode:
            violations.append(f'{push}: yet another payload {neutral!r}')
            continue
        try:
            _, body = wsp.push_body(payload)
            if not wsp.same_document(wsp.decode_wbxml(body), push.document):
                violations.append(f'{push} was displayed as {body!r}')
        except ValueError as error:
            violations.append(f'{push}: {error}')
    return violations


# --- the ledger -------------------------------------------------------------

def ledger_of(rows, results, pushes):
    """The ledger by tag: {tag: [row, ...]} in the order of writing."""
    tags = {push.push_id: push.number for push in pushes}
    groups = {row.group_id: tags.get(row.push_id) for row in results}
    found = {}
    for row in rows:
        found.setdefault(groups.get(row.group_id), []).append(row)
    return found


def _expected(submits):
    """The ledger rows that the journal demands of one push."""
    rows = []
    for submit in submits:
        if submit.status is None:
            rows.append(('in doubt', submit.part, None))
        elif submit.status == 0:
            rows.append(('accepted', submit.part, submit.message_id))
        else:
            rows.append(('refused', submit.part, submit.status))
        if submit.receipt == 'DELIVRD' and submit.status == 0:
            rows.append(('delivered', submit.part, submit.message_id))
        elif submit.receipt and submit.status == 0:
            rows.append(('not delivered', submit.part, submit.message_id))
        rows += [('too late to cancel' if status else 'cancelled',
                  submit.part, submit.message_id)
                 for status in (event['status'] for event in submit.cancels)
                 if status is not None and status not in NOT_NOW]
    return rows


def _said(row):
    """One ledger row in the terms of _expected()."""
    if row.outcome == 'refused':
        return row.outcome, row.segment, row.code
    if row.outcome == 'in doubt':
        return row.outcome, row.segment, None
    return row.outcome, row.segment, row.message_id


def ledger_differs(ledger, journal, restart=False, outage=False):
    """The ledger has exactly the rows that the journal demands, in the
    order of the submits, and each of the gateway's links is one of the
    SMSC's, unless the gateway began to count anew after a restart. After an
    outage of the database it may doubt a segment that was never sent: the
    claim of its group was committed, and the answer lost. What was not sent
    to the SMSC at all its journal cannot tell."""
    violations, links = [], {}
    by_tag = journal.by_tag()
    for tag in ledger.keys() | by_tag.keys():
        rows = [row for row in ledger.get(tag, [])
                if row.outcome != 'not sent']
        submits = by_tag.get(tag, [])
        said, expected = Counter(map(_said, rows)), Counter(
            _expected(submits))
        more, less = said - expected, expected - said
        if outage:
            more = Counter(row for row in more.elements()
                           if row[0] != 'in doubt')
        if more or less:
            violations.append(f'push {tag}: only in the ledger {list(more)}, '
                              f'only in the journal {list(less)}')
            continue
        ids = {submit.message_id: submit for submit in submits}
        accepted = [row for row in rows if row.outcome == 'accepted']
        if [row.message_id for row in accepted] != [
                submit.message_id for submit in submits
                if submit.status == 0]:
            violations.append(f'push {tag}: not in the order of the submits')
        for row in accepted:
            links.setdefault(row.link, set()).add(ids[row.message_id].link)
    for link, found in links.items():
        if len(found) > 1 and not restart:
            violations.append(f'link {link} of the ledger is {found}')
    return violations


def _sent_although_accepted(tag, rows):
    """Segments of one push that were accepted twice in an attempt, although
    no owner had doubted, before the first acceptance was in the ledger,
    whether they were sent at all. (A box that is frozen tells of what it
    knows only after another has taken over.)"""
    violations, doubted, accepted = [], set(), {}
    for row in rows:                    # in the order of writing
        key = row.attempt, row.segment
        if row.outcome == 'in doubt':
            doubted.add(key)
        elif row.outcome == 'accepted':
            if key in accepted and not accepted[key]:
                violations.append(f'push {tag}: segment {row.segment} was '
                                  f'accepted twice in attempt {row.attempt}')
            accepted.setdefault(key, key in doubted)
    return violations


def ledger_untrue(ledger, journal):
    """After a crash: every row tells what happened, and a segment whose
    acceptance was committed was not sent again in that attempt."""
    violations = []
    by_tag = journal.by_tag()
    for tag, rows in ledger.items():
        submits = by_tag.get(tag, [])
        true = set(_expected(submits))
        for row in rows:
            if row.outcome in ('accepted', 'refused', 'delivered',
                               'not delivered', 'cancelled',
                               'too late to cancel') and _said(row) not in true:
                violations.append(f'push {tag}: {row} did not happen')
        violations += _sent_although_accepted(tag, rows)
        known = {row.message_id for row in rows if row.outcome == 'accepted'}
        violations += [f'push {tag}: the ledger does not know {submit}'
                       for submit in submits if submit.status == 0
                       and submit.message_id not in known
                       and not _repeated_later(submit, submits)]
    return violations


def _repeated_later(submit, submits):
    return any(other.part == submit.part and other.number > submit.number
               for other in submits)


# --- numbers ----------------------------------------------------------------

def percentile(values, percent):
    """The nearest-rank percentile of a non-empty list."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def orphan_segments(journal):
    """Segments that arrived at phones as parts of what was never displayed,
    whether a phone has forgotten them or not."""
    arrived = sum(event['result'] in ('kept', 'complete')
                  for event in journal.events('part'))
    return arrived - sum(display['total'] for display in journal.displays
                         if display['ref'] is not None)


def spreads(journal):
    """Seconds from the first to the last acceptance of each push of which
    no segment went unanswered."""
    found = []
    for submits in journal.by_tag().values():
        if any(submit.status is None for submit in submits):
            continue
        accepted = [submit.answered for submit in submits
                    if submit.status == 0]
        if accepted:
            found.append(accepted[-1] - accepted[0])
    return found


def summary(journal, pushes):
    """How many of the pushes came in order, over one link and complete, in
    percent of those of which anything was sent, and the spread."""
    by_tag = journal.by_tag()
    in_order = one_link = 0
    for submits in by_tag.values():
        accepted = [submit for submit in submits if submit.status == 0]
        parts = [submit.part for submit in accepted]
        in_order += parts == sorted(parts)
        one_link += len({submit.link for submit in accepted}) == 1
    shown = {display['tag'] for display in journal.displays}
    count = max(1, len(by_tag))
    return dict(in_order=100 * in_order / count,
                one_link=100 * one_link / count,
                complete=100 * len(shown) / max(1, len(pushes)),
                spread=percentile(spreads(journal) or [0], 99))
