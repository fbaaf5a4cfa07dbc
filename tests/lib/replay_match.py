"""Which push a segment is of. Nothing of a PAP request but its content gets
to the SMSC, so that the content tells: of the pushes to that phone that had
been sent by then it is the one with which the segment shares the most runs of
octets. Pushes of the same content to the same phone are taken in turn."""

RUN = 8         # octets


def runs(octets):
    return {octets[at:at + RUN] for at in range(len(octets) - RUN + 1)}


class Matcher:
    def __init__(self, deliveries):
        self._to = {}                   # dst: [Delivery]
        for delivery in deliveries:
            if delivery.push.sent is not None:
                self._to.setdefault(delivery.dst, []).append(delivery)
        self._known = {}                # (dst, message): Delivery or None
        self._taken = set()             # (number of a delivery, part)

    def mark(self, journal):
        """Gives each submit and display of the journal its tag: the number
        of the delivery, or None."""
        by_id = {}
        for submit in journal.submits:
            submit.tag = self._tag_of(submit)
            if submit.message_id:
                by_id[submit.message_id] = submit.tag
        for display in journal.displays:
            tags = {by_id.get(one) for one in display['message_ids']}
            display['tag'] = tags.pop() if len(tags) == 1 else None

    def _tag_of(self, submit):
        key = submit.dst, submit.message
        if key not in self._known:
            self._known[key] = self._find(submit)
        delivery = self._known[key]
        return delivery and delivery.number

    def _find(self, submit):
        some = [one for one in self._to.get(submit.dst, [])
                if one.push.sent <= submit.sent]
        if len(some) > 1:
            found = runs(submit.message)
            shared = [sum(run in one.push.octets for run in found)
                      for one in some]
            some = [one for one, count in zip(some, shared)
                    if count == max(shared)]
            some = [one for one in some if (one.number, submit.part)
                    not in self._taken] or some
        if not some:
            return None
        self._taken.add((some[0].number, submit.part))
        return some[0]
