"""The sandbox of templates, in which no single operation makes a value without bounds.

What an operation would make is reckoned from its operands before it runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.filters import FILTERS
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment, SandboxedFormatter

from kpi_runner.template.steps import STEP

MAX_LENGTH = 10_000_000
_MAX_BITS = 100_000
_MAX_WIDTH = 100_000
_ITEM = 10
"""What an item of a list counts at least, as characters."""
_FREE = 100_000
_STEP_LENGTH = 10_000
_NUMBER = re.compile(r"\d{1,18}")
_JOIN = "~"


class _Bounding(CodeGenerator):
    """Compiles ``a ~ b`` to an operator that the sandbox sees."""

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:
        self.write(f"environment.call_binop(context, {_JOIN!r}, ")
        for operand in node.nodes:
            self.visit(operand, frame)
            self.write(", ")
        self.write(")")


class BoundedSandbox(SandboxedEnvironment):
    """Jinja's sandbox, which also bounds operators, and the methods and filters that widen."""

    code_generator_class = _Bounding
    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.filters.update({name: _bounded(name, FILTERS[name]) for name in _FILTERS})

    def call_binop(self, context: Context, operator: str, *operands: Any) -> Any:
        """Applies an operator; raises OverflowError where the result would be too large."""
        if operator == _JOIN:
            operands = tuple(map(str, operands))
        length = _OPERATORS[operator](*operands)
        _refuse(operator, length)
        if length > _FREE and STEP in context:
            context[STEP](length // _STEP_LENGTH)
        if operator == _JOIN:
            return "".join(operands)
        return super().call_binop(context, operator, *operands)

    def call(self, context: Context, called: Any, /, *arguments: Any, **settings: Any) -> Any:
        """Calls a function; raises OverflowError where a method's result would be too large."""
        method = getattr(called, "__wrapped__", called)
        name, owner = getattr(method, "__name__", ""), getattr(method, "__self__", None)
        if not isinstance(owner, str | bytes | int):
            return super().call(context, called, *arguments, **settings)
        if isinstance(owner, str) and name == "format":
            return _Formatter(self).vformat(owner, arguments, settings)
        if isinstance(owner, str) and name == "format_map":
            return _Formatter(self).vformat(owner, (), *arguments)
        if name in _METHODS:
            arguments = tuple(list(a) if isinstance(a, Iterator) else a for a in arguments)
            _refuse(name, _METHODS[name](owner, *arguments, *settings.values()))
        return super().call(context, called, *arguments, **settings)


class _Formatter(SandboxedFormatter):
    """The ``format`` of a text, which adds up how long its fields become."""

    def __init__(self, environment: BoundedSandbox) -> None:
        super().__init__(environment)
        self._length = 0

    def format_field(self, value: Any, format_spec: str) -> str:
        """Formats one field."""
        widths = sum(map(int, _NUMBER.findall(format_spec)))
        self._length += max(widths, len(value) if isinstance(value, str) else 0)
        _refuse("format", self._length)
        return str(super().format_field(value, format_spec))


def _refuse(operation: str, length: int) -> None:
    if length > MAX_LENGTH:
        raise OverflowError(f"the result of '{operation}' would be too large")


def _bounded(name: str, apply: Callable[..., Any]) -> Callable[..., Any]:
    takes_context = hasattr(apply, "jinja_pass_arg")

    @wraps(apply)
    def call(*arguments: Any, **settings: Any) -> Any:
        arguments = tuple(list(a) if isinstance(a, Iterator) else a for a in arguments)
        operands = arguments[1:] if takes_context else arguments
        _refuse(name, _FILTERS[name](*operands, **settings))
        return apply(*arguments, **settings)

    return call


def _size(value: Any) -> int:
    """How many characters a value takes as text, at least; that of a list counts its items."""
    if isinstance(value, str | bytes):
        return len(value)
    total = 0
    for item in _items(value):
        total += _ITEM + _size(item)
        if total > MAX_LENGTH:
            break
    return total


def _items(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        yield from value.keys()
        yield from value.values()
    elif isinstance(value, list | tuple | set | frozenset):
        yield from value


def _sum(*operands: Any) -> int:
    return sum(map(_size, operands)) if isinstance(operands[0], str | list | tuple) else 0


def _product(left: Any, right: Any) -> int:
    for sequence, count in ((left, right), (right, left)):
        if isinstance(sequence, str | bytes | list | tuple) and isinstance(count, int):
            return _size(sequence) * count
    if isinstance(left, int) and isinstance(right, int):
        return _of_bits(left.bit_length() + right.bit_length())
    return 0


def _power(left: Any, right: Any) -> int:
    is_whole = isinstance(left, int) and isinstance(right, int)
    return _of_bits(left.bit_length() * right) if is_whole else 0


def _of_bits(bits: int) -> int:
    return MAX_LENGTH + 1 if bits > _MAX_BITS else 0


def _formatted(text: Any, *operands: Any, **named: Any) -> int:
    """The length of ``text % operands``: widths, those of ``*`` too, and what is put in."""
    if not isinstance(text, str):
        return 0
    given = operands[0] if len(operands) == 1 else operands
    values = [*_items(given)] if isinstance(given, tuple | Mapping) else [given]
    values += named.values()
    widths = sum(map(int, _NUMBER.findall(text)))
    starred = sum(abs(v) for v in values if isinstance(v, int)) if "*" in text else 0
    longest = max(map(_size, values), default=0)
    return len(text) + widths + starred + text.count("%") * longest


def _padded(text: Any, width: int = 80, *_: Any) -> int:
    return max(_size(text), width)


def _replaced(text: Any, old: Any = "", *more: Any, new: Any = "", **_: Any) -> int:
    new = more[0] if more else new
    times = text.count(old) if isinstance(text, str | bytes) else _size(str(text))
    return _size(text) + times * _size(new)


def _joined(pieces: Any, separator: Any = "", *_: Any, d: Any = "", **__: Any) -> int:
    if not hasattr(pieces, "__len__"):
        return 0
    return _size(pieces) + len(pieces) * _size(str(separator or d))


def _indented(text: Any, width: int | str = 4, *_: Any, **__: Any) -> int:
    added = len(width) if isinstance(width, str) else width
    return _size(text) + (str(text).count("\n") + 1) * added


def _wrapped(text: Any, width: int = 79, *_: Any, wrapstring: str | None = "", **__: Any) -> int:
    lines = _size(text) // max(width, 1) + 1
    is_slow = _size(text) > _MAX_WIDTH
    return MAX_LENGTH + 1 if is_slow else _size(text) + lines * _size(wrapstring or "")


def _counted(value: Any, *operands: Any, **named: Any) -> int:
    """Of a filter that makes as many pieces as it is told, or as wide ones."""
    given = (*operands, *named.values())
    number = max((one for one in given if isinstance(one, int)), default=0)
    return number * max(1, *map(_size, given)) if given else 0


def _translated(text: str, table: Any) -> int:
    return len(text) * max(map(_size, _items(table)), default=1)


_OPERATORS: dict[str, Callable[..., int]] = {
    "+": _sum,
    "~": _sum,
    "*": _product,
    "**": _power,
    "%": _formatted,
}
_METHODS: dict[str, Callable[..., int]] = {
    "center": _padded,
    "expandtabs": lambda text, size=8: _size(text) + _size(text) * size,
    "join": lambda separator, pieces: _joined(pieces, separator),
    "ljust": _padded,
    "replace": _replaced,
    "rjust": _padded,
    "to_bytes": lambda number, length=1, *_: length,
    "translate": _translated,
    "zfill": _padded,
}
_FILTERS: dict[str, Callable[..., int]] = {
    "batch": _counted,
    "center": _padded,
    "format": _formatted,
    "indent": _indented,
    "join": _joined,
    "replace": _replaced,
    "round": lambda value, precision=0, *_, **__: _of_bits(abs(precision)),
    "slice": _counted,
    "tojson": lambda value, indent=None: _size(value) * (indent or 1),
    "wordwrap": _wrapped,
}
"""What a name makes at most, in characters or items, of its operands."""
