"""The scenes that tests/replay/generate knows: how much is pushed when, what,
and what goes wrong. Times are seconds of the trace."""

from dataclasses import dataclass


@dataclass
class Scene:
    name: str
    begin: str              # of the trace, UTC
    note: str
    pushes: int             # unless told otherwise
    phones: int             # as a share of the pushes
    pace: list              # [(from, to, share of the pushes)]
    kinds: list             # [(kind, share)]; see generate_contents.py
    bursts: list            # [(from, to, share)]: so many are throttled
    flaps: list             # [(link, down, up)]
    hopeless: float         # share of phones that the SMSC refuses for good
    failing: float          # ... one of whose segments it fails to take
    lost: float             # ... whose messages fail after all
    off: float              # ... that are off when they are pushed to
    off_for: tuple          # for so long, from and to
    silent: float           # share of submits that are not answered
    busy: float             # ... that are answered with a system error
    slow: float             # ... that are answered after seconds
    late: float             # share of receipts that come many seconds late


# Shares of a day, by the hour: a second of the trace each.
DAY = [.4, .3, .2, .2, .3, .8, 2, 5, 8, 9, 8, 7,
       6, 6, 6, 6, 6, 7, 7, 6, 4, 2.5, 1.5, .8]

SCENES = {scene.name: scene for scene in [
    Scene(name='day', begin='2026-03-03T00:00:00Z',
          note='a working day, an hour of it in a second',
          pushes=600, phones=0.6,
          pace=[(hour, hour + 1, share) for hour, share in enumerate(DAY)],
          kinds=[('mail', .35), ('mms', .35), ('news', .2), ('load', .1)],
          bursts=[(8.5, 9, .3), (9.6, 10, .4), (17.2, 17.8, .4)],
          flaps=[(2, 12, 12.8), (2, 13.6, 14.2), (2, 14.9, 15.5)],
          hopeless=.01, failing=.02, lost=.008, off=.06, off_for=(2, 9),
          silent=.002, busy=.008, slow=.01, late=.03),
    Scene(name='peak', begin='2026-12-31T23:59:56Z',
          note="midnight of New Year's Eve",
          pushes=1000, phones=0.8,
          pace=[(0, 4, 12), (4, 5, 25), (5, 7, 35), (7, 10, 20),
                (10, 16, 8)],
          kinds=[('mms', .85), ('mail', .15)],
          bursts=[(4.1, 4.8, .5), (5.3, 6.3, .6), (6.8, 7.2, .4),
                  (8, 8.4, .3)],
          flaps=[(1, 6.4, 7.2)],
          hopeless=.008, failing=.03, lost=.005, off=.08, off_for=(3, 10),
          silent=.003, busy=.02, slow=.03, late=.06),
]}
