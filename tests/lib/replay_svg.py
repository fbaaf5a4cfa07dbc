"""The plots of a replay as SVG, for replay_page.py. Each stands alone: axes
with units, direct labels, nothing that needs a script or the network."""

import math
from collections import Counter
from xml.sax.saxutils import escape

import replay_numbers
import svg
from checks import percentile

WIDTH, HEIGHT, PANEL = 520, 330, 165
LEFT, RIGHT, TOP, BOTTOM = 62, 78, 14, 44
TIMES = {0.001: '1 ms', 0.01: '10 ms', 0.1: '0.1 s', 1: '1 s', 10: '10 s',
         60: '1 min', 600: '10 min'}
COLOURS = ['#c2410c', '#1d4ed8']
BAD, GREY = '#b91c1c', '#d4d4d8'
STEPS = 240
LABEL = 14              # least distance of two labels


class Axes:
    """A plot of x from `first` to `last` seconds and y from `low` to `high`,
    each on a logarithmic scale if asked for."""

    def __init__(self, x, y, log_x=False, log_y=False, height=HEIGHT, top=0):
        self.x_range, self.y_range = x, y
        self.log_x, self.log_y = log_x, log_y
        self.height, self.top = height, top
        self.parts = []

    @staticmethod
    def _share(value, low_high, log):
        low, high = low_high
        value = min(max(value, low), high)
        if log:
            return svg.log_share(value, low, high)
        return (value - low) / (high - low)

    def x(self, value):
        return LEFT + (WIDTH - LEFT - RIGHT) * self._share(
            value, self.x_range, self.log_x)

    def y(self, value):
        inner = self.height - TOP - BOTTOM
        return self.top + TOP + inner * (
            1 - self._share(value, self.y_range, self.log_y))

    def text(self, x, y, text, anchor='middle', style=''):
        self.parts.append(svg.text(x, y, text, anchor, style))

    def path(self, points, colour, width=2, fill='none'):
        if points:
            self.parts.append(f'<path d="{svg.through(points)}" '
                              f'stroke="{colour}" stroke-width="{width}" '
                              f'fill="{fill}"/>')

    def grid(self, x_ticks, y_ticks, x_name='', y_name=''):
        """Ticks are {value: word}."""
        low, high = self.y(self.y_range[0]), self.y(self.y_range[1])
        for value, word in x_ticks.items():
            if self.x_range[0] <= value <= self.x_range[1]:
                at = self.x(value)
                self.path([(at, low), (at, high)], '#e4e4e7', 1)
                self.text(at, low + 16, word)
        for value, word in y_ticks.items():
            if self.y_range[0] <= value <= self.y_range[1]:
                at = self.y(value)
                self.path([(LEFT, at), (WIDTH - RIGHT, at)], '#e4e4e7', 1)
                self.text(LEFT - 7, at + 4, word, 'end')
        self.text((LEFT + WIDTH - RIGHT) / 2, low + 34, x_name, style=NAME)
        self.parts.append(
            f'<text transform="translate(13 {(low + high) / 2:.0f}) '
            f'rotate(-90)" text-anchor="middle"{NAME}>{escape(y_name)}'
            '</text>')


NAME = ' fill="#52525b"'


def document(parts, height, title):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} '
            f'{height}" role="img" aria-label="{escape(title)}">'
            + ''.join(parts) + '</svg>')


def ticks(high, count=5):
    """Round values from 0 to `high`: {value: word}."""
    step = 10 ** math.floor(math.log10(max(high, 1e-9) / count))
    step *= next(one for one in (1, 2, 5, 10) if high / (one * step) <= count)
    return {one * step: f'{one * step:g}'
            for one in range(int(high / step) + 1)}


def shares(series, first, last, title, x_name):
    """How large a share of the values is not above x: a line a series, each
    (name, values, colour)."""
    axes = Axes((first, last), (0, 100), log_x=True)
    axes.grid(TIMES, {value: f'{value} %' for value in range(0, 101, 25)},
              x_name)
    ends = []
    for name, values, colour in series:
        curve = list(svg.shares(values, first, last, STEPS))
        points = [(axes.x(seconds), axes.y(share)) for seconds, share in curve]
        share = curve[-1][1]
        axes.path(points, colour, 2.5)
        ends.append((points[-1][1], f'{name} {share:.1f} %', colour))
    height = -math.inf
    for y, name, colour in sorted(ends):
        height = max(y + 4, height + LABEL)
        axes.text(WIDTH - RIGHT + 5, height, name.split()[0], 'start',
                  f' fill="{colour}" font-weight="600"')
        height += LABEL - 1
        axes.text(WIDTH - RIGHT + 5, height, ' '.join(name.split()[-2:]),
                  'start', f' fill="{colour}"')
    return document(axes.parts, HEIGHT, title)


