"""Reads the expressions that Jinja and Python write and mean alike, without Jinja.

What is read here is a small part of Jinja: names, literals, lists, calls of what the template
sees, comparisons, ``and``, ``or``, ``not``. Whatever else a tag holds, or whatever else one of
these would do, raises ``NotPlain``, and Jinja itself has to look.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sized
from functools import lru_cache
from itertools import pairwise
from typing import Any

from kpi_runner.template.context import RelationText

Evaluate = Callable[["Scope"], Any]

_TOKENS = re.compile(
    r"(?:\s++|'[^'\\]*+'|\"[^\"\\]*+\"|[A-Za-z]\w*+(?!['\"])"
    r"|(?<![\w.])\d++(?:\.\d++)?(?![\w.'\"])|[=!<>]=|[<>=.,:()\[\]{}-])*+",
    re.ASCII,
)
_QUOTED = re.compile(r"'[^']*+'|\"[^\"]*+\"")
_KEPT_EXPRESSIONS = 1024
_LONG_QUOTES = ("'''", '"""')
_CONSTANTS = {"true": True, "false": False, "none": None}
RESERVED = frozenset({"self", "super", "caller", "varargs", "kwargs", "loop", *_CONSTANTS})
"""Names that Jinja gives a meaning of their own."""

_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}


class NotPlain(Exception):
    """A template holds, or does, what only Jinja knows."""


class Loop:
    """What ``loop`` shows in a round of a loop."""

    def __init__(self, items: Sized) -> None:
        self._items = items
        self.index0 = -1

    def show(self, name: str) -> Any:
        """Returns an attribute of ``loop``."""
        match name:
            case "index":
                return self.index0 + 1
            case "index0":
                return self.index0
            case "first":
                return self.index0 == 0
            case "last":
                return self.index0 == len(self._items) - 1
            case "length":
                return len(self._items)
        raise NotPlain(name)


class Scope:
    """The names of a rendering, with those that the template itself sets.

    ``count_step`` is called in each round of a loop.
    """

    def __init__(self, names: Mapping[str, Any], count_step: Callable[[], object] = int) -> None:
        self.names = names
        self.count_step = count_step
        self.own: dict[str, Any] = {}
        self.loop: Loop | None = None

    def value(self, name: str) -> Any:
        """Returns what a name stands for."""
        if name in self.own:
            return self.own[name]
        if name in self.names:
            return self.names[name]
        raise NotPlain(name)

    def function(self, name: str) -> Callable[..., Any]:
        """Returns a function that the template was given; one of its own making is not plain."""
        called = self.names.get(name)
        if name in self.own or not callable(called):
            raise NotPlain(name)
        return called  # type: ignore[no-any-return]


