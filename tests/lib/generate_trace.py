"""Writes a generated trace: pushes by the pace of a Scene, what the model of
gateway and SMSC makes of them, in the order of time, with their numbers."""

import base64
import json
import random

import generate_contents
import push_initiator as pi
from generate_smsc import Model, Phone, microseconds

VERSION = 1
NUMBERED = 'push', 'submit'
# 8-bit references, and by how much pushes may overtake each other.
REFERENCES, NEAR = 256, 8


class Chance:
    """Choices by a seed. Only random() is used: its sequence is promised not
    to change from one version of Python to the next."""

    def __init__(self, seed):
        self._random = random.Random(seed).random

    def between(self, low, high):
        return low + (high - low) * self._random()

    def below(self, count):
        return int(count * self._random())

    def one_of(self, some):
        return some[self.below(len(some))]

    def weighted(self, some):
        """One of [(value, weight), ...]."""
        left = self.between(0, sum(weight for _, weight in some))
        for value, weight in some:
            left -= weight
            if left < 0:
                return value
        return some[-1][0]


class Log:
    """What happened, to be sorted. A thing that others name by its number is
    named by its object until then."""

    def __init__(self):
        self.records = []

    def __call__(self, t, ev, **keys):
        record = dict(ev=ev, t=microseconds(t), **keys)
        self.records.append(record)
        return record

    def in_order(self):
        """The records by time, numbered as the format has it."""
        self.records.sort(key=lambda record: record['t'])
        counts = dict.fromkeys(NUMBERED, 0)
        for record in self.records:
            if record['ev'] in NUMBERED:
                counts[record['ev']] += 1
                record['number'] = counts[record['ev']]
        for record in self.records:
            number = record.get('number')
            named = {key: value['number'] if isinstance(value, dict)
                     else value for key, value in record.items()
                     if key != 'number'}
            if number:
                named = dict(ev=named.pop('ev'), t=named.pop('t'),
                             **{record['ev']: number}, **named)
            yield named


def pushed(scene, seed, count):
    """All records of the trace but the first."""
    chance, log = Chance(f'{scene.name} {seed}'), Log()
    model = Model(scene, chance, log)
    phones = [Phone(f'+46701{number:06}', scene, chance)
              for number in range(max(1, int(count * scene.phones)))]
    times = []
    for _ in range(count):
        begin, end = chance.weighted([((begin, end), share)
                                      for begin, end, share in scene.pace])
        times.append(chance.between(begin, end))
    for number, t in enumerate(sorted(times), 1):
        phone = phone_for(chance, phones, number)
        content = generate_contents.KINDS[chance.weighted(scene.kinds)](
            chance, number)
        push_id = f'{number}.{seed}@{content.pi}.example.com'
        push = log(t, 'push', pi=content.pi, operation='push',
                   push_id=push_id, url='/wappush',
                   headers=[['Content-Type', pi.CONTENT_TYPE]],
                   **body_of(content.body(push_id, phone.dst)))
        log(t + chance.between(0.002, 0.012), 'push_answer', push=push,
            http=202, code=1001)
        model.push(t + 0.001, push, phone, content.segments)
    return log.in_order()


def phone_for(chance, phones, number):
    """Any phone whose pushes before this one cannot have its reference: a
    gateway that counts references for all phones together would mix them up,
    or not, as it happens."""
    while True:
        phone = chance.one_of(phones)
        if all(NEAR < (number - before) % REFERENCES < REFERENCES - NEAR
               for before in phone.pushed):
            phone.pushed.append(number)
            return phone


def body_of(octets):
    try:
        text = octets.decode()
        if '\0' not in text:
            return dict(body=text)
    except UnicodeDecodeError:
        pass
    return dict(body_base64=base64.b64encode(octets).decode())


def write(file, scene, seed, count):
    begin = {'convoy-trace': VERSION, 'begin': scene.begin,
             'source': 'generated', 'program': f'generate {scene.name}',
             'pseudonyms': False, 'seed': str(seed), 'note': scene.note,
             'unknown': ['cancel', 'notification', 'notification_answer']}
    for record in [begin, *pushed(scene, seed, count)]:
        json.dump(record, file, ensure_ascii=False, separators=(',', ':'))
        file.write('\n')
