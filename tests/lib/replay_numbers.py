"""What a replay comes to in numbers. The journal of the SMSC is the witness,
for every gateway alike. A push that was not displayed counts as one that never
is, so that nobody's delay is better for what it loses."""

import math
from collections import Counter

from checks import NEGATIVE, is_false, orphan_segments, percentile
from replay_verdict import FOR_GOOD
from tables import rows_of

PERCENTS = (50, 'median'), (95, 'p95'), (99, 'p99')
THROTTLED = 0x58


def load(evidence):
    """{link: Counter of submits by the second since the begin}"""
    found = {}
    for submit in evidence.journal.submits:
        second = math.floor(submit.sent - evidence.begin)
        found.setdefault(submit.link, Counter())[second] += 1
    return dict(sorted(found.items()))


def times_to_display(evidence):
    return [evidence.time_to_display(one) for one in evidence.deliveries
            if one.push.sent is not None]


def spreads(evidence):
    """Seconds from the first to the last acceptance, of each push of two or
    more segments of which all were accepted."""
    found = []
    for tag, submits in evidence.submits.items():
        accepted = [one for one in submits if one.status == 0]
        if tag is not None and submits[0].total > 1 and \
                len({one.part for one in accepted}) == submits[0].total:
            times = [one.answered for one in accepted]
            found.append(max(times) - min(times))
    return found


def refused_for_good(evidence):
    """How many were never displayed of which the SMSC refused a segment for
    good, at once or after it had taken it."""
    failed = {event['message_id'] for event in
              evidence.journal.events('fail')}
    return sum(any(one.status in FOR_GOOD or one.message_id in failed
                   for one in evidence.submits.get(delivery.number, []))
               for delivery in evidence.deliveries
               if not evidence.displayed(delivery))


def shares(evidence):
    """(in order, on one link, links per push) of those with two segments or
    more, the first two in percent."""
    orders, links = [], []
    for tag, submits in evidence.submits.items():
        if tag is None or submits[0].total == 1:
            continue
        accepted = [one for one in submits if one.status == 0]
        parts = [one.part for one in accepted]
        orders.append(parts == sorted(parts))
        links.append(len({one.link for one in submits}))
    count = max(1, len(orders))
    return (100 * sum(orders) / count,
            100 * sum(one == 1 for one in links) / count,
            sum(links) / count)


def numbers(evidence):
    """{what: number}, in the order of a table."""
    deliveries = [one for one in evidence.deliveries
                  if one.push.sent is not None]
    told = Counter(map(evidence.told, deliveries))
    submits = evidence.journal.submits
    in_order, one_link, links = shares(evidence)
    loads = load(evidence)
    found = {
        'pushes sent': sum(push.sent is not None
                           for push in evidence.pushes.values()),
        'pushes accepted': sum(push.accepted
                               for push in evidence.pushes.values()),
        'displayed whole, %': 100 * sum(map(
            evidence.displayed, deliveries)) / max(1, len(deliveries)),
        'never displayed': sum(not evidence.displayed(one)
                               for one in deliveries),
        'of these, refused by the SMSC for good': refused_for_good(evidence),
        'displayed more than once': sum(
            len(evidence.shown.get(one.number, [])) > 1
            for one in deliveries),
        'orphan segments on phones': orphan_segments(evidence.journal)}
    for name, some in (('time to display', times_to_display(evidence)),
                       ('spread of segments', spreads(evidence))):
        for percent, word in PERCENTS:
            found[f'{name}, {word}, s'] = percentile(some or [0], percent)
    found.update({
        'segments in order, % of pushes': in_order,
        'on one link, % of pushes': one_link,
        'links per push': links,
        'segments submitted': len(submits),
        'of these, throttled': sum(one.status == THROTTLED
                                   for one in submits),
        'peak load of a link, submits/s': max(
            (max(one.values()) for one in loads.values()), default=0),
        'load of the busiest link, %': 100 * max(
            (sum(one.values()) for one in loads.values()),
            default=0) / max(1, len(submits)),
        'PI told: delivered': told['delivered'],
        'PI told: not delivered': sum(told[state] for state in NEGATIVE),
        'PI told: unknown': told['unknown'],
        'PI told nothing': told['nothing'],
        'PI told what is false': sum(
            is_false(evidence.told(one), evidence.displayed(one))
            for one in deliveries),
        'sent late, median, ms': evidence.sending['late_p50_us'] / 1000,
        'sent late, p99, ms': evidence.sending['late_p99_us'] / 1000,
        'sent late, at most, ms': evidence.sending['late_max_us'] / 1000})
    return found


def table(columns):
    """Lines of text; columns: {name: numbers}."""
    return ['  '.join(row).rstrip() for row in rows_of(columns)]
