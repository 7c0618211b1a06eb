"""Renders templates of plain Jinja without Jinja, which would make a Python module of each.

Plain is text, comments, what is printed, ``if``, ``for`` over a list, ``set`` outside of blocks,
and what ``expression`` reads; the text is the one that Jinja gives. Whatever else there is
raises: a template is then rendered by Jinja, which also says what is wrong, and where.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from keyword import iskeyword
from typing import Any

from kpi_runner.template.expression import (
    RESERVED,
    Evaluate,
    Loop,
    NotPlain,
    Scope,
    read_expression,
)
from kpi_runner.template.scan import TAG

Part = Callable[[Scope, list[str]], None]
"""Adds what a part of a template gives to the text so far."""

_TEXT, _PRINT = "#text", "#print"
_NAMED = re.compile(r"\s*([A-Za-z]\w*)\s*(=(?!=)|\bin\b)(.*)", re.ASCII | re.DOTALL)
_SPACE = re.compile(r"\s*")
_SHORTEST_TRIMMED = len("{#--#}")


class PlainTemplate:
    """A template that needs no Jinja, unless its values do.

    Raises NotPlain where it holds anything that is not plain.
    """

    def __init__(self, raw: str) -> None:
        try:
            self._parts = _Reader(raw).read()
        except RecursionError:
            raise NotPlain("nests deeply") from None

    def render(self, names: Mapping[str, Any], count_step: Callable[[], None]) -> str:
        """Returns the text; raises NotPlain, or whatever went wrong, where Jinja has to look.

        Args:
            names: what the template sees.
            count_step: is called in each round of a loop.
        """
        text: list[str] = []
        scope = Scope(names, count_step)
        _write(self._parts, scope, out=text)
        return "".join(text)


class _Reader:
    """Reads the tags of a template from first to last."""

    def __init__(self, raw: str) -> None:
        self._tokens = _tokens(raw)
        self._set: set[str] = set()
        self._looped: set[str] = set()
        self._loops: list[str] = []

    def read(self) -> tuple[Part, ...]:
        """Returns the parts of the whole template."""
        parts, _, _ = self._read_until("")
        return parts

    def _read_until(self, *ends: str) -> tuple[tuple[Part, ...], str, str]:
        """Returns the parts up to one of some tags, and that tag; its end is an empty word."""
        parts: list[Part] = []
        is_outermost = "" in ends
        for word, body in self._tokens:
            if word in ends:
                return tuple(parts), word, body
            match word:
                case "#text":
                    parts.append(_text(body))
                case "#print":
                    parts.append(_print(read_expression(body)))
                case "set" if is_outermost:
                    parts.append(self._assignment(body))
                case "if":
                    parts.append(self._choice(body))
                case "for":
                    parts.append(self._loop(body))
                case _:
                    raise NotPlain(word)
        raise NotPlain("a block is open")

    def _assignment(self, body: str) -> Part:
        name, value = _named(body, "=")
        if name in self._looped:
            raise NotPlain(name)
        self._set.add(name)

        def assign(scope: Scope, out: list[str]) -> None:
            scope.own[name] = value(scope)

        return assign

    def _choice(self, body: str) -> Part:
        branches: list[tuple[Evaluate, tuple[Part, ...]]] = []
        otherwise: tuple[Part, ...] = ()
        word = "elif"
        while word == "elif":
            condition = read_expression(body)
            parts, word, body = self._read_until("elif", "else", "endif")
            branches.append((condition, parts))
        if word == "else":
            _refuse_body(body)
            otherwise, _, body = self._read_until("endif")
        _refuse_body(body)

        def choose(scope: Scope, out: list[str]) -> None:
            for condition, parts in branches:
                if condition(scope):
                    _write(parts, scope, out=out)
                    return
            _write(otherwise, scope, out=out)

        return choose

    def _loop(self, body: str) -> Part:
        name, items = _named(body, "in")
        if name in self._set or name in self._loops:
            raise NotPlain(name)
        self._looped.add(name)
        self._loops.append(name)
        parts, _, end = self._read_until("endfor")
        self._loops.pop()
        _refuse_body(end)
        return lambda scope, out: _go_round(items(scope), name, parts=parts, scope=scope, out=out)


def _tokens(raw: str) -> Iterator[tuple[str, str]]:
    """Yields texts, printing tags and blocks as a word and what it is about; "" at the end."""
    if "\r" in raw:
        raise NotPlain("\r")
    raw, place = raw.removesuffix("\n"), 0
    for tag in TAG.finditer(raw):
        whole, kind = tag[0], tag.lastgroup
        if whole[2:3] == "+" or whole[-3:-2] == "+" or kind == "broken":
            raise NotPlain(whole)
        text = raw[place : tag.start()]
        yield _TEXT, text.rstrip() if whole[2:3] == "-" else text
        place = tag.end()
        if whole[-3:-2] == "-" and len(whole) >= _SHORTEST_TRIMMED:
            place = _SPACE.match(raw, place).end()  # type: ignore[union-attr]
        if kind == "print":
            yield _PRINT, tag["print"].removeprefix("-").removesuffix("-")
        elif kind == "block":
            yield tag["word"], tag["block"].removesuffix("-")
        elif not whole.startswith("{#"):
            raise NotPlain("raw")
    yield _TEXT, raw[place:]
    yield "", ""


def _named(body: str, sign: str) -> tuple[str, Evaluate]:
    found = _NAMED.fullmatch(body)
    if found is None or found[2] != sign or found[1] in RESERVED or iskeyword(found[1]):
        raise NotPlain(body)
    return found[1], read_expression(found[3])


def _refuse_body(body: str) -> None:
    if body.strip():
        raise NotPlain(body)


def _text(text: str) -> Part:
    return lambda scope, out: out.append(text)


def _print(value: Evaluate) -> Part:
    return lambda scope, out: out.append(str(value(scope)))


def _write(parts: tuple[Part, ...], scope: Scope, *, out: list[str]) -> None:
    for part in parts:
        part(scope, out)


def _go_round(
    items: Any, name: str, *, parts: tuple[Part, ...], scope: Scope, out: list[str]
) -> None:
    if type(items) not in (list, tuple, dict, str):
        raise NotPlain("a loop over no list")
    outer, loop = scope.loop, Loop(items)
    for item in items:
        scope.count_step()
        loop.index0 += 1
        scope.loop, scope.own[name] = loop, item
        _write(parts, scope, out=out)
    scope.loop = outer
    scope.own.pop(name, None)
