"""A replay put together from its folder (replay_run.py) and its trace: what
the gateway accepted, submitted and said of each push, and what phones show."""

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from types import SimpleNamespace

import push_initiator as pi
from journal import Journal
from replay_match import Matcher

CODE = re.compile(r'<(?:response-result|badmessage-response|cancel-result|'
                  r'statusquery-result)\b[^>]*?\bcode\s*=\s*"(\d+)"')
# Events of the journal that a verdict or a number hangs on, beside submits and
# displays.
READ = 'bind', 'link-lost', 'cancel', 'part', 'fail'


@dataclass
class Notification:
    t: float
    http: int               # how it was answered; None: not at all
    state: str
    code: int
    dst: str                # without +


def places(journal):
    """{connection: place}: a link that comes back has its place again."""
    found, free = {}, set()
    events = [event for event in journal.others
              if event['ev'] in ('bind', 'link-lost')]
    for event in events:
        link = event['link']
        if event['ev'] == 'link-lost':
            if link in found:
                free.add(found[link])
        elif event['status'] == 0:
            found[link] = min(free, default=len(set(found.values())) + 1)
            free.discard(found[link])
    return found


class Evidence:
    """`journal` bears the tags of the deliveries, and the places of links in
    place of connections. By the number of a
    delivery: `submits`, `shown` (times at which a phone displayed it),
    `notified` and, of Convoy, `results` and `ledger`, each a list.
    `is_convoy` tells whether there is a database."""

    def __init__(self, trace, folder):
        self.trace, self.folder = trace, folder
        self.pushes, self.deliveries = trace.pushes, trace.deliveries
        with open(f'{folder}/run.json') as file:
            self.run = json.load(file)
        self.notified, self.strange = defaultdict(list), []
        self._read_sent()
        # The one that was accepted bears the name, not one that repeats it.
        self.by_name = {(delivery.push.push_id, delivery.dst): delivery
                        for delivery in sorted(
                            self.deliveries, key=lambda one: one.accepted)}
        self.journal = Journal(f'{folder}/smsc.jsonl').read()
        Matcher(self.deliveries).mark(self.journal)
        self._forget()
        place = places(self.journal)
        for submit in self.journal.submits:
            submit.link = place[submit.link]
        self.submits = self.journal.by_tag()
        self.shown = defaultdict(list)
        for display in self.journal.displays:
            self.shown[display['tag']].append(display['t'])
        self._read_database()

    def _forget(self):
        """Lets go of what nothing reads any more: a third of the memory."""
        self.journal.others = [event for event in self.journal.others
                               if event['ev'] in READ]
        for push in self.pushes.values():
            push.octets = None

    # --- what convoy-replay says --------------------------------------------

    def _read_sent(self):
        with open(f'{self.folder}/sent.jsonl') as file:
            for line in file:
                event = json.loads(line)
                getattr(self, f'_take_{event["ev"]}')(event)

    def _take_begin(self, event):
        self.begin = event['t']

    def _take_sent(self, event):
        self.sending = event

    def _take_withheld(self, event):
        self.pushes[event['push']].withheld = True

    def _take_push(self, event):
        push = self.pushes[event['push']]
        push.sent, push.due, push.http = (event['t'], event['due'],
                                          event['http'])
        push.answered = event['answered']
        code = CODE.search(event['document'])
        push.code = code and int(code[1])

    def _take_notification(self, event):
        found = pi.result(event['document'].encode('latin-1'))
        dst = re.split('[=/]', found['address'] + '/')[1].lstrip('+')
        delivery = next((one for one in self.pushes[event['push']].deliveries
                         if one.dst == dst), None)
        one = Notification(event['t'], event['http'], found['message-state'],
                           int(found['code']), dst)
        if delivery is None:
            self.strange.append(f'a notification of no push: {found}')
        else:
            self.notified[delivery.number].append(one)

    # --- what the database says ---------------------------------------------

    def _read_database(self):
        self.results, self.ledger = defaultdict(list), defaultdict(list)
        try:
            with open(f'{self.folder}/database.json') as file:
                found = json.load(file)
        except FileNotFoundError:
            self.is_convoy = False
            return
        self.is_convoy = True
        tags = {}
        for row in map(as_row, found['results']):
            delivery = self.by_name.get((row.push_id,
                                         row.receiver.lstrip('+')))
            if delivery is None:
                self.strange.append(f'a result of no push: {row}')
                continue
            tags[row.group_id] = delivery.number
            self.results[delivery.number].append(row)
        for row in map(as_row, found['ledger']):
            self.ledger[tags.get(row.group_id)].append(row)

    # --- of one delivery ----------------------------------------------------

    def told(self, delivery):
        """The state that the PI was told at last, or "nothing"."""
        some = self.notified.get(delivery.number)
        return some[-1].state if some else 'nothing'

    def displayed(self, delivery):
        return bool(self.shown.get(delivery.number))

    def time_to_display(self, delivery):
        """Seconds from the sending of the push; infinite without display."""
        if not self.displayed(delivery):
            return float('inf')
        return self.shown[delivery.number][0] - delivery.push.sent


def as_row(values):
    return SimpleNamespace(**values)
