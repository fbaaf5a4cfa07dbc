"""What the plots as SVG have in common."""

import math
from xml.sax.saxutils import escape


def log_share(value, low, high):
    """How far `value` is from `low` to `high` on a logarithmic scale."""
    return math.log(value / low) / math.log(high / low)


def text(x, y, words, anchor='middle', attributes=''):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
            f'{attributes}>{escape(words)}</text>')


def through(points):
    """The d of a path through these points."""
    return 'M' + 'L'.join(f'{x:.1f} {y:.1f}' for x, y in points)


def shares(values, first, last, steps):
    """(seconds, how many percent of the values are not above) in even steps
    on a logarithmic scale."""
    for step in range(steps + 1):
        seconds = first * (last / first) ** (step / steps)
        yield seconds, 100 * sum(value <= seconds for value in values) / max(
            1, len(values))
