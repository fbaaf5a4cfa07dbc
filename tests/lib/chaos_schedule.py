"""What one seed of tests/chaos does: a pure function of the seed.

A schedule is a configuration, pushes and events. Times are seconds after the
beginning; an event begins at `at` and its effect lasts for `lasts`. Events of
one target never overlap, those of different targets do as they like.

Faults are drawn from what happens to gateways, and scaled to seconds: the
clocks of the configuration are short, so that a seed is over in some twenty
seconds. Only the lease of a bearerbox has its real length.
"""

import random
from dataclasses import dataclass, field

import pushes

BUSY = 9.0              # seconds in which pushes come and faults begin
LEASE = 15.0            # of a bearerbox, fixed in the product
TAKEOVERS = 3           # more of one group would park it
CUT = 0.22              # of the other seeds cut a bearerbox off

# Answers of the SMSC that end a push; none of the others may.
PERMANENT = 0x0b
TEMPORARY = 0x58, 0x14, 0x08, 0x45, 0x64


@dataclass
class Event:
    number: int
    at: float
    what: str
    target: str
    lasts: float = 0.0
    detail: str = ''

    @property
    def lane(self):
        """Events of one lane come one after the other."""
        return 'postgres' if self.what == 'lock' else self.target

    def __str__(self):
        lasts = f' for {self.lasts:.1f} s' if self.lasts else ''
        detail = f' {self.detail!r}' if self.detail else ''
        return (f'{self.number:3}  {self.at:5.2f} s  {self.what} '
                f'{self.target}{detail}{lasts}')


@dataclass
class Schedule:
    seed: int
    boxes: int = 1
    convoy: dict = field(default_factory=dict)
    same_reference: bool = False    # all groups want the same one
    networks: bool = False          # of the boxes, to be cut
    plan: str = ''
    pushes: list = field(default_factory=list)  # (at, Push)
    events: list = field(default_factory=list)

    @property
    def bearerboxes(self):
        return ['bearerbox', 'bearerbox2'][:self.boxes]

    def seconds(self, key):
        """A time of the configuration, in seconds."""
        return float(self.convoy[key].rstrip('s'))

    def without(self, events, some_pushes):
        """A copy with none of these events and pushes (numbers of both)."""
        kept = Schedule(**vars(self))
        kept.events = [one for one in self.events
                       if one.number not in events]
        kept.pushes = [(at, push) for at, push in self.pushes
                       if push.number not in some_pushes]
        return kept

    def without_networks(self):
        """A copy that a kernel can run which lets nobody make networks."""
        kept = self.without({one.number for one in self.events
                             if one.what == 'cut'}, ())
        kept.networks = False
        return kept


def make(seed):
    dice = random.Random(seed)
    schedule = Schedule(seed)
    frozen_holder = seed % 10 == 7
    schedule.boxes = 2 if frozen_holder or dice.random() < 0.6 else 1
    schedule.convoy = _configuration(dice)
    schedule.same_reference = dice.random() < 0.3
    if schedule.same_reference:
        # Longer than phones keep parts, or they mix pushes.
        schedule.convoy['reference-hold'] = '600s'
    schedule.plan = _plan(dice)
    schedule.pushes = _pushes(dice, seed)
    schedule.events = _frozen_holder(dice, schedule) if frozen_holder \
        else _events(dice, schedule)
    cut_dice = random.Random(f'partition {seed}')
    if cut_dice.random() < CUT and not frozen_holder:
        schedule.networks = True
        schedule.events.append(_cut(cut_dice, schedule))
        schedule.events.sort(key=lambda event: event.at)
    return schedule


# --- configuration and pushes -----------------------------------------------

