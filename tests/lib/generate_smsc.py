"""The model behind a generated trace: a gateway with two links and an SMSC
with phones, by the clock of the trace and without any process.

The gateway sends the segments of a push one after the other without waiting
for answers, over its links in turn, and sends again after AGAIN seconds what
was refused for the time being, and after PATIENCE what was not answered; what
was refused otherwise it gives up. It tells the Push Initiator nothing. The
SMSC does what the Scene says.
"""

LINKS = (1, 2)
AGAIN, PATIENCE = 2.0, 8.0
GAP = 0.003                 # between two segments of a push
THROTTLED, SYSTEM_ERROR, NO_SUBSCRIBER, FAILED = 0x58, 0x08, 0x0b, 0x45
SYSTEM_ID = 'gateway'


def microseconds(t):
    return round(t * 1000000)


class Phone:
    """What befalls all pushes to one number."""

    def __init__(self, dst, scene, chance):
        self.dst, self.off = dst, []            # off: [(from, to)]
        self.pushed = []                        # numbers of its pushes
        fates = [(fate, getattr(scene, fate))
                 for fate in ('hopeless', 'failing', 'lost', 'off')]
        self.fate = chance.weighted([*fates, ('fine', 1 - sum(
            share for _, share in fates))])
        self.failing_part = 1 + chance.below(2)

    def on_from(self, t):
        """The first time from t at which it is on."""
        for begin, end in self.off:
            if begin <= t < end:
                return end
        return t


class Model:
    """Takes pushes in the order of their times; `log` is given each thing
    that happens, as log(t, ev, **keys)."""

    def __init__(self, scene, chance, log):
        self.scene, self.chance, self.log = scene, chance, log
        self.references, self.turn, self.ids = 0, 0, 0
        for link in LINKS:
            log(0, 'link', link=link, state='up', system_id=SYSTEM_ID,
                mode='transceiver')
        for link, down, up in scene.flaps:
            log(down, 'link', link=link, state='down', by='smsc')
            log(up, 'link', link=link, state='up', system_id=SYSTEM_ID,
                mode='transceiver')

    def push(self, t, push, phone, segments):
        """Sends it; logs its outcome."""
        if phone.fate == 'off' and not phone.off:
            for_so_long = self.chance.between(*self.scene.off_for)
            begin = max(0, t - self.chance.between(0, for_so_long / 2))
            phone.off.append((begin, begin + for_so_long))
            self.log(begin, 'phone', dst=phone.dst, state='off')
            self.log(begin + for_so_long, 'phone', dst=phone.dst, state='on')
        self.references = (self.references + 1) % 256
        arrived = [self._segment(t + 0.002 + GAP * part, push, phone, part,
                                 segments)
                   for part in range(1, segments + 1)]
        keys = dict(push=push, dst=phone.dst, displayed=None not in arrived,
                    told='nothing')
        settled = t + 60
        if keys['displayed']:
            settled = max(arrived)
            keys['displayed_at'] = microseconds(settled)
        self.log(settled, 'outcome', **keys)

    def _segment(self, t, push, phone, part, total):
        """Until it is accepted or refused for good; when it arrives, or
        None."""
        first, attempt = None, 0
        while True:
            attempt += 1
            link = self._link(t)
            keys = dict(push=push, link=link, dst=phone.dst, part=part,
                        total=total, attempt=attempt, registered=1)
            if total > 1:
                keys['ref'] = self.references
            if first:
                keys['first'] = first
            submit = self.log(t, 'submit', **keys)
            first = first or submit
            status, at = self._answer(t, link, phone, part)
            if status == 0:
                return self._accepted(at, submit, link, phone)
            self.log(at, 'submit_answer', submit=submit, status=status)
            if status in (NO_SUBSCRIBER, FAILED):
                return None
            t = at if status == 'none' else at + AGAIN

    def _link(self, t):
        """The next link in turn that is up."""
        while True:
            self.turn += 1
            link = LINKS[self.turn % len(LINKS)]
            if not any(link == one and down <= t < up + 0.01
                       for one, down, up in self.scene.flaps):
                return link

    def _answer(self, t, link, phone, part):
        """(status, when); "none" if the link is lost before, or the gateway
        gives up."""
        scene, chance = self.scene, self.chance
        at = t + chance.between(0.004, 0.03)
        share = next((share for begin, end, share in scene.bursts
                      if begin <= t < end), 0)
        faults = [(THROTTLED, share), (SYSTEM_ERROR, scene.busy),
                  ('none', scene.silent)]
        status = chance.weighted([*faults, (0, 1 - sum(
            one for _, one in faults))])
        if chance.below(1000) < 1000 * scene.slow:
            at += chance.between(1, 3)
        if phone.fate == 'hopeless' and status == 0:
            status = NO_SUBSCRIBER
        if phone.fate == 'failing' and part == phone.failing_part:
            status = FAILED
        if status == 'none':
            at = t + PATIENCE
        lost = [down for one, down, _ in scene.flaps
                if one == link and t <= down < at]
        return ('none', lost[0]) if lost else (status, at)

    def _accepted(self, t, submit, link, phone):
        self.ids += 1
        message_id = f'{self.ids:x}'
        self.log(t, 'submit_answer', submit=submit, status=0,
                 message_id=message_id)
        if phone.fate == 'lost':
            at, state = t + self.chance.between(1, 4), 'UNDELIV'
        else:
            at = phone.on_from(t + self.chance.between(0.3, 1.5))
            state = 'DELIVRD'
        late = self.chance.below(1000) < 1000 * self.scene.late
        told = at + (self.chance.between(4, 9) if late else
                     self.chance.between(0.02, 0.3))
        self.log(told, 'receipt', submit=submit, message_id=message_id,
                 state=state)
        return at if state == 'DELIVRD' else None
