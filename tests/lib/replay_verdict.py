"""The verdict on a replay: did the gateway keep what the design promises, and
was each push displayed if the record says that it was.

Nothing in a verdict depends on the clock: the same trace, seed and version
give the same one again. (What takes how long is in replay_numbers.py.)
"""

import json

import checks

# Refusals after which nothing of a push may leave: source or destination
# address is wrong.
FOR_GOOD = 0x0a, 0x0b
NOTED = 10          # lines
# Stock's threads race each other: under which segment a link goes down, and
# whether a phone has all parts of a push before it forgets the first, hangs on
# the machine. So many of 100 pushes may fare otherwise there; none may with
# Convoy.
STOCK_LATITUDE = 1


# --- invariants of Convoy ---------------------------------------------------

def one_result(evidence):
    """Accepted pushes have one result for each address, others none."""
    for delivery in evidence.deliveries:
        rows = evidence.results.get(delivery.number, [])
        if len(rows) != delivery.accepted:
            yield (f'{delivery} was answered {delivery.push.code} and has '
                   f'results {[row.state for row in rows]}')
    yield from evidence.strange


def true_result(evidence):
    """What is called delivered is displayed; what is called lost is not."""
    for delivery in evidence.deliveries:
        for row in evidence.results.get(delivery.number, []):
            state, shown = row.state.lower(), evidence.displayed(delivery)
            if checks.is_false(state, shown):
                yield (f'{delivery} is {row.state} ({row.cause}), displayed: '
                       f'{shown}')


def true_notification(evidence):
    """The PI is told the result, and acknowledges it, if it asked for it."""
    for delivery in evidence.deliveries:
        got = evidence.notified.get(delivery.number, [])
        states = {one.state for one in got}
        wanted = {checks.FINAL[row.state]
                  for row in evidence.results.get(delivery.number, [])
                  if delivery.push.wants_result}
        acknowledged = sum(200 <= (one.http or 0) < 300 for one in got)
        if states != wanted or acknowledged != len(wanted):
            yield (f'{delivery} is {wanted or "nothing"}, the PI was told '
                   f'{[(one.state, one.http) for one in got]}')


INVARIANTS = [
    ('every accepted push has one result', one_result),
    ('every result is true', true_result),
    ('the Push Initiator is told it, once', true_notification),
    ('segments leave in order',
     lambda evidence: checks.out_of_order(evidence.journal, True)),
    ('an attempt stays on one link',
     lambda evidence: checks.links_changed(evidence.journal)),
    ('one push at a time to a phone',
     lambda evidence: checks.interleaved(evidence.journal)),
    ('nothing leaves after a refusal for good',
     lambda evidence: checks.sent_after(evidence.journal, FOR_GOOD)),
    ('each cancel names its message',
     lambda evidence: checks.wrong_cancels(evidence.journal)),
    ('copies of a segment are the same octets',
     lambda evidence: checks.references_changed(evidence.journal)),
    ('the ledger tells what happened',
     lambda evidence: checks.ledger_untrue(evidence.ledger,
                                           evidence.journal)),
]


# --- against the record -----------------------------------------------------

def compared(evidence):
    """{what: deliveries}, push by push, of what was sent."""
    found = {'as recorded': [], 'displayed, but not in the record': [],
             'displayed in the record, but not now': [],
             'the record does not say': []}
    for delivery in evidence.deliveries:
        if delivery.push.sent is None:
            continue
        recorded, now = delivery.recorded.displayed, evidence.displayed(
            delivery)
        found['the record does not say' if recorded is None else
              'as recorded' if recorded == now else
              'displayed, but not in the record' if now else
              'displayed in the record, but not now'].append(delivery)
    return found


def told_otherwise(evidence):
    """Where the PI was told another result than in the record, if it was told
    one then, and is told one by this gateway at all."""
    return [f'{one}: {evidence.told(one)}, in the record {one.recorded.told}'
            for one in evidence.deliveries
            if evidence.is_convoy and one.push.sent is not None
            and one.recorded.told not in (None, 'nothing',
                                          evidence.told(one))]


def answered_otherwise(evidence, operations):
    """What of these the PPG answered with another code than in the record."""
    return [f'push {push.number} was answered {push.code}, in the record '
            f'{push.recorded_code}' for push in evidence.pushes.values()
            if push.operation in operations
            and push.sent is not None and push.recorded_code is not None
            and push.code != push.recorded_code]


def not_sent(evidence):
    why = ('the sending was interrupted' if evidence.sending['interrupted']
           else 'it had no answer')
    return [f'push {push.number} was not sent: ' +
            ('body or headers are not known, or it cannot be seen where it '
             'is to be notified' if push.withheld else why)
            for push in evidence.pushes.values() if push.sent is None]


