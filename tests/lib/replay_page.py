"""A replay as one HTML page that needs nothing else: no script, no network.
It is to be read from the top, by somebody who was not there."""

import math
import time
from html import escape

import replay_svg
from replay_svg import COLOURS
from replay_verdict import displayed_by_one
from tables import text_of

ROWS = 60           # of the table of pushes at most

STYLE = '''
:root{color-scheme:light}
body{margin:0;background:#f4f4f5;color:#18181b;
font:15px/1.5 system-ui,"Segoe UI","DejaVu Sans",sans-serif}
main{max-width:1120px;margin:0 auto;padding:32px 24px 64px}
h1{font-size:27px;line-height:1.25;margin:0 0 4px}
h2{font-size:18px;margin:34px 0 10px}
h3{font-size:15px;margin:0}
p{margin:0 0 8px}
.sub,figcaption,.note{color:#52525b}
.lead{font-size:19px;line-height:1.45;margin:18px 0 20px}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(300px,1fr));
gap:14px}
.card,figure,.box{background:#fff;border:1px solid #e4e4e7;border-radius:10px;
padding:14px 16px;margin:0}
.card .row{display:grid;grid-template-columns:64px 1fr 78px;gap:8px;
align-items:center;margin-top:6px}
.bar{background:#f4f4f5;border-radius:4px;height:14px;overflow:hidden}
.bar i{display:block;height:100%;border-radius:4px}
.value{text-align:right;font-variant-numeric:tabular-nums;font-weight:600}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(440px,1fr));
gap:14px}
figure svg{width:100%;height:auto;margin-top:6px}
svg text{font:12px system-ui,"Segoe UI","DejaVu Sans",sans-serif}
figcaption{font-size:13.5px}
table{border-collapse:collapse;width:100%;background:#fff;font-size:14px}
th,td{padding:5px 10px;border-bottom:1px solid #e4e4e7;text-align:right;
font-variant-numeric:tabular-nums}
th:first-child,td:first-child{text-align:left}
td.word,th.word{text-align:left}
.good{color:#15803d}.bad{color:#b91c1c;font-weight:600}
ul.checks{list-style:none;padding:0;margin:6px 0 0;columns:2 360px}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 18px;margin:0}
dt{font-weight:600}dd{margin:0;color:#3f3f46}
'''

# (what in the numbers, unit, title, whether more is better, explanation)
CARDS = [
    ('displayed whole, %', '%', 'Pushes displayed whole', True,
     'all segments at the phone'),
    ('orphan segments on phones', '', 'Orphan segments', False,
     'at phones, of what they never displayed'),
    ('PI told nothing', '', 'Push Initiator told nothing', False,
     'pushes of which it never hears the end'),
    ('time to display, p95, s', 's', 'Time to display', False,
     '95 of 100 pushes are sooner'),
    ('spread of segments, p95, s', 's', 'Spread of segments', False,
     'first to last; 95 of 100 pushes have less'),
    ('segments in order, % of pushes', '%', 'Segments in order', True,
     'pushes of two segments or more')]

WORDS = [
    ('displayed whole', 'the phone had all segments of the push, and showed '
     'it'),
    ('orphan segment', 'one that reached a phone and was never part of '
     'anything it displayed'),
    ('time to display', 'from the moment the push was sent; "never" if more '
     'than that share of the pushes is never displayed'),
    ('spread of segments', 'from the SMSC\'s acceptance of the first segment '
     'of a push to that of the last. Networks and phones throw away what '
     'comes too far apart'),
    ('in order, on one link', 'of pushes with two segments or more: accepted '
     'in their order; all accepted over the same link'),
    ('told what is false', 'the Push Initiator was told "delivered" and no '
     'phone displayed it, or that it failed, and one did'),
    ('sent late', 'how much later than the trace has it this replay sent a '
     'push: the fault of the replay, not of the gateway'),
    ('the record', 'what the trace says became of the push when it was '
     'recorded')]


def finite(numbers):
    """For JSON, which knows no infinity: None in its place."""
    return {what: None if value == math.inf else value
            for what, value in numbers.items()}


