"""What happened in a run of tests/chaos, so that the judge can ask for it:
the journal of the SMSC, the results and the ledger by push; which process had
which link; and when news could get lost without anybody's fault.

Nothing here knows how the gateway works, only what it promises: an answer
that a process had for a while, with the database at hand, is on record.
"""

from collections import Counter, defaultdict

import checks

COMMIT = 2.0        # seconds within which news is committed, at the latest
READ = 1.0          # seconds within which a process reads what came
RECONNECT = 3.0     # seconds until all connections to the database are back
LATE = 0.4          # an answer this near to the answer time-out may be late
LEASE_MIN = 8.0     # a bearerbox that stands still as long may lose its lease
AWAKE = 1.0         # seconds after a freeze in which its last segments leave


class Facts:
    def __init__(self, evidence):
        self.evidence, self.schedule = evidence, evidence.schedule
        self.journal = evidence.journal
        self.pushes = {push.number: push for push in evidence.pushes}
        self.by_tag = self.journal.by_tag()
        self.results = self._results_by_tag()
        self.ledger = checks.ledger_of(evidence.ledger, evidence.results,
                                       evidence.pushes)
        self.by_id = {one.message_id: one for one in self.journal.submits
                      if one.message_id}
        self._read_links()
        self._read_copies()
        self._read_receipts()
        self._read_history()
        self.stale = self._stale()

    def _results_by_tag(self):
        tags = {push.push_id: push.number for push in self.evidence.pushes}
        found = defaultdict(list)
        for row in self.evidence.results:
            found[tags.get(row.push_id)].append(row)
        return found

    def result(self, tag):
        """The first result of a push, or None."""
        return self.results[tag][0] if self.results.get(tag) else None

    def attempts(self, tag):
        """How many attempts a push may have had."""
        row = self.result(tag)
        return row.attempt if row else 99

    # --- links and the processes that had them ------------------------------

    def _read_links(self):
        self.lives, self.lost = {}, {}
        for event in self.journal.events('bind'):
            self.lives[event['link']] = max(
                (life for life in self.evidence.lives
                 if life.name == event['system_type']
                 and life.begin <= event['t']),
                key=lambda life: life.begin)
        for event in self.journal.events('link-lost'):
            self.lost[event['link']] = event['t']

    def life(self, submit):
        return self.lives[submit.link]

    # --- submits and their numbers in the ledger ----------------------------

    def _read_copies(self):
        """Accepted ones are found by their message id; of the others of a
        segment those that had the same answer, or none, in turn."""
        self.copies = {}        # submit's number: the copy that it was
        for tag, submits in self.by_tag.items():
            rows, found = self.ledger.get(tag, []), defaultdict(list)
            answered = {row.copy for row in rows
                        if row.outcome in ('accepted', 'refused')}
            for row in rows:
                if row.outcome == 'accepted':
                    found[row.message_id].append(row.copy)
                elif row.outcome == 'refused':
                    found[row.segment, row.code].append(row.copy)
                elif row.outcome == 'in doubt' and row.copy not in answered:
                    found[row.segment, None].append(row.copy)
            for one in submits:
                copies = found[one.message_id if one.status == 0
                               else (one.part, one.status)]
                self.copies[one.number] = copies.pop(0) if copies else None

    # --- receipts and phones ------------------------------------------------

    def _read_receipts(self):
        self.receipts = defaultdict(list)       # id: [(t, stat, link)]
        self.taken = []                         # answered 0: (t, id, link)
        self.arrived = set()                    # (tag, part)
        for event in self.journal.others:
            kind = event['ev']
            if kind == 'receipt':
                self.receipts[event['message_id']].append(
                    (event['t'], event['stat'], event['link']))
            elif kind == 'receipt-answer' and event['status'] == 0:
                self.taken.append((event['t'], event['message_id'],
                                   event['link']))
            elif kind == 'part' and event['message_id'] in self.by_id:
                submit = self.by_id[event['message_id']]
                self.arrived.add((submit.tag, submit.part))

    def stats(self, message_id):
        return {stat for _, stat, _ in self.receipts.get(message_id, [])}

    # --- when news may be lost ----------------------------------------------

    def _read_history(self):
        self.frozen, self.trouble, self.pauses = defaultdict(list), [], []
        for begin, end, what, target in self.evidence.history:
            if target == 'postgres' or what == 'lock':
                self.trouble.append((begin, end + RECONNECT))
            elif what == 'freeze':
                self.frozen[target].append((begin, end))
            elif what == 'pause':
                self.pauses.append((begin, end))
            elif what.startswith('cut'):
                self._note_cut(what, target, begin, end)

    def _note_cut(self, what, target, begin, end):
        """When the network is back, TCP waits as long again at most before
        it repeats what was swallowed: what is written meanwhile arrives."""
        over = end + max(end - begin, RECONNECT)
        if what == 'cut db':
            self.trouble.append((begin, over))
        else:
            self.frozen[target].append((begin, over))
            self.pauses.append((begin, over))

    def in_trouble(self, begin, end):
        """Was the database away, at any time between?"""
        return any(begin < to and start < end for start, to in self.trouble)

    def stood_still(self, name, begin, end, at_least=0):
        return any(begin < to and start < end and to - start >= at_least
                   for start, to in self.frozen[name])

    def quiet(self, name, begin, end):
        """Seconds between in which NAME could work, database and all."""
        spans = sorted((max(start, begin), min(to, end)) for start, to in
                       self.trouble + self.frozen[name]
                       if start < end and begin < to)
        total = end - begin
        for start, to in spans:
            if to > begin:
                total -= to - max(start, begin)
                begin = max(begin, to)
        return total

    def could_record(self, message_id, end):
        """Had a process that took a receipt for it the time to put that on
        record before `end`?"""
        return any(self.quiet(self.lives[link].name, at, end) > COMMIT
                   for at, one, link in self.taken
                   if one == message_id and at < end)

    def may_be_lost(self, link, at):
        """May news that was written to this link at that time have got lost,
        with the link or with the process?"""
        life = self.lives[link]
        if link in self.lost and \
                self.quiet(life.name, at, self.lost[link]) < READ:
            return True
        if life.how is None:
            return False
        if life.how == 'stop':
            return self.in_trouble(at, life.end + COMMIT)
        return self.quiet(life.name, at, life.end) < COMMIT

    def known(self, submit, at):
        """Must whoever sends at that time know that this one was accepted?
        Its own process does as soon as it reads the answer, any other as
        soon as that is on record."""
        return (submit.status == 0 and not self.is_late(submit)
                and submit.answered + READ < at
                and not self.may_be_lost(submit.link, submit.answered)
                and not self.stood_still(self.life(submit).name,
                                         submit.sent, submit.answered + READ))

    def is_late(self, submit):
        """Did its answer come when nobody had to wait for it any more?"""
        limit = self.schedule.seconds('answer-timeout') - LATE
        return (submit.answered is None
                or submit.answered - submit.sent > limit)

    def blurred(self, submit):
        """Was it read when the links had been paused? Then it may have been
        written long before, and is in no order with those of other links."""
        return any(begin - 0.1 < submit.sent < end + 0.5
                   for begin, end in self.pauses)

    # --- a process that stood still -----------------------------------------

    def _stale(self):
        """Submits of a bearerbox that has just woken up, of groups that have
        ended, or went to another one meanwhile and were not given back."""
        found = []
        for tag, submits in self.by_tag.items():
            row = self.result(tag)
            for number, submit in enumerate(submits):
                life = self.life(submit)
                for begin, end in self.frozen[life.name]:
                    if (end - begin < LEASE_MIN
                            or not end - 0.1 < submit.sent < end + AWAKE):
                        continue
                    others = any(self.life(one) is not life
                                 and one.sent > begin
                                 for one in submits[:number])
                    ended = row and row.ended_at.timestamp() < submit.sent
                    if ended or others and \
                            not self._given_back(submits[:number + 1]):
                        found.append(submit)
        return found

    def _given_back(self, submits):
        """Did who sent the last of them know of all before? The ledger
        numbers the copies of a group. One that goes on from memory takes the
        numbers that another gave meanwhile; who is given the group, with its
        ledger, goes on after them."""
        copies = [self.copies[one.number] for one in submits]
        return None not in copies and len(set(copies)) == len(copies)

    def sent(self, tag):
        """The submits of a push, but for the stale ones."""
        stale = {one.number for one in self.stale}
        return [one for one in self.by_tag.get(tag, [])
                if one.number not in stale]

    def stale_per_link(self):
        return Counter(one.link for one in self.stale)