def display_times(sides):
    series = [(name, replay_numbers.times_to_display(evidence), colour)
              for (name, evidence), colour in zip(sides.items(), COLOURS)]
    return shares(series, 0.1, 600, 'Share of pushes displayed, by time',
                  'time from the push to its display')


def spreads(sides):
    series = [(name, replay_numbers.spreads(evidence), colour)
              for (name, evidence), colour in zip(sides.items(), COLOURS)]
    return shares(series, 0.001, 600, 'Share of pushes by spread of segments',
                  'time from the first segment to the last, at the SMSC')


def last_push(sides):
    """Seconds from the begin."""
    return max([1.0] + [push.sent - evidence.begin
                        for evidence in sides.values()
                        for push in evidence.pushes.values() if push.sent])


def last_submits(sides):
    """Seconds from the begin until nearly all segments had been submitted:
    a few stragglers are not worth a plot that is half empty."""
    return max([1.0] + [percentile(
        [submit.sent - evidence.begin for submit in
         evidence.journal.submits] or [0], 99.5)
        for evidence in sides.values()])


def panels(sides, end, draw, title):
    """One below the other, a panel each, over the same time."""
    parts = []
    for number, ((name, evidence), colour) in enumerate(
            zip(sides.items(), COLOURS)):
        axes = draw(name, evidence, colour, end, number * PANEL)
        axes.text(WIDTH - RIGHT + 5, axes.top + TOP + 12, name.split(',')[0],
                  'start', f' fill="{colour}" font-weight="600"')
        parts += axes.parts
    return document(parts, PANEL * len(sides), title)


def each_push(sides):
    """A dot for each push: when it was sent, how long until its display; a
    cross at the top for those that never were."""
    def draw(name, evidence, colour, end, top):
        axes = Axes((0, end), (0.1, 2000), log_y=True, height=PANEL, top=top)
        axes.grid(ticks(end, 8), {
            **{at: word for at, word in TIMES.items() if at < 600},
            1000: 'never'}, 'time of the push, s')
        for delivery in evidence.deliveries:
            if delivery.push.sent is None:
                continue
            x = axes.x(delivery.push.sent - evidence.begin)
            seconds = evidence.time_to_display(delivery)
            if math.isinf(seconds):
                y = axes.y(1000)
                axes.parts.append(
                    f'<path d="M{x - 3:.1f} {y - 3:.1f}l6 6m0 -6l-6 6" '
                    f'stroke="{BAD}" stroke-width="1.6"/>')
            else:
                axes.parts.append(
                    f'<circle cx="{x:.1f}" cy="{axes.y(seconds):.1f}" '
                    f'r="1.7" fill="{colour}" fill-opacity="0.55"/>')
        lost = sum(math.isinf(one) for one in
                   replay_numbers.times_to_display(evidence))
        axes.text(WIDTH - RIGHT + 5, top + TOP + 28, f'{lost} never', 'start',
                  f' fill="{BAD if lost else "#52525b"}"')
        return axes
    return panels(sides, last_push(sides), draw,
                  'Each push: when sent, how soon displayed')


def link_load(sides):
    """Submits a second of each link, and how many were throttled."""
    def draw(name, evidence, colour, end, top):
        loads = replay_numbers.load(evidence)
        high = max([1] + [max(one.values()) for loads_of in
                          map(replay_numbers.load, sides.values())
                          for one in loads_of.values()])
        axes = Axes((0, end), (0, high), height=PANEL, top=top)
        axes.grid(ticks(end, 8), ticks(high, 3),
                  'time, s', 'submits/s')
        refused = Counter(math.floor(one.sent - evidence.begin)
                          for one in evidence.journal.submits
                          if one.status == replay_numbers.THROTTLED)
        area(axes, refused, end, BAD)
        for place, counts in loads.items():
            steps = [(axes.x(second), axes.y(counts[second]))
                     for second in range(int(end) + 1)]
            axes.path(steps, colour, 1.6 if place == 1 else 0.9)
        for number, (word, shade) in enumerate(
                [(f'{len(loads)} links', colour), ('throttled', BAD)]):
            axes.text(WIDTH - RIGHT + 5, top + TOP + 28 + 14 * number, word,
                      'start', f' fill="{shade}"')
        return axes
    return panels(sides, last_submits(sides), draw, 'Load of each link')


def area(axes, counts, end, colour):
    points = [(axes.x(second), axes.y(counts[second]))
              for second in range(int(end) + 1)]
    bottom = axes.y(0)
    axes.path([(points[0][0], bottom), *points, (points[-1][0], bottom)],
              'none', 0, colour)