@lru_cache(_KEPT_EXPRESSIONS)
def read_expression(text: str) -> Evaluate:
    """Returns how an expression is evaluated; raises NotPlain.

    >>> read_expression("days >= 7 and 'a' in names")(Scope({"days": 7, "names": ["a"]}))
    True
    """
    if not _TOKENS.fullmatch(text) or any(quotes in text for quotes in _LONG_QUOTES):
        raise NotPlain(text)
    if "\n" in text:  # a text may go over lines in Jinja, not in Python
        text = _QUOTED.sub(lambda quoted: quoted[0].replace("\n", "\\n"), text)
    try:
        return _read(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise NotPlain(text) from None


def _read(node: ast.expr) -> Evaluate:
    read = _READERS.get(type(node))
    if read is None:
        raise NotPlain(type(node).__name__)
    return read(node)


def _constant(node: ast.Constant) -> Evaluate:
    value = node.value
    if not isinstance(value, str | int | float | None):
        raise NotPlain("...")
    return lambda scope: value


def _sign(node: ast.UnaryOp) -> Evaluate:
    operand = _read(node.operand)
    if isinstance(node.op, ast.Not):
        return lambda scope: not operand(scope)
    value = node.operand.value if isinstance(node.operand, ast.Constant) else None
    if not isinstance(node.op, ast.USub) or type(value) not in (int, float):
        raise NotPlain("-")
    negative = -value  # type: ignore[operator]
    return lambda scope: negative


def _name(node: ast.Name) -> Evaluate:
    name = node.id
    if name in _CONSTANTS:
        value = _CONSTANTS[name]
        return lambda scope: value
    if name in RESERVED:
        raise NotPlain(name)
    return lambda scope: scope.value(name)


def _items(node: ast.List | ast.Tuple) -> Evaluate:
    items = [_read(item) for item in node.elts]
    if isinstance(node, ast.List):
        return lambda scope: [item(scope) for item in items]
    return lambda scope: tuple([item(scope) for item in items])


def _mapping(node: ast.Dict) -> Evaluate:
    if None in node.keys:
        raise NotPlain("**")
    pairs = [(_read(k), _read(v)) for k, v in zip(node.keys, node.values, strict=True) if k]
    return lambda scope: {key(scope): value(scope) for key, value in pairs}


def _attribute(node: ast.Attribute) -> Evaluate:
    name = node.attr
    if not isinstance(node.value, ast.Name) or name.startswith("_"):
        raise NotPlain(name)
    if node.value.id == "loop":
        return lambda scope: _part_of_loop(scope, name)
    owner = _name(node.value)
    return lambda scope: _part_of(owner(scope), name)


def _part_of_loop(scope: Scope, name: str) -> Any:
    if scope.loop is None:
        raise NotPlain("loop")
    return scope.loop.show(name)


def _part_of(owner: Any, name: str) -> Any:
    """The value of a key of a mapping; what has attributes of that name is left to Jinja."""
    if type(owner) is dict and name in owner and not hasattr(owner, name):
        return owner[name]
    if type(owner) is RelationText and name in RelationText.__annotations__:
        return getattr(owner, name)
    raise NotPlain(name)


def _item(node: ast.Subscript) -> Evaluate:
    owner, key = _read(node.value), _read(node.slice)
    return lambda scope: _item_of(owner(scope), key(scope))


def _item_of(owner: Any, key: Any) -> Any:
    if type(owner) is dict or (type(owner) in (list, tuple) and type(key) is int):
        return owner[key]
    raise NotPlain("[]")


def _call(node: ast.Call) -> Evaluate:
    if not isinstance(node.func, ast.Name) or any(one.arg is None for one in node.keywords):
        raise NotPlain("()")
    name = node.func.id
    arguments = [_read(argument) for argument in node.args]
    keywords = {str(one.arg): _read(one.value) for one in node.keywords}
    if len(keywords) != len(node.keywords):
        raise NotPlain("a name stands twice")
    if not keywords:
        return lambda scope: scope.function(name)(*[one(scope) for one in arguments])
    return lambda scope: scope.function(name)(
        *[one(scope) for one in arguments], **{key: one(scope) for key, one in keywords.items()}
    )


def _comparison(node: ast.Compare) -> Evaluate:
    operands = [_read(operand) for operand in (node.left, *node.comparators)]
    compare = [_COMPARISONS.get(type(op)) for op in node.ops]
    steps = [(by, *pair) for by, pair in zip(compare, pairwise(operands), strict=True) if by]
    if len(steps) != 1 or len(compare) != 1:
        raise NotPlain("is")
    ((by, left, right),) = steps
    return lambda scope: by(left(scope), right(scope))


def _choice(node: ast.BoolOp) -> Evaluate:
    operands = [_read(operand) for operand in node.values]
    is_and = isinstance(node.op, ast.And)

    def evaluate(scope: Scope) -> Any:
        value: Any = None
        for operand in operands:
            value = operand(scope)
            if bool(value) != is_and:
                return value
        return value

    return evaluate


_READERS: Mapping[type[ast.expr], Callable[[Any], Evaluate]] = {
    ast.Constant: _constant,
    ast.UnaryOp: _sign,
    ast.Name: _name,
    ast.List: _items,
    ast.Tuple: _items,
    ast.Dict: _mapping,
    ast.Attribute: _attribute,
    ast.Subscript: _item,
    ast.Call: _call,
    ast.Compare: _comparison,
    ast.BoolOp: _choice,
}
