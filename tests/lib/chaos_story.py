"""The shortest story of a violation: what everybody says of the pushes that
it is about, and of their receiver's, in the order of time."""

MOST = 120          # lines


def tell(facts, violation):
    """The lines of the story; times are seconds after the beginning."""
    begin = facts.evidence.begin
    lines = [(at - begin, text) for at, text in _events(facts, violation)]
    lines.sort(key=lambda line: line[0])
    told = [f'{at:8.3f}  {text}' for at, text in lines]
    if len(told) > MOST:
        told[MOST // 2:-MOST // 2] = [f'... {len(told) - MOST} more ...']
    return told


def _events(facts, violation):
    tags = {tag for tag in violation.tags if tag is not None}
    for start, end, what, target in facts.evidence.history:
        yield start, (f"-- {what} {target}, until "
                      f"{end - facts.evidence.begin:.3f}")
    for life in facts.evidence.lives:
        if life.begin:
            yield life.begin, f'-- {life.name} is started'
        if life.how:
            yield life.end, f'-- {life.name} ends: {life.how} {life.said}'
    for tag in tags:
        yield from _of_push(facts, tag)
    yield from _of_smsc(facts, tags)


def _of_push(facts, tag):
    push = facts.pushes.get(tag)
    if push:
        yield (push.answered or 0,
               f'PI: {push}, {push.segments} segments, {push.control}: '
               f'answered {push.codes} {push.desc or ""}')
        for one in facts.evidence.received:
            if one['push-id'] == push.push_id:
                yield one['at'], (f'PI: notified {one["message-state"]} '
                                  f'{one["code"]}, answers {one["status"]}')
    for row in facts.ledger.get(tag, []):
        yield row.at.timestamp(), (
            f'ledger {row.id}: push {tag} {row.outcome}, segment '
            f'{row.segment} attempt {row.attempt} copy {row.copy} link '
            f'{row.link} id {row.message_id} {row.code} {row.text or ""}')
    for row in facts.results.get(tag, []):
        yield row.ended_at.timestamp(), (
            f'result: push {tag} {row.state} {row.code} "{row.cause}" after '
            f'{row.attempt} attempts, stored '
            f'{row.stored_at.timestamp() - facts.evidence.begin:.3f}')


def _of_smsc(facts, tags):
    ids = set()
    stale = {one.number for one in facts.stale}
    for submit in facts.journal.submits:
        if submit.tag in tags:
            ids.add(submit.message_id)
            box = facts.lives[submit.link].name
            old = ', STALE' if submit.number in stale else ''
            yield submit.sent, f'SMSC: {box} submits {submit}{old}'
            if submit.answered:
                yield submit.answered, (f'SMSC: answers #{submit.number} '
                                        f'{submit.status:#x}')
    ids.discard(None)
    for event in facts.journal.others:
        if event.get('message_id') in ids:
            rest = {key: value for key, value in event.items()
                    if key not in ('t', 'ev', 'src')}
            yield event['t'], f'SMSC: {event["ev"]} {rest}'
    for display in facts.journal.displays:
        if display['tag'] in tags:
            yield display['t'], f'phone {display["dst"]} shows push ' \
                                f'{display["tag"]}'
    for link, at in facts.lost.items():
        yield at, f'SMSC: link {link} of {facts.lives[link].name} is lost' \
            if link in facts.lives else f'SMSC: link {link} is lost'
