"""The paths of visits that lead to a purchase, or to none (kpi_rules A25 and §6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from tests.oracle.visits import DAY, DIRECT, Purchase, Visit, Web

LOOK_BACK = 30 * DAY


@dataclass(frozen=True, slots=True)
class Path:
    """Touches in time, on the day of the visit that bought, or of the last touch."""

    day: date
    touches: tuple[Visit, ...]
    purchase: Purchase | None = None
    buying: Visit | None = None


@dataclass(frozen=True)
class Paths:
    """All paths, by how they ended."""

    bought: tuple[Path, ...]
    failed: tuple[Path, ...]


def read_paths(web: Web) -> Paths:
    """The paths of everybody."""
    bought: list[Path] = []
    failed: list[Path] = []
    for visits in web.by_person.values():
        purchases = sorted(
            ((purchase, visit) for visit in visits for purchase in visit.purchases),
            key=lambda each: each[0].at,
        )
        before = -1
        for purchase, visit in purchases:
            at = purchase.at
            touches = _touches(visits, visit, before, at)
            bought.append(Path(visit.day, touched(touches), purchase, visit))
            piece = [each for each in visits if before < each.start <= at]
            failed += _failed(_pieces(piece)[:-1])
            before = at
        failed += _failed(_pieces([each for each in visits if each.start > before]))
    return Paths(tuple(bought), tuple(failed))


def touched(visits: Sequence[Visit]) -> tuple[Visit, ...]:
    """Visits without direct ones, unless there is nothing else: then the last."""
    found = tuple(visit for visit in visits if visit.channel != DIRECT)
    return found or (visits[-1],)


def _touches(visits: Sequence[Visit], buying: Visit, before: int, at: int) -> list[Visit]:
    earlier = [
        visit
        for visit in visits
        if visit is not buying
        and before < visit.start <= buying.start
        and at - visit.start <= LOOK_BACK
    ]
    return [*earlier, buying]


def _pieces(visits: Sequence[Visit]) -> list[list[Visit]]:
    """Visits cut where more than 30 days passed."""
    pieces: list[list[Visit]] = []
    for visit in visits:
        if pieces and visit.start - pieces[-1][-1].start <= LOOK_BACK:
            pieces[-1].append(visit)
        else:
            pieces.append([visit])
    return pieces


def _failed(pieces: Sequence[Sequence[Visit]]) -> Iterator[Path]:
    for piece in pieces:
        touches = touched(piece)
        yield Path(touches[-1].day, touches)
