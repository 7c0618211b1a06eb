"""The KPI scorecard: the latest complete month of each KPI on one page of text.

Pure: the caller reads the published values and prints. A change is judged in words, so that
the page says the same without colour.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from kpi_runner.report.text import Paint, paint_plain

BLOCKS = "▁▂▃▄▅▆▇█"
ASCII_BLOCKS = "_.-:=+*#"
AREAS = ("sales", "marketing", "care", "experience")
_INDENT = "  "
_GAPS = ("  ", "  ", " ", "  ", "  ")
_FEWEST_MONTHS = 6
_SHORTEST_LABEL = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorecardRow:
    """One KPI.

    Args:
        kpi: its name.
        period: first day of its latest complete month, ``YYYY-MM-DD``.
        value: of that month, or None with ``null_reason``.
        previous: of the month before.
        trend: the last months up to ``period``, oldest first.
        held: assertions that passed.
        checked: assertions that were evaluated.
    """

    kpi: str
    label: str
    area: str
    unit: str
    direction: str
    period: str
    value: float | None
    previous: float | None = None
    null_reason: str = ""
    trend: tuple[float | None, ...] = ()
    held: int = 0
    checked: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """A page: its rows, and what holds for all of them.

    ``thin_month``: first day of the latest complete month, where hardly any KPI has rows in it
    and the page shows an earlier one.
    """

    shop: str
    currency: str
    as_of: str
    rows: tuple[ScorecardRow, ...]
    thin_month: str = ""


def format_scorecard(
    scorecard: Scorecard, *, paint: Paint = paint_plain, blocks: str = BLOCKS, width: int = 0
) -> str:
    """Returns the page, or an empty text where there is no KPI.

    Args:
        scorecard: what the page says.
        paint: colours a text.
        blocks: the eight signs of the bars, lowest first.
        width: how many columns the page may take, 0 for as many as it needs. Where they do not
            suffice, it shows fewer months, and then less of the labels.
    """
    if not scorecard.rows:
        return ""
    month = Counter(row.period for row in scorecard.rows).most_common(1)[0][0]
    lines = {row: _cells(row, month=month, blocks=blocks) for row in scorecard.rows}
    longest = max(len(row.trend) for row in lines)
    heads = (_short(month), f"vs {_short(_before(month))}", "", f"{longest} months", "checks")
    widths = _fit([*lines.values(), ("", *heads)], width=width, longest=longest)
    unit = "months" if widths[4] >= len("8 months") else "mo."
    heads = (*heads[:3], f"{widths[4]} {unit}" if longest else "", heads[4])
    title = f"KPI scorecard of {scorecard.shop}: {_month_name(month)}"
    money = f", money in {scorecard.currency}" if scorecard.currency else ""
    page = [paint(title, "strong") + f", as of {scorecard.as_of}{money}"]
    if scorecard.thin_month:
        page.append(f"{_month_name(scorecard.thin_month)} is complete, but hardly any KPI has rows")
    areas = sorted({row.area for row in lines}, key=_area_rank)
    for area in areas:
        page += ["", _head_line(area, heads, widths=widths, paint=paint)]
        page += [
            _line(cells, widths, paint=paint) for row, cells in lines.items() if row.area == area
        ]
    return "\n".join(page)


def format_value(value: float | None, unit: str, *, currency: str = "") -> str:
    """Returns a KPI value in its unit.

    >>> format_value(0.0683, "rate"), format_value(1234.5, "money", currency="EUR")
    ('6.83 %', '1,234.50 EUR')
    """
    if value is None:
        return "–"
    return _UNITS.get(unit, _UNITS["ratio"])(value, currency)


def format_change(value: float | None, previous: float | None, *, unit: str) -> str:
    """Returns the change: in points of percent for a rate, else relative.

    >>> format_change(0.30, 0.25, unit="rate"), format_change(90.0, 100.0, unit="money")
    ('+5.00 pp', '-10.0 %')
    """
    if value is None or previous is None:
        return ""
    if unit == "rate":
        return f"{(value - previous) * 100:+.2f} pp"
    return f"{(value - previous) / abs(previous):+.1%}".replace("%", " %") if previous else ""


def sparkline(values: Sequence[float | None], blocks: str = BLOCKS) -> str:
    """Returns one sign a value between the lowest and the highest; a gap where there is none.

    >>> sparkline([1, 2, None, 3])
    '▁▄ █'
    """
    known = [value for value in values if value is not None]
    if not known:
        return " " * len(values)
    low, span = min(known), max(known) - min(known)
    steps = len(blocks) - 1
    return "".join(
        " " if value is None else blocks[int((value - low) / span * steps) if span else 0]
        for value in values
    )


def _cells(row: ScorecardRow, *, month: str, blocks: str) -> tuple[str, ...]:
    label = row.label if row.period == month else f"{row.label} ({row.period[:7]})"
    value = row.null_reason if row.value is None and row.null_reason else ""
    return (
        label,
        value or format_value(row.value, row.unit),
        format_change(row.value, row.previous, unit=row.unit),
        _judge(row),
        sparkline(row.trend, blocks),
        f"{row.held}/{row.checked}" if row.checked else "",
    )


def _fit(lines: Sequence[Sequence[str]], *, width: int, longest: int) -> list[int]:
    """The width of each column. The change's head reaches over the word beside it, and so does
    the reason of a value that is missing."""
    *rows, heads = lines
    widths = [max(len(cells[position]) for cells in rows) for position in range(6)]
    values = (cells[1] for cells in rows if any(map(str.isdigit, cells[1])))
    widths[1] = max(map(len, (heads[1], *values)))
    widths[3] = max(widths[3], len(heads[2]) - widths[2] - 1)
    widths[5] = max(widths[5], len(heads[5]))
    over = len(_INDENT) + sum(widths) + sum(map(len, _GAPS)) - width if width else 0
    fewer = min(max(over, 0), max(0, longest - _FEWEST_MONTHS))
    widths[4] -= fewer
    widths[0] = max(widths[0] - max(over - fewer, 0), _SHORTEST_LABEL)
    return widths


def _head_line(area: str, heads: Sequence[str], *, widths: Sequence[int], paint: Paint) -> str:
    value, change, _, months, checks = heads
    first = area.ljust(len(_INDENT) + widths[0])
    moved = change.ljust(widths[2] + len(_GAPS[2]) + widths[3])
    cells = (value.rjust(widths[1]), moved, months.ljust(widths[4])[: widths[4]], checks)
    rest = "".join(f"{_GAPS[0]}{cell}" for cell in cells)
    return (paint(first, "strong") + paint(rest.rstrip(), "dim")).rstrip()


def _line(cells: Sequence[str], widths: Sequence[int], *, paint: Paint) -> str:
    label, value, change, judged, trend, checks = cells
    label = label if len(label) <= widths[0] else f"{label[: widths[0] - 1]}…"
    style = {"better": "good", "worse": "bad"}.get(judged, "dim")
    held, _, checked = checks.partition("/")
    value = value.rjust(widths[1])
    moved = f"{change.rjust(widths[2])}{_GAPS[2]}{judged.ljust(widths[3])}"
    painted = (
        label.ljust(widths[0]),
        value,
        paint(moved[len(value) - widths[1] :], style),
        trend.rjust(widths[4])[-widths[4] :] if widths[4] else "",
        paint(checks.rjust(widths[5]), "dim" if held == checked else "bad"),
    )
    gaps = (*_GAPS[:2], *_GAPS[3:], "")
    parts = (f"{cell}{gap}" for cell, gap in zip(painted, gaps, strict=True))
    return f"{_INDENT}{''.join(parts)}".rstrip()


def _judge(row: ScorecardRow) -> str:
    """Returns whether the change is for the better, where the KPI has a direction."""
    if row.value is None or row.previous is None or row.value == row.previous:
        return ""
    if row.direction not in ("up", "down"):
        return ""
    return "better" if (row.value > row.previous) == (row.direction == "up") else "worse"


def _area_rank(area: str) -> tuple[int, str]:
    return (AREAS.index(area) if area in AREAS else len(AREAS), area)


def _month_name(period: str) -> str:
    return date.fromisoformat(period[:10]).strftime("%B %Y")


def _short(period: str) -> str:
    return date.fromisoformat(period[:10]).strftime("%b %Y")


def _before(period: str) -> str:
    """The month before, as its first day."""
    day = date.fromisoformat(period[:10])
    return (day.replace(day=1) - timedelta(days=1)).isoformat()


def _number(digits: int, unit: str = "") -> Callable[[float, str], str]:
    def write(value: float, currency: str) -> str:
        return f"{value:,.{digits}f} {unit or currency}".rstrip()

    return write


_UNITS: dict[str, Callable[[float, str], str]] = {
    "money": _number(2),
    "count": lambda value, _: f"{value:,.0f}",
    "rate": lambda value, _: f"{value * 100:,.2f} %",
    "ratio": lambda value, _: f"{value:,.2f}",
    "points": lambda value, _: f"{value:,.2f}",
    "index": lambda value, _: f"{value:,.1f}",
    "seconds": _number(0, "s"),
    "minutes": _number(1, "min"),
    "days": _number(1, "days"),
    "months": _number(1, "months"),
}
