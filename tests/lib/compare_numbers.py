"""What a comparison comes to: the numbers of one level, a column for each
side, and whether Convoy did what it must.

The SMSC's journal is the witness, for both sides alike. A push that was not
displayed counts as one that never will be, so that nobody's delay is better
for what it loses. Pushes of which both sides met a refusal for good, and
which neither displayed, are counted apart.
"""

import math

import compare_plan as plan
from checks import NEGATIVE, is_false, orphan_segments, percentile

MINUTES = 1, 5, 30
# Segments leave one after the other, each after the answer to the one before:
# what that may cost the median, in seconds. Nothing else may be worse.
COST_OF_ORDER = 0.25


class Outcome:
    """What became of one push: `delay` is the time from the PAP answer to
    the display in seconds, `reachable` the same without the time in which
    the phone was off, both infinite without a display; `told` is what the
    PI was told, or None."""

    def __init__(self, push, displayed, told, begun, spread):
        self.receiver, self.shown, self.told = push.receiver, displayed, told
        self.delay = self.reachable = math.inf
        if displayed:
            self.delay = displayed[0] - push.answered
            self.reachable = self.delay - plan.seconds_off(
                push.receiver, push.answered - begun, displayed[0] - begun,
                spread)

    @property
    def is_false(self):
        """The PI was told what the phone denies."""
        return is_false(self.told, bool(self.shown))


def outcomes(side):
    """The Outcomes of the accepted pushes, by receiver."""
    displayed, told = {}, {}
    for display in side.journal.displays:
        displayed.setdefault(display['tag'], []).append(display['t'])
    for one in side.notifications:
        told[one['push-id']] = one['message-state']
    return {push.receiver: Outcome(push, displayed.get(push.number, []),
                                   told.get(push.push_id), side.begun,
                                   side.spread)
            for push in side.pushes if push.accepted}


def refused_for_good(side):
    """Receivers of whose push a segment was refused for good, at once or by
    its receipt."""
    journal = side.journal
    failed = {event['message_id'] for event in journal.events('fail')
              if event['state'] == plan.PERMANENT_STATE}
    tags = {submit.tag for submit in journal.submits
            if submit.status == plan.PERMANENT_STATUS
            or submit.message_id in failed}
    return {push.receiver for push in side.pushes if push.number in tags}


def share(delays, seconds):
    """In percent, of how many the delay is not above so many seconds."""
    return 100 * sum(delay <= seconds for delay in delays) / len(delays)


class Level:
    """Both sides at one level; `stock` and `convoy` are lists of Outcomes of
    the same pushes, those that were refused for good left out."""

    def __init__(self, stock, convoy):
        self.level = stock.level
        self.sides = {'stock': stock, 'Convoy': convoy}
        found = {name: outcomes(side) for name, side in self.sides.items()}
        self.all = {name: list(some.values())
                    for name, some in found.items()}
        self.hopeless = {
            receiver for receiver in
            refused_for_good(stock) & refused_for_good(convoy)
            if not any(found[name][receiver].shown for name in found)}
        self.fair = {name: [outcome for outcome in some
                            if outcome.receiver not in self.hopeless]
                     for name, some in self.all.items()}

    def numbers(self, name, minutes):
        """{what: number} of one side. `minutes`: those that were waited
        for."""
        side, fair, everything = (self.sides[name], self.fair[name],
                                  self.all[name])
        delays = [outcome.delay for outcome in fair]
        reachable = [outcome.reachable for outcome in fair]
        told = [outcome.told for outcome in everything]
        found = {'pushes accepted': len(everything),
                 'refused by the SMSC for good': len(self.hopeless)}
        for after in minutes:
            found[f'displayed within {after} min, %'] = share(delays,
                                                              60 * after)
        for after in minutes:
            found[f'the same, while the phone was on: {after} min, %'] = \
                share(reachable, 60 * after)
        found.update({
            'answer to display, median, s': percentile(delays, 50),
            'answer to display, p99, s': percentile(delays, 99),
            'p99 while the phone was on, s': percentile(reachable, 99),
            'orphan segments on phones': orphan_segments(side.journal),
            'displayed more than once': sum(
                len(outcome.shown) > 1 for outcome in everything),
            'segments submitted': len(side.journal.submits),
            'PI told: delivered': told.count('delivered'),
            'PI told: not delivered': sum(state in NEGATIVE
                                          for state in told),
            'PI told: unknown': told.count('unknown'),
            'PI told nothing': told.count(None),
            'of these, displayed': sum(
                outcome.told is None and bool(outcome.shown)
                for outcome in everything),
            'PI told what is false': sum(outcome.is_false
                                         for outcome in everything)})
        return found


def worse(stock, convoy):
    """Where Convoy is worse than stock: a line each."""
    less_is_better = ('answer to display, p99, s',
                      'p99 while the phone was on, s',
                      'orphan segments on phones', 'displayed more than once',
                      'PI told nothing')
    found = []
    for what, value in stock.items():
        if what.endswith('%'):
            bad = convoy[what] < value
        elif what == 'answer to display, median, s':
            bad = convoy[what] > value + COST_OF_ORDER
        else:
            bad = what in less_is_better and convoy[what] > value
        if bad:
            found.append(f'{what}: stock {value:.6g}, Convoy '
                         f'{convoy[what]:.6g}')
    return found


def false_results(level):
    """What the PI was told by Convoy and the phone denies: a line each."""
    return [f'{outcome.receiver}: told {outcome.told}, displayed '
            f'{len(outcome.shown)} times' for outcome in level.all['Convoy']
            if outcome.is_false]