def _configuration(dice):
    advance = dice.choice(('accepted', 'accepted', 'accepted', 'delivered'))
    complete = dice.choice(('delivered',) * 4 + ('accepted',))
    return {
        'window': f'{dice.choice((8, 12, 20))}s',
        'answer-timeout': f'{dice.choice((1, 2, 3))}s',
        'max-attempts': str(dice.randint(2, 4)),
        'retry-delay': f'{dice.choice((0.3, 1))}s',
        'retry-delay-max': '2s',
        'segment-retries': str(dice.randint(1, 4)),
        'receipt-timeout': f'{dice.choice((4, 7))}s',
        'reference-hold': f'{dice.choice((0, 3))}s',
        'lifetime': '45s',
        'concat-reference': dice.choice(('8', '16')),
        'advance-on': advance,
        'complete-on': 'delivered' if advance == 'delivered' else complete,
    }


def _pushes(dice, seed):
    phones = [f'+46{seed % 1000:03}{number:05}'
              for number in range(dice.choice((3, 8, 20)))]
    found = []
    for _ in range(dice.choice((25, 45, 70))):
        at = dice.uniform(0, BUSY - 1) if dice.random() < 0.6 else \
            dice.choice((0.0, 1.0, 3.0))
        control = {}
        if dice.random() < 0.3:
            control['priority'] = dice.choice(('low', 'high'))
        push = pushes.Push(dice.choice(phones), dice.randint(1, 8), **control)
        # Offsets to the beginning, made timestamps when it is known.
        push.before = push.after = None
        if dice.random() < 0.15:
            push.before = at + dice.uniform(4, 20)
        if dice.random() < 0.1:
            push.after = at + dice.uniform(0.5, 4)
            if push.before:
                push.before += 5
        found.append((at, push))
    return sorted(found, key=lambda pair: pair[0])


# --- what the SMSC does -----------------------------------------------------

# (line of a plan, its chance to be in it); P is a share of the segments.
_RULES = (
    ('receiver=* status 0x58 {p}%', 0.4),
    ('receiver=* status 0x14 {p}%', 0.1),
    ('receiver=* status 0x08 {p}%', 0.4),
    ('receiver=* status 0x45 {p}%', 0.2),
    ('receiver=* status 0x64 {p}%', 0.2),
    ('receiver=* status 0x0b {few}%', 0.5),
    ('receiver=* noanswer {few}%', 0.4),
    ('receiver=* noanswer-lost {few}%', 0.3),
    ('receiver=* drop {rare}%', 0.15),
    ('receiver=* drop-taken {rare}%', 0.15),
    ('receiver=* late 500ms..4s {few}%', 0.4),
    ('link=1-999 rate {rate}', 0.2),
    ('receipt none {few}%', 0.3),
    ('receipt UNDELIV {few}% after 2ms..2s', 0.4),
    ('receipt EXPIRED {few}% after 2ms..2s', 0.2),
    ('receipt REJECTD {rare}% after 2ms..1s', 0.2),
    ('receipt NOSTAT {rare}% after 2ms..1s', 0.15),
    ('receipt ENROUTE {rare}% after 2ms..1s', 0.15),
    ('receipt DELIVRD {p}% after 1s..6s', 0.3),
    ('interim ENROUTE {p}% after 1ms..500ms', 0.2),
    ('receipt-early {p}%', 0.25),
    ('receipt-twice {p}% after 1ms..2s', 0.25),
    ('receipt-link any 100%', 0.5),
    ('message-id {form} 100%', 0.3),
    ('receiver=* phone-off 1..4s {p}%', 0.2),
    ('deliver 1ms..300ms', 0.3),
)


_REFUSING = '''status 0x08 90%
delay 1..20ms
'''


def _plan(dice):
    lines = [f'delay {dice.choice(("1..10ms", "5..60ms", "50..200ms"))}']
    for text, chance in _RULES:
        if dice.random() < chance:
            lines.append(text.format(
                p=dice.choice((3, 10, 25)), few=dice.choice((1, 3, 6)),
                rare=dice.choice((0.3, 1)), rate=dice.choice((3, 8, 20)),
                form=dice.choice(('hex', 'decimal', 'zeros'))))
    return '\n'.join(lines) + '\n'


# --- what happens to the boxes, the links, the database ---------------------