def page(evidences, columns, verdicts):
    """The document. All are dictionaries by the name of a side."""
    first = next(iter(evidences.values()))
    title = first.trace.begin.get('note') or 'Replay of a trace'
    return '\n'.join([
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width">',
        f'<title>Replay: {escape(title)}</title><style>{STYLE}</style>'
        '</head><body><main>',
        f'<h1>{escape(title[0].upper() + title[1:])}, replayed</h1>',
        f'<p class="sub">{escape(source(evidences))}</p>',
        f'<p class="lead">{lead(evidences, columns)}</p>',
        cards(columns), '<h2>What happened</h2>', plots(evidences),
        '<h2>Verdict</h2>', verdict_box(evidences, verdicts),
        '<h2>In numbers</h2>', number_table(columns),
        '<h2>Push by push</h2>', push_table(evidences),
        '<h2>What the words mean</h2>',
        '<dl class="box">' + ''.join(
            f'<dt>{escape(word)}</dt><dd>{escape(meaning)}</dd>'
            for word, meaning in WORDS) + '</dl>',
        '</main></body></html>', ''])


def source(evidences):
    first = next(iter(evidences.values()))
    begin, run = first.trace.begin, first.run
    made = begin.get('program') or begin['source']
    day = time.strftime('%-d %B %Y', time.gmtime(run['begun']))
    speed = {'max': 'as fast as possible', '1': 'at the recorded pace'}.get(
        run['speed'], f'at {run["speed"]} times the recorded pace')
    return (f'{len(first.pushes)} pushes of a trace ({made}), '
            f'sent {speed} on {day} to ' + ' and to '.join(evidences) +
            '; a simulator played the recorded SMSC. Trace '
            f'{run["trace"][:12]}, seed {run["seed"]}, version '
            f'{run["version"] or "unknown"}.')


def lead(evidences, columns):
    """The result in a sentence or two."""
    parts = []
    for (name, evidence), colour in zip(evidences.items(), COLOURS):
        numbers = columns[name]
        sent = len([one for one in evidence.deliveries
                    if one.push.sent is not None])
        parts.append(
            f'<b style="color:{colour}">{escape(name[0].upper() + name[1:])}'
            '</b> had '
            f'{sent - numbers["never displayed"]} of {sent} displayed whole '
            f'({numbers["displayed whole, %"]:.1f} %{hopeless(numbers)}), '
            'left '
            f'{numbers["orphan segments on phones"]} orphan segments on '
            'phones, and told the Push Initiator the result '
            f'{told(numbers, sent)}')
    recorded = [one.recorded.displayed for one in
                next(iter(evidences.values())).deliveries]
    known = [one for one in recorded if one is not None]
    text = '. '.join(parts) + '.'
    if known:
        text += (f' In the record {sum(known)} of {len(known)} were '
                 'displayed.')
    return text


def hopeless(numbers):
    refused = numbers['of these, refused by the SMSC for good']
    return f'; {refused} the SMSC refuses for good' if refused else ''


def told(numbers, sent):
    heard = sent - numbers['PI told nothing']
    return ('of every push' if heard == sent else 'of none' if not heard
            else f'of {heard}')


def with_unit(value, unit):
    if value == math.inf:
        return 'never'
    return f'{value:.1f} {unit}' if unit else str(value)


def cards(columns):
    found = []
    for what, unit, title, more_is_better, words in CARDS:
        values = [numbers[what] for numbers in columns.values()]
        known = [value for value in values if value != math.inf]
        high = 100 if unit == '%' else max(known or [1]) or 1
        rows = []
        for (name, numbers), colour in zip(columns.items(), COLOURS):
            value = numbers[what]
            width = 100 if value == math.inf else 100 * value / high
            rows.append(
                f'<div class="row"><span style="color:{colour}">'
                f'{escape(name.split(",")[0])}</span><div class="bar">'
                f'<i style="width:{width:.1f}%;background:{colour}"></i>'
                f'</div><span class="value">{with_unit(value, unit)}</span>'
                '</div>')
        better = 'more is better' if more_is_better else 'less is better'
        found.append(f'<div class="card"><h3>{title}</h3><div class="note">'
                     f'{words}; {better}</div>{"".join(rows)}</div>')
    return f'<div class="cards">{"".join(found)}</div>'


