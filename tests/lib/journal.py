"""The journal of convoy-smsc, as a test judges by it.

Every segment of a test's push bears the push's tag (pushes.py), so that the
journal alone tells which push a submit belongs to: neither the gateway's
concatenation reference nor its database is believed.
"""

import json

from pushes import tag_of


class Submit:
    """One submit_sm and what became of it. `link` is the SMSC's number of
    the connection; `number` counts all submits. `status` is that of the
    answer, None if there was none. Times are seconds since the epoch.
    `cancels` are the events of its cancel_sms."""

    __slots__ = ('number', 'tag', 'dst', 'ref', 'part', 'total', 'link',
                 'sent', 'status', 'answered', 'answer_number', 'message_id',
                 'validity', 'priority', 'receipt', 'cancels', 'message')

    def __init__(self, number, event):
        self.number = number
        self.message = bytes.fromhex(event['message'])
        self.tag = tag_of(self.message)
        self.dst = event['dst'].lstrip('+')
        self.ref = event['ref']
        self.part, self.total = event['part'] or 1, event['total'] or 1
        self.link, self.sent = event['link'], event['t']
        self.validity, self.priority = event['validity'], event['priority']
        self.status = self.answered = self.answer_number = None
        self.message_id = self.receipt = None
        self.cancels = []

    def __repr__(self):
        status = 'none' if self.status is None else f'{self.status:#x}'
        return (f'#{self.number} push {self.tag} part {self.part}/'
                f'{self.total} to {self.dst} ref {self.ref} link {self.link} '
                f'answer {status} id {self.message_id}')


class Journal:
    def __init__(self, path):
        self.path, self.offset, self.number = path, 0, 0
        self.submits, self.displays, self.others = [], [], []
        self._open, self._by_id = {}, {}
        self._early = {}        # receipts that came before their answer

    def read(self):
        """Takes in what was written since the last time; returns self."""
        with open(self.path, 'rb') as file:
            file.seek(self.offset)
            for line in file:
                if not line.endswith(b'\n'):
                    break
                self.offset += len(line)
                self.number += 1
                self._take(json.loads(line))
        return self

    def _take(self, event):
        kind = event['ev']
        if kind == 'submit':
            submit = Submit(self.number, event)
            self.submits.append(submit)
            self._open[event['link'], event['seq']] = submit
        elif kind in ('answer', 'noanswer'):
            submit = self._open.pop((event['link'], event['seq']), None)
            if submit:
                self._answer(submit, event)
        elif kind == 'receipt':
            submit = self._by_id.get(event['message_id'])
            if submit:
                submit.receipt = event['stat']
            else:
                self._early[event['message_id']] = event['stat']
            self.others.append(event)
        elif kind == 'cancel':
            submit = self._by_id.get(event['message_id'])
            if submit:
                submit.cancels.append(event)
            self.others.append(event)
        elif kind == 'display':
            event['tag'] = tag_of(bytes.fromhex(event['payload']))
            event['dst'] = event['dst'].lstrip('+')
            self.displays.append(event)
        else:
            self.others.append(event)

    def _answer(self, submit, event):
        submit.message_id = event['message_id'] or None
        if event['ev'] == 'answer':
            submit.status, submit.answered = event['status'], event['t']
            submit.answer_number = self.number
        if submit.message_id:
            self._by_id[submit.message_id] = submit
            submit.receipt = self._early.pop(submit.message_id, None)

    def events(self, kind):
        return [event for event in self.others if event['ev'] == kind]

    def by_tag(self):
        """The submits of each push, in the order of their arrival."""
        found = {}
        for submit in self.submits:
            found.setdefault(submit.tag, []).append(submit)
        return found

    def accepted(self):
        """How many submits were answered with status 0."""
        return sum(submit.status == 0 for submit in self.submits)
