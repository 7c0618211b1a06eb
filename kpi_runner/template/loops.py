"""Loops over a literal list of names, dbt's usual way to refer to several nodes alike.

Followed in the text alone, tag by tag, for tier 1 of the scan. A loop counts only where each
name of its list surely is the value of the variable, once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_NAME = r"""(?:'[^'\\\n]*'|"[^"\\\n]*\")"""
_ITEM = re.compile(_NAME)
_QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+\"""", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_]\w*")
_LIST = rf"\[(?P<items>\s*{_NAME}(?:\s*,\s*{_NAME})*\s*,?\s*)\]\s*[-+]?"
_ASSIGNED = re.compile(rf"\s*(?P<name>[A-Za-z_]\w*)\s*=\s*{_LIST}")
_LOOPED = re.compile(
    rf"\s*(?P<variable>[A-Za-z_]\w*)\s+in\s+(?:(?P<name>[A-Za-z_]\w*)\s*[-+]?|{_LIST})"
)
_VARIABLE = re.compile(rf"\(\s*(?:(?P<before>{_NAME})\s*,\s*)?(?P<variable>[A-Za-z_]\w*)\s*\)")
_ONLY_READS = frozenset({"if", "elif"})

Item = tuple[str, int, int]
"""A name of a list, and the offsets between which it stands in the template."""


class Undecided(Exception):
    """Tier 1 has met something that it cannot settle."""


@dataclass(frozen=True, slots=True)
class _Loop:
    variable: str
    name: str
    items: tuple[Item, ...]


class ListLoops:
    """The lists and the loop of a template, as far as its tags were passed."""

    def __init__(self) -> None:
        self._lists: dict[str, tuple[Item, ...]] = {}
        self._loop: _Loop | None = None
        self._is_used = False

    def expand(self, arguments: str | None) -> Iterator[tuple[list[str], Item]]:
        """Yields what the arguments of a call in the loop are in each of its rounds.

        Yields nothing where they are not its variable, alone or behind a literal.
        Raises Undecided outside of a loop that counts.
        """
        if self._loop is None:
            raise Undecided
        self._is_used = True
        found = _VARIABLE.fullmatch(arguments or "")
        if found and found["variable"] == self._loop.variable:
            before = [found["before"][1:-1]] if found["before"] else []
            for item in self._loop.items:
                yield [*before, item[0]], item

    def pass_tag(self, tag: re.Match[str], *, depth: int) -> None:
        """Takes note of a tag that prints or is a block, and of how many blocks hold it.

        Raises Undecided where a loop that was expanded turns out not to count.
        """
        word, body = tag["word"], tag["print"] or tag["block"] or ""
        offset = tag.start("block")
        if depth == 0 and word == "for":
            self._open(_LOOPED.fullmatch(body), offset=offset)
            return
        if depth == 1 and word == "endfor":
            self._loop = None
            return
        if not (self._loop or self._lists or word == "set"):
            return
        named = set(_WORD.findall(_QUOTED.sub("", body)))
        if self._loop and self._is_broken_by(word, named, depth=depth):
            self._loop = None
            if self._is_used:
                raise Undecided
        for name in named & self._lists.keys():
            del self._lists[name]
        assigned = _ASSIGNED.fullmatch(body) if depth == 0 and word == "set" else None
        if assigned:
            self._lists[assigned["name"]] = _items_of(assigned, offset)

    def _open(self, looped: re.Match[str] | None, *, offset: int) -> None:
        self._loop, self._is_used = None, False
        if looped is None:
            return
        name = looped["name"] or ""
        items = self._lists.get(name, ()) if name else _items_of(looped, offset)
        if items and looped["variable"] != name:
            self._loop = _Loop(looped["variable"], name, items)
        self._lists.pop(looped["variable"], None)

    def _is_broken_by(self, word: str | None, named: set[str], *, depth: int) -> bool:
        if self._loop is None or word in ("break", "continue") or (depth == 1 and word == "else"):
            return True
        rebinds = word is not None and word not in _ONLY_READS and self._loop.variable in named
        return rebinds or self._loop.name in named


def _items_of(found: re.Match[str], offset: int) -> tuple[Item, ...]:
    start = offset + found.start("items")
    return tuple(
        (item[0][1:-1], start + item.start() + 1, start + item.end() - 1)
        for item in _ITEM.finditer(found["items"])
    )
