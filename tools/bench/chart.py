"""The figures as a picture: an SVG of bars, one group per model, written without any library."""

from collections.abc import Sequence
from html import escape

from .harness import Measurement
from .report import Record, machine

_LABELS, _WIDTH, _BAR, _GAP, _TOP = 210, 520, 13, 12, 64
_COLOURS = ("#3b6fb6", "#d9822b", "#5a9e4b", "#9b5fa8")


def chart(records: Sequence[Record]) -> str:
    """How many times faster weft is than each of the others, with the interval of the median; without others, milliseconds."""
    peers = [r.runtime for r in records[0].runtimes[1:]]
    shown = [[r for r in record.runtimes if r.runtime in peers or not peers] for record in records]
    most = max((_reach(r, bool(peers)) for group in shown for r in group), default=1.0)
    scale = _WIDTH / (max(most, 1.2) if peers else most)
    parts, y = [], _TOP
    for record, group in zip(records, shown, strict=True):
        middle = y + _BAR * len(group) / 2 + 4
        parts.append(
            _text(_LABELS - 8, middle, f"{record.name}, {record.settings.threads} thread{'s' * (record.settings.threads > 1)}", "end")
        )
        for n, r in enumerate(group):
            parts.append(_bar(r, y + n * _BAR, scale, _COLOURS[n % len(_COLOURS)], bool(peers)))
        y += _BAR * len(group) + _GAP
    return _document(_frame(peers, scale, y) + parts, y + 12)


def _reach(r: Measurement, ratios: bool) -> float:
    return r.ratio_high if ratios else r.high


def _bar(r: Measurement, y: float, scale: float, colour: str, ratios: bool) -> str:
    value, low, high = (r.ratio, r.ratio_low, r.ratio_high) if ratios else (r.milliseconds, r.low, r.high)
    said = f"{value:.2f}×, {r.milliseconds:.3g} ms" if ratios else f"{value:.3g} ms"
    middle, height = y + (_BAR - 2) / 2, _BAR - 2
    box = f'<rect x="{_LABELS}" y="{y}" width="{value * scale:.1f}" height="{height}" fill="{colour}">'
    start, end = _LABELS + low * scale, _LABELS + high * scale
    interval = f'<line x1="{start:.1f}" x2="{end:.1f}" y1="{middle}" y2="{middle}" stroke="#222" stroke-width="1.5"/>'
    return f"{box}<title>{escape(r.version)}</title></rect>{interval}" + _text(end + 6, y + _BAR - 4, said)


def _frame(peers: Sequence[str], scale: float, bottom: float) -> list[str]:
    """The title, what colours mean, and the line where both are as fast."""
    where = machine()
    title = "Time of other runtimes over weft's: beyond the line, weft is faster" if peers else "Milliseconds of a run"
    parts = [
        _text(12, 20, title, weight="bold"),
        _text(12, 36, f"{where['cpu']}, {where['cpus']} CPUs; medians, lines are {'95 % intervals' if peers else '10–90 %'}"),
    ]
    for n, name in enumerate(peers):
        x = _LABELS + 130 * n
        parts.append(f'<rect x="{x}" y="44" width="10" height="10" fill="{_COLOURS[n % len(_COLOURS)]}"/>' + _text(x + 15, 53, name))
    if peers:
        x = _LABELS + scale
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 4}" y2="{bottom}" stroke="#888" stroke-dasharray="4 3"/>')
    return parts


def _text(x: float, y: float, text: str, anchor: str = "start", weight: str = "normal") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}">{escape(text)}</text>'


def _document(parts: Sequence[str], height: float) -> str:
    width = _LABELS + _WIDTH + 170
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return "\n".join(
        [f'{head} font-family="sans-serif" font-size="11">', '<rect width="100%" height="100%" fill="white"/>', *parts, "</svg>\n"]
    )
