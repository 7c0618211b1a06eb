"""The sandbox of templates, in which no single operation makes a value without bounds."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from jinja2.filters import FILTERS
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

MAX_LENGTH = 10_000_000
_MAX_BITS = 100_000
_MAX_WIDTH = 100_000
_WIDTH = re.compile(r"\d{6,}")
_WIDENING = ("batch", "center", "format", "indent", "slice")
"""Filters whose result may be far longer than what goes in."""


class BoundedSandbox(SandboxedEnvironment):
    """Jinja's sandbox, which also bounds ``*``, ``**``, ``%`` and the filters that widen."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.filters.update({name: _bounded(name, FILTERS[name]) for name in _WIDENING})

    def call_binop(self, context: Context, operator: str, *operands: Any) -> Any:
        """Applies an operator; raises OverflowError where the result would be too large."""
        if _IS_TOO_LARGE[operator](*operands):
            raise OverflowError(f"the result of '{operator}' would be too large")
        return super().call_binop(context, operator, *operands)


def _is_long_product(left: Any, right: Any) -> bool:
    for sequence, count in ((left, right), (right, left)):
        if isinstance(sequence, str | list | tuple) and isinstance(count, int):
            return len(sequence) * count > MAX_LENGTH
    return False


def _is_high_power(left: Any, right: Any) -> bool:
    is_whole = isinstance(left, int) and isinstance(right, int)
    return is_whole and left.bit_length() * right > _MAX_BITS


def _is_wide_format(left: Any, right: Any) -> bool:
    return isinstance(left, str) and bool(_WIDTH.search(left))


_IS_TOO_LARGE: dict[str, Callable[[Any, Any], bool]] = {
    "*": _is_long_product,
    "**": _is_high_power,
    "%": _is_wide_format,
}


def _bounded(name: str, apply: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(apply)
    def call(value: Any, *arguments: Any, **settings: Any) -> Any:
        numbers = (n for n in (*arguments, *settings.values()) if isinstance(n, int))
        is_wide = name == "format" and _is_wide_format(value, None)
        if is_wide or any(number > _MAX_WIDTH for number in numbers if name != "format"):
            raise OverflowError(f"the result of '{name}' would be too large")
        return apply(value, *arguments, **settings)

    return call
