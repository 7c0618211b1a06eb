"""Frozen dataclasses as JSON values and back, by their annotations alone.

A field that holds its default is left out, and a span within the file at hand is four numbers.
Knows none of the classes but ``Span``.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from kpi_runner.core.span import Span

Convert = Callable[[Any, str], Any]
"""Turns a value, given the path of the file that it belongs to."""

_CLASS = "is"
_PLACE = 4
"""How many numbers a span is; the path of another file follows them."""

_PLAIN = (str, int, float, bool, type(None))


def to_record(value: Any, kind: Any, *, path: str = "") -> Any:
    """Returns a value of an annotation (a dataclass, ``tuple[Column, ...]``) as a JSON value.

    Raises ``ValueError`` for what JSON would not give back exactly: a tuple where anything may
    stand, say, or a mapping with numbers as keys.
    """
    convert = _writer(kind)
    return convert(value, path) if convert else value


def from_record(record: Any, kind: Any, *, path: str = "") -> Any:
    """Returns the value that ``to_record`` was given; the record has to be one of its own."""
    convert = _reader(kind)
    return convert(record, path) if convert else record


@cache
def _writer(kind: Any) -> Convert | None:
    """Returns how values of an annotation are written; None where they stay as they are."""
    origin, inner = _taken_apart(kind)
    if kind is Span:
        return _write_span
    if kind is Any:
        return _write_exact
    if is_dataclass(kind):
        return _DataclassWriter(cast(type[Any], kind)).write
    if origin is Union:
        return _write_union(inner)
    if origin in (tuple, list):
        return _each(_writer(inner[0]), list)
    if origin is Mapping or origin is dict:
        return _each_value(_writer(inner[1])) or (lambda value, path: dict(value))
    return None


@cache
def _reader(kind: Any) -> Convert | None:
    origin, inner = _taken_apart(kind)
    if kind is Span:
        return _read_span
    if is_dataclass(kind):
        return _DataclassReader(cast(type[Any], kind)).read
    if isinstance(kind, type) and issubclass(kind, Enum):
        return lambda record, path: kind(record)
    if origin is Union:
        return _read_union(inner)
    if origin is tuple:
        return _each(_reader(inner[0]), tuple)
    if origin is Mapping or origin is dict:
        return _each_value(_reader(inner[1]))
    return None


def _each(convert: Convert | None, kind: Callable[[Iterable[Any]], Any]) -> Convert:
    if convert is None:
        return lambda value, path: kind(value)
    return lambda value, path: kind([convert(item, path) for item in value])


def _each_value(convert: Convert | None) -> Convert | None:
    if convert is None:
        return None
    return lambda value, path: {key: convert(item, path) for key, item in value.items()}


def _taken_apart(kind: Any) -> tuple[Any, tuple[Any, ...]]:
    origin = get_origin(kind)
    return (Union if origin is types.UnionType else origin), get_args(kind)


class _DataclassWriter:
    """Writes the fields of a class that do not hold their defaults."""

    def __init__(self, kind: type[Any]) -> None:
        self._kind = kind
        self._fields: list[tuple[str, Any, Convert | None]] = []

    def write(self, value: Any, path: str) -> dict[str, Any]:
        record = {}
        for name, default, convert in self._fields or self._look_up():
            held = getattr(value, name)
            if held != default:
                record[name] = convert(held, path) if convert else held
        return record

    def _look_up(self) -> list[tuple[str, Any, Convert | None]]:
        """Late, since a class may hold others of its own kind."""
        hints = get_type_hints(self._kind)
        self._fields = [
            (f.name, _default_of(f), _writer(hints[f.name])) for f in fields(self._kind)
        ]
        return self._fields


class _DataclassReader:
    """Makes a class of the fields that were written."""

    def __init__(self, kind: type[Any]) -> None:
        self._kind = kind
        self._converted: list[tuple[str, Convert]] | None = None

    def read(self, record: Any, path: str) -> Any:
        converted = self._look_up() if self._converted is None else self._converted
        values = dict(record)
        for name, convert in converted:
            held = values.get(name)
            if held is not None:
                values[name] = convert(held, path)
        return self._kind(**values)

    def _look_up(self) -> list[tuple[str, Convert]]:
        hints = get_type_hints(self._kind)
        found = ((f.name, _reader(hints[f.name])) for f in fields(self._kind))
        self._converted = [(name, convert) for name, convert in found if convert]
        return self._converted


def _default_of(field: Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default


def _write_span(span: Span, path: str) -> list[Any]:
    place = [span.line, span.column, span.end_line, span.end_column]
    return place if span.path == path else [*place, span.path]


def _read_span(record: list[Any], path: str) -> Span:
    return Span(path, *record) if len(record) == _PLACE else Span(record[_PLACE], *record[:_PLACE])


def _write_union(members: tuple[Any, ...]) -> Convert | None:
    """Several classes are told apart by their names; a class or None needs no name."""
    classes = {kind: _writer(kind) for kind in members if kind is not type(None)}
    if len(classes) == 1:
        (convert,) = classes.values()
        return convert and (lambda value, path: None if value is None else convert(value, path))
    if not any(is_dataclass(kind) for kind in classes):
        return None

    def write(value: Any, path: str) -> Any:
        convert = classes.get(type(value))
        return {_CLASS: type(value).__name__, **convert(value, path)} if convert else value

    return write


def _read_union(members: tuple[Any, ...]) -> Convert | None:
    classes = {kind.__name__: _reader(kind) for kind in members if kind is not type(None)}
    if len(classes) == 1:
        return next(iter(classes.values()))
    if not any(is_dataclass(kind) for kind in members):
        return None

    def read(record: Any, path: str) -> Any:
        if not isinstance(record, dict):
            return record
        convert = classes[record[_CLASS]]
        held = {name: value for name, value in record.items() if name != _CLASS}
        return convert(held, path) if convert else held

    return read


def _write_exact(value: Any, path: str) -> Any:
    if type(value) is list:
        return [_write_exact(item, path) for item in value]
    if type(value) is dict and all(type(key) is str for key in value):
        return {key: _write_exact(item, path) for key, item in value.items()}
    if type(value) in _PLAIN:
        return value
    raise ValueError(f"JSON has no {type(value).__name__}")