def displayed_by_one(first, second):
    """What one gateway displayed and another, of the same trace, did not."""
    return [f'{one} was displayed by the first only'
            for one, other in zip(first.deliveries, second.deliveries)
            if first.displayed(one) and not second.displayed(other)]


def submits_of_nobody(evidence):
    return [str(one) for one in evidence.submits.get(None, [])]


def verdict(evidence):
    """All of it, as what JSON knows; without any time."""
    found = {
        'gateway': evidence.run['gateway'], 'trace': evidence.run['trace'],
        'seed': evidence.run['seed'],
        'pushes': len(evidence.pushes),
        'not sent': len(not_sent(evidence)),
        'accepted': sum(push.accepted
                        for push in evidence.pushes.values()),
        'displayed': sum(map(evidence.displayed, evidence.deliveries)),
        'not displayed': [str(one) for one in evidence.deliveries
                          if not evidence.displayed(one)],
        'told': told(evidence),
        'against the record': {
            **{what: len(some) if what.startswith(('as', 'the'))
               else list(map(str, some))
               for what, some in compared(evidence).items()},
            'told otherwise': told_otherwise(evidence)}}
    if evidence.is_convoy:
        found['invariants'] = {
            name: list(map(str, check(evidence)))
            for name, check in INVARIANTS}
    return found


def told(evidence):
    """{state: how many addresses the PI was told that of}"""
    found = {}
    for delivery in evidence.deliveries:
        state = evidence.told(delivery)
        found[state] = found.get(state, 0) + 1
    return dict(sorted(found.items()))


# --- as a test --------------------------------------------------------------

def judge(tap, evidence, expected=None, strict=True):
    """A result for each thing that must hold; `expected` is a verdict that it
    must be equal to. What a gateway does otherwise than the record is only
    noted if not `strict`."""
    name = evidence.run['gateway']
    found = verdict(evidence)
    tap.none(not_sent(evidence), f'{name}: every push is sent')
    tap.none(submits_of_nobody(evidence),
             f'{name}: every segment is of one of the pushes')
    for invariant, violations in found.get('invariants', {}).items():
        tap.none(violations, f'{name}: {invariant}')
    worse = found['against the record'][
        'displayed in the record, but not now']
    if strict:
        tap.ok(evidence.run['settled'], f'{name}: nothing was left to be done')
        tap.none(answered_otherwise(evidence, ['push']),
                 f'{name}: every push is answered as it was recorded')
        tap.none(beyond_latitude(evidence, worse),
                 f'{name}: what was displayed in the record is displayed')
    else:
        if not evidence.run['settled']:
            tap.note(f'{name} still had something to do')
        note(tap, [*answered_otherwise(evidence, ['push']), *(
            f'not displayed by {name}, but in the record: {one}'
            for one in worse)])
    # What they are answered hangs on how far the push had come.
    note(tap, answered_otherwise(evidence, ['cancel', 'query']))
    note(tap, [f'told otherwise by {name}: {one}' for one in
               found['against the record']['told otherwise']])
    if expected is not None:
        tap.none(unexpected(evidence, expected, found),
                 f'{name}: the verdict is the one that is expected')
    return found


def beyond_latitude(evidence, deliveries):
    """These, or none of them if their gateway may fail to display so many."""
    latitude = 0 if evidence.is_convoy else STOCK_LATITUDE
    few = 100 * len(deliveries) <= latitude * len(evidence.deliveries)
    return [] if few else deliveries


def unexpected(evidence, expected, found):
    """Where a verdict differs from the expected one, a line each."""
    others = set(expected['not displayed']) ^ set(found['not displayed'])
    if others and not beyond_latitude(evidence, sorted(others)):
        hang_on_it = 'displayed', 'not displayed', 'against the record'
        expected, found = ({key: value for key, value in one.items()
                            if key not in hang_on_it}
                           for one in (expected, found))
    return list(differences(expected, found))


def note(tap, lines):
    tap.note(*lines[:NOTED])
    if len(lines) > NOTED:
        tap.note(f'... {len(lines)} in all')


def differences(expected, found, path=''):
    """Where two verdicts differ: a line each."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in dict.fromkeys([*expected, *found]):
            yield from differences(expected.get(key), found.get(key),
                                   f'{path}{key}: ')
    elif expected != found:
        yield f'{path}expected {shown(expected)}, found {shown(found)}'


def shown(value):
    text = json.dumps(value)
    return text if len(text) <= 300 else text[:300] + '...'
