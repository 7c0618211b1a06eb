"""Values that a type cannot hold as they are written, so that landing refuses them.

DuckDB rounds 1.5 to an integer, cuts 1.23456 to a decimal(18,4), and drops the hour and the
zone of a moment that becomes a day. Here such a value becomes a text that no cast takes.
"""

from __future__ import annotations

import re

_INTEGERS = frozenset(
    ("tinyint", "smallint", "integer", "int", "bigint", "hugeint", "uinteger", "ubigint")
)
_DECIMAL = re.compile(r"(?:decimal|numeric)(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?\Z")
_WIDEST = 38
_NOISE = "0.000000001"
"""What a float may differ by from the decimal that it stands for: 19.990000000000002."""
_MIDNIGHT = r"[ T]00:00(:00(\.0*)?)?$"
_OFFSET = r":[^+-]*[+-]\d"
_OF_UTC = r"[+-]00(:?00)?\s*$"


def exact(value: str, data_type: str, *, wanted: str) -> str:
    """Returns a value's expression, as a text that no cast takes where ``wanted`` would lose
    something of it.

    Args:
        value: an expression.
        data_type: the type of the value.
        wanted: the declared type.
    """
    wanted = wanted.lower()
    text = value if data_type == "varchar" else f"cast({value} as varchar)"
    is_fraction = data_type in ("varchar", "double", "float") or _scale(data_type) is not None
    if wanted in _INTEGERS and is_fraction:
        whole = f"replace(regexp_replace({text}, '\\.0*$', ''), '.', '?')"
        return f"case when contains({text}, '.') then {whole} else {text} end"
    if _scale(wanted) is not None and is_fraction and data_type != wanted:
        return _unrounded(text, wanted)
    if wanted == "date" and (data_type == "varchar" or data_type.startswith("timestamp")):
        day = f"replace(regexp_replace({text}, '{_MIDNIGHT}', ''), ':', '?')"
        return f"case when contains({text}, ':') then {day} else {text} end"
    if wanted == "timestamp" and data_type == "varchar":
        has_offset = (
            f"regexp_matches({text}, '{_OFFSET}') and not regexp_matches({text}, '{_OF_UTC}')"
        )
        return f"case when {has_offset} then {text} || '?' else {text} end"
    return value


def _unrounded(text: str, wanted: str) -> str:
    digits, scale = _scale(wanted) or (0, 0)
    most = min(_WIDEST - digits + scale, scale + 12)
    if most <= scale:
        return text
    wide = f"try_cast({text} as decimal({_WIDEST}, {most}))"
    is_rounded = f"abs({wide} - try_cast({text} as {wanted})) > {_NOISE}"
    return f"case when {is_rounded} then {text} || '?' else {text} end"


def _scale(data_type: str) -> tuple[int, int] | None:
    """Digits of a decimal type, all and behind the point; None for another type.

    >>> _scale("decimal(18,4)"), _scale("decimal"), _scale("double")
    ((18, 4), (18, 3), None)
    """
    found = _DECIMAL.match(data_type)
    if found is None:
        return None
    if found[1] is None:
        return 18, 3
    return int(found[1]), int(found[2] or 0)