def _events(dice, schedule):
    """Draws events until there are enough; a target is busy until its last
    event has been over for a moment."""
    boxes = schedule.bearerboxes
    kinds = [
        # what, targets, weight, how long
        ('kill', boxes, 5, (0.1, 2)),
        ('kill', ['wapbox'], 3, (0.1, 2)),
        ('stop', boxes, 4, (0.1, 2)),
        ('stop', ['wapbox'], 2, (0.1, 2)),
        ('freeze', boxes, 4, (0.2, 4)),
        ('freeze', ['wapbox'], 2, (0.2, 4)),
        ('crash', ['postgres'], 3, (0.1, 3)),
        ('freeze', ['postgres'], 2, (0.2, 3)),
        ('lock', ['live', 'ledger', 'lease'], 3, (0.3, 4)),
        ('suspend', boxes, 1, (0.3, 3)),
        ('isolate', boxes, 1, (0.3, 3)),
        ('stop-smsc', boxes, 2, (0.3, 3)),
        ('drop', ['links'], 3, (0, 0)),
        ('unbind', ['links'], 1, (0, 0)),
        ('pause', ['smsc'], 1, (0.2, 2.5)),
        ('phones-off', ['phones'], 2, (1, 5)),
        ('plan', ['smsc'], 3, (0, 0)),
    ]
    if schedule.boxes == 2:
        kinds.append(('freeze', boxes, 3, (LEASE, LEASE + 3)))
    weights = [kind[2] for kind in kinds]
    found, free_at, takeovers = [], {}, 0
    for number in range(1, dice.choice((1, 3, 6, 9)) + 1):
        what, targets, _, (least, most) = dice.choices(kinds, weights)[0]
        target = dice.choice(targets)
        at, lasts = dice.uniform(0.3, BUSY), dice.uniform(least, most)
        detail = _plan(dice) if what == 'plan' else \
            dice.choice(('all', 'one')) if target == 'links' else ''
        event = Event(number, at, what, target, lasts, detail)
        violent = is_violent(event)
        if (violent and takeovers == TAKEOVERS
                or any(at < end + 1 and begin < at + lasts + 1
                       for begin, end in free_at.get(event.lane, []))):
            continue
        takeovers += violent
        free_at.setdefault(event.lane, []).append((at, at + lasts))
        found.append(event)
    return sorted(found, key=lambda event: event.at)


def is_violent(event):
    """May it make another box take over?"""
    return 'bearerbox' in event.target and (
        event.what == 'kill' or event.lasts > LEASE / 2)


def _cut(dice, schedule):
    """The network of a bearerbox swallows what goes to or comes from the
    database or the SMSC, for a moment or until its leases are over."""
    long = sum(map(is_violent, schedule.events)) < TAKEOVERS \
        and schedule.boxes == 2 and dice.random() < 0.5
    return Event(len(schedule.events) + 1, dice.uniform(1, BUSY / 2), 'cut',
                 dice.choice(schedule.bearerboxes),
                 dice.uniform(LEASE, LEASE + 3) if long
                 else dice.uniform(0.5, 6), dice.choice(('db', 'smsc')))


def _frozen_holder(dice, schedule):
    """Nothing but the worst that a lease is for: a bearerbox with its hands
    full stands still, another one goes on, and the first one wakes up. What
    it has is new and in its back-off: due when it wakes."""
    at = dice.uniform(2.5, 4)
    schedule.pushes += [
        (at - dice.uniform(0.2, 0.45),
         pushes.Push(f'+4699{number:07}', dice.randint(1, 4)))
        for number in range(30)]
    for _, push in schedule.pushes[-30:]:
        push.before = push.after = None
    schedule.pushes.sort(key=lambda pair: pair[0])
    return [Event(1, at - 0.6, 'plan', 'smsc', detail=_REFUSING),
            Event(2, at, 'freeze', dice.choice(schedule.bearerboxes),
                  dice.uniform(LEASE + 1, LEASE + 4)),
            Event(3, at + 2, 'plan', 'smsc', detail='delay 5..60ms\n')]
