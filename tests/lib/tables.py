"""Tables of numbers, as text."""

import math


def text_of(value):
    if value == math.inf:
        return 'never'
    return f'{value:.2f}' if isinstance(value, float) else str(value)


def rows_of(columns):
    """The rows of {name: {what: number}}, each a list of cells that are as wide
    as their column; the first has the names."""
    rows = [['', *columns]]
    rows += [[what, *(text_of(one[what]) for one in columns.values())]
             for what in next(iter(columns.values()))]
    widths = [max(map(len, column)) for column in zip(*rows)]
    return [[cell.rjust(width) if number else cell.ljust(width)
             for number, (cell, width) in enumerate(zip(row, widths))]
            for row in rows]