PLOTS = [
    (replay_svg.display_times, 'How soon pushes are displayed whole',
     'The share of all pushes that is on the phone so long after it was '
     'sent. Higher and further left is better; what is missing at the right '
     'end is never displayed.'),
    (replay_svg.each_push, 'Each push',
     'A dot for each push: to the right the later it was sent, higher the '
     'longer it took; a red cross if it was never displayed.'),
    (replay_svg.spreads, 'How far apart the segments of a push are',
     'Pushes of two segments or more. Phones and networks forget parts that '
     'wait too long for the others. Higher and further left is better.'),
    (replay_svg.link_load, 'What the links carried',
     'A line for each link. Red: what the SMSC refused because it came too '
     'fast.')]


def plots(evidences):
    return '<div class="plots">' + ''.join(
        f'<figure><h3>{title}</h3><figcaption>{words}</figcaption>'
        f'{draw(evidences)}</figure>'
        for draw, title, words in PLOTS) + '</div>'


def verdict_box(evidences, verdicts):
    found, first = [], next(iter(evidences))
    for name, verdict in verdicts.items():
        against = verdict['against the record']
        worse = against['displayed in the record, but not now']
        better = against['displayed, but not in the record']
        lines = [check(not verdict['not sent'], 'every push was sent')]
        lines += [check(not violations, invariant, violations)
                  for invariant, violations in
                  verdict.get('invariants', {}).items()]
        lines.append(check(not worse, 'what was displayed in the record is '
                           'displayed', worse))
        if against['told otherwise']:
            lines.append(check(False, 'the Push Initiator is told what it was '
                               'told in the record',
                               against['told otherwise']))
        if name != first:
            less = displayed_by_one(evidences[first], evidences[name])
            lines.append(check(not less, f'what {first} displays is displayed',
                               less))
        if better:
            lines.append(check(True, f'{len(better)} more are displayed than '
                               'in the record'))
        found.append(f'<div class="box" style="margin-bottom:12px"><h3>'
                     f'{escape(name)}</h3><ul class="checks">'
                     f'{"".join(lines)}</ul></div>')
    return ''.join(found)


def check(good, text, violations=()):
    mark, kind = ('✓', 'good') if good else ('✗', 'bad')
    more = '' if good else f' ({len(violations)}: ' + escape(
        str(violations[0])[:160] if violations else '') + ')'
    return (f'<li><span class="{kind}">{mark}</span> {escape(text)}{more}'
            '</li>')


def number_table(columns):
    head = ''.join(f'<th style="color:{colour}">{escape(name)}</th>'
                   for name, colour in zip(columns, COLOURS))
    rows = ''.join(
        f'<tr><td>{escape(what)}</td>' + ''.join(
            f'<td>{text_of(numbers[what])}</td>'
            for numbers in columns.values()) + '</tr>'
        for what in next(iter(columns.values())))
    return f'<table><tr><th></th>{head}</tr>{rows}</table>'


def push_table(evidences):
    """Those that one side displayed and another, or the record, did not, and
    those that nobody did."""
    sides = list(evidences.values())
    rows = []
    for same in zip(*(side.deliveries for side in sides)):
        now = [side.displayed(one) for side, one in zip(sides, same)]
        recorded = same[0].recorded.displayed
        if all(now) and recorded is not False:
            continue
        cells = ''.join(
            f'<td class="word">{yes(shown)}, told {side.told(one)}</td>'
            for side, one, shown in zip(sides, same, now))
        rows.append(
            f'<tr><td>{same[0].push.number}</td><td class="word">'
            f'{escape(same[0].dst)}</td><td>{same[0].push.at:.2f} s</td>'
            f'<td class="word">{yes(recorded)}</td>{cells}</tr>')
    if not rows:
        return '<p class="box">Every push was displayed by all.</p>'
    head = ''.join(f'<th class="word">{escape(name)}</th>'
                   for name in evidences)
    more = '' if len(rows) <= ROWS else (
        f'<p class="note">and {len(rows) - ROWS} more</p>')
    return ('<p class="note">All pushes that were not displayed by somebody: '
            'here, or in the record.</p><table><tr><th>push</th>'
            '<th class="word">phone</th><th>sent at</th><th class="word">'
            f'the record</th>{head}</tr>{"".join(rows[:ROWS])}</table>{more}')


def yes(shown):
    if shown is None:
        return 'does not say'
    return 'displayed' if shown else '<span class="bad">not displayed</span>'
