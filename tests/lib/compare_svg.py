"""The plot of a comparison as SVG: which share of the pushes is displayed how
long after the PAP answer, a line a side and level, over logarithmic time."""

import math

import svg

WIDTH, HEIGHT = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 60, 130, 50, 55
FIRST, LAST = 0.5, 1800                         # seconds
TICKS = {0.5: '0.5 s', 1: '1 s', 2: '2 s', 5: '5 s', 10: '10 s', 30: '30 s',
         60: '1 min', 300: '5 min', 1800: '30 min'}
STEPS = 160                                     # points of a line
COLOURS = {'stock': ['#f4a582', '#e57a5a', '#cc4c3b', '#99000d'],
           'Convoy': ['#7fbfdf', '#4c9ccb', '#2171b5', '#084594']}
LABEL = 12                                      # least distance of two labels


def _x(seconds):
    return LEFT + (WIDTH - LEFT - RIGHT) * svg.log_share(seconds, FIRST, LAST)


def _y(percent):
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * percent / 100


def _grid():
    for seconds, name in TICKS.items():
        yield (f'<path class="grid" d="M{_x(seconds):.1f} {_y(0):.1f}'
               f'V{_y(100):.1f}"/>')
        yield svg.text(_x(seconds), _y(0) + 18, name)
    for percent in range(0, 101, 20):
        yield (f'<path class="grid" d="M{_x(FIRST):.1f} {_y(percent):.1f}'
               f'H{_x(LAST):.1f}"/>')
        yield svg.text(LEFT - 8, _y(percent) + 4, f'{percent} %', 'end')


def _line(delays, colour):
    """The share as a path; a point only where it changes."""
    points, before = [], None
    *shares, end = svg.shares(delays, FIRST, LAST, STEPS)
    for seconds, percent in shares:
        if percent != before:
            points.append((_x(seconds), _y(percent)))
        before = percent
    points.append((_x(end[0]), _y(end[1])))
    return f'<path class="line" stroke="{colour}" d="{svg.through(points)}"/>'


def _labels(ends):
    """Names at the ends of the lines, moved apart."""
    last = -math.inf
    for height, _, name, colour in sorted(ends):
        last = max(height, last + LABEL)
        yield svg.text(WIDTH - RIGHT + 8, last + 4, name, 'start',
                       f' fill="{colour}"')


def plot(levels, title):
    """The document. `levels`: [(percent, {side: delays})]."""
    lines, ends = [], []
    for number, (percent, sides) in enumerate(levels):
        for side, delays in sides.items():
            colour = COLOURS[side][number % len(COLOURS[side])]
            lines.append(_line(delays, colour))
            shown = 100 * sum(delay <= LAST for delay in delays) / len(delays)
            ends.append((_y(shown), number, f'{side}, {percent:g} %',
                         colour))
    return '\n'.join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
        f'height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">',
        '<style>text{font:12px sans-serif}.grid{stroke:#ddd;fill:none}'
        '.line{fill:none;stroke-width:1.8}</style>',
        '<rect width="100%" height="100%" fill="#fff"/>',
        svg.text(LEFT, 24, title, 'start', ' style="font-weight:bold"'),
        *_grid(), *lines, *_labels(ends),
        svg.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12,
                 'time from PAP answer to display while the phone was on'),
        '</svg>', ''])
