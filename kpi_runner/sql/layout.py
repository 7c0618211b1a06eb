"""Where the lines of a query break: clauses, lists, conditions, and expressions too long for one.

What the outline has no place for stays as it stands, in the smallest part that holds it. A text
of several lines begins without indentation; its further lines bring theirs along.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType

from kpi_runner.sql.lines import (
    STEP,
    blank_above,
    count_commas,
    indented,
    laid_or_kept,
    stacked,
    with_remarks,
    wrapped,
)
from kpi_runner.sql.outline import (
    JOIN_WORDS,
    SET_WORDS,
    Group,
    Node,
    Odd,
    Piece,
    find_words,
    leaves,
    split_before,
    split_clauses,
    split_list,
    word_of,
)
from kpi_runner.sql.spacing import fits, flat, is_sign_of_one
from kpi_runner.sql.tokens import Kind, Token

_LEVELS = (
    ("or",),
    ("and",),
    ("=", "!=", "<>", "==", "<", "<=", ">", ">="),
    ("+", "-", "||"),
    ("*", "/", "//", "%"),
)
_WINDOW_WORDS = ("partition", "order", "rows", "range")


def lay_query(nodes: Sequence[Node], indent: int, *, is_top: bool = False) -> str:
    """Lays out the clauses of a query; ``is_top`` sets its CTEs apart and keeps blank lines."""
    lines: list[str] = []
    before = Piece()
    for piece in split_clauses(nodes):
        is_first = before.word not in _CLAUSES
        if is_top and before.word == "with":
            lines.append("")
        for token in piece.lead:
            lines += blank_above(token, lines) if is_top else []
            lines.append(token.text)
        lines += blank_above(next(leaves(piece.body), None), lines) if is_top and is_first else []
        text = _clause(piece, indent, is_top=is_top)
        star = f"select * {text}"
        is_star = lines[-1:] == ["select *"] and piece.word == "from" and not piece.lead
        if is_star and fits(star, indent):
            text = star
            lines.pop()
        lines += [with_remarks(text, piece)] if piece.body else []
        before = piece
    return stacked(lines, indent)


def _clause(piece: Piece, indent: int, *, is_top: bool) -> str:
    if piece.word == "with":
        return laid_or_kept(partial(_with, piece.body, indent, is_top=is_top), piece.body)
    if piece.word in _CLAUSES:
        return laid_or_kept(partial(_CLAUSES[piece.word], piece.body, indent), piece.body)
    tokens = [node for node in piece.body if isinstance(node, Token) and node.is_alone]
    if len(tokens) < len(piece.body):
        raise Odd
    return stacked([token.text for token in tokens], indent)


def _with(body: Sequence[Node], indent: int, *, is_top: bool = False) -> str:
    length = 2 if [word_of(node) for node in body[1:2]] == ["recursive"] else 1
    lines = [flat(body[:length]) or ""]
    commas = count_commas(body)
    for index, piece in enumerate(split_list(body[length:])):
        lines += [""] if is_top else []
        lines += [token.text for token in piece.lead]
        if piece.body:
            text = laid_or_kept(partial(_cte, piece.body, indent), piece.body)
            lines.append(with_remarks(text, piece, comma=index < commas))
    return stacked(lines, indent)


def _cte(body: Sequence[Node], indent: int) -> str:
    group = body[-1]
    head = flat(body[:-1])
    if not isinstance(group, Group) or group.is_case or not group.items or head is None:
        raise Odd
    inner = lay_query(group.items, indent + STEP)
    return f"{head} {wrapped('(', inner, indent=indent)})"


def _select(body: Sequence[Node], indent: int) -> str:
    length = 1
    while length < len(body) and word_of(body[length]) in ("distinct", "all", "on"):
        length += 2 if word_of(body[length]) == "on" else 1
    head = flat(body[:length])
    pieces = split_list(body[length:])
    if head is None:
        raise Odd
    if not pieces:
        return head
    text = flat(pieces[0].body)
    if len(pieces) == 1 and not pieces[0].lead and text and fits(f"{head} {text}", indent):
        return with_remarks(f"{head} {text}", pieces[0])
    return stacked([head, *indented(lay_list(body[length:], indent + STEP))], indent)


def _from(body: Sequence[Node], indent: int) -> str:
    if count_commas(body) or len(body) == 1:
        return _paragraph(body, indent, length=1)
    return f"from {_lay(body[1:], indent, used=5)}"


def _join(body: Sequence[Node], indent: int) -> str:
    first, *conditions = split_before(body, "on")
    lines = [with_remarks(_lay(first.body, indent), first)]
    for piece in conditions:
        lines += indented([token.text for token in piece.lead])
        if piece.body:
            text = _condition(piece.body, indent + STEP, step=0)
            lines += indented([with_remarks(text, piece)])
    return stacked(lines, indent)


def _condition(body: Sequence[Node], indent: int, *, step: int = STEP) -> str:
    """Lays out ``where`` and ``on``: a line for each part of the ``and`` or ``or``."""
    head, rest = word_of(body[0]), body[1:]
    level = "or" if find_words(rest, "or") else "and"
    pieces = split_before(rest, level)
    if not pieces or pieces[0].lead:
        raise Odd
    inner = indent + (step if len(pieces) > 1 else 0)
    used = len(head) + 1 - (inner - indent)
    lines = [with_remarks(f"{head} {_item(pieces[0].body, inner, used=used)}", pieces[0])]
    for piece in pieces[1:]:
        further = [token.text for token in piece.lead]
        further += [with_remarks(_item(piece.body, inner), piece)] if piece.body else []
        lines += [" " * step + line for line in further]
    return stacked(lines, indent)


def _ordered(body: Sequence[Node], indent: int) -> str:
    return _paragraph(body, indent, length=2)


def _window(body: Sequence[Node], indent: int) -> str:
    return _paragraph(body, indent, length=1)


def _paragraph(body: Sequence[Node], indent: int, *, length: int) -> str:
    """Lays out some words and a list: in one line, or the list below the words."""
    text, head = flat(body), flat(body[:length])
    if text is not None and fits(text, indent):
        return text
    if head is None:
        raise Odd
    return stacked([head, *indented(lay_list(body[length:], indent + STEP))], indent)


def _lay(nodes: Sequence[Node], indent: int, *, used: int = 0, after: int = 0) -> str:
    """Lays out an expression; ``used`` and ``after`` are taken on its first and last line."""
    text = flat(nodes)
    if text is not None and fits(text, indent + used, after=after):
        return text
    if len(nodes) > 2 and word_of(nodes[-2]) == "as" and isinstance(nodes[-1], Token):
        body, name = flat(nodes[:-2]), flat(nodes[-2:])
        if body and fits(body, indent + used) and not any(map(_has_parts, nodes)):
            return f"{body}\n{' ' * (indent + STEP)}{name}"
    if any(isinstance(node, Token) and node.kind == Kind.NOTE for node in nodes):
        raise Odd
    first, *operands = _operands(nodes)
    if not operands:
        return _unfolded(nodes, indent, after=after)
    lines = [_lay(first, indent, used=used)]
    for index, (sign, *operand) in enumerate(operands, start=1):
        word = flat((sign,)) or ""
        room = after if index == len(operands) else 0
        lines.append(f"{word} {_lay(operand, indent + STEP, used=len(word) + 1, after=room)}")
    return stacked(lines, indent + STEP)


def _has_parts(node: Node) -> bool:
    """True for a window or case expression of several parts, which read best one below another."""
    if not isinstance(node, Group):
        return False
    words = ("when", "else") if node.is_case else _WINDOW_WORDS
    return len(find_words(node.items, *words)) > 1


def _operands(nodes: Sequence[Node]) -> list[Sequence[Node]]:
    """Cuts an expression before its weakest operators; each but the first begins with one."""
    for level in _LEVELS:
        words = find_words(nodes, *level)
        signs = (
            index
            for index, node in enumerate(nodes)
            if isinstance(node, Token) and node.kind == Kind.SIGN and node.text in level
        )
        cuts = [index for index in (*words, *signs) if index > 0 and _has_left(nodes, index)]
        if cuts:
            bounds = zip([0, *cuts], [*cuts, len(nodes)], strict=True)
            return [nodes[start:end] for start, end in bounds]
    return [nodes]


def _has_left(nodes: Sequence[Node], index: int) -> bool:
    """True for an operator with something on its left, and with nothing joined to it."""
    before, node, *further = nodes[index - 1 : index + 2]
    if any(isinstance(one, Token) and one.kind == Kind.SIGN and not one.gap for one in further):
        return False
    if isinstance(before, Group) or not isinstance(node, Token):
        return True
    return not is_sign_of_one(node, before) and before.kind not in (Kind.SIGN, Kind.OPEN)


def _unfolded(nodes: Sequence[Node], indent: int, *, after: int) -> str:
    """Lays out an expression with its longest bracket on lines of its own."""
    found = [
        (index, node, flat((node,)))
        for index, node in enumerate(nodes)
        if isinstance(node, Group) and node.items
    ]
    if not found:
        text = flat(nodes)
        if text is None:
            raise Odd
        return text
    index, group, _ = max(found, key=lambda one: (one[2] is None, len(one[2] or "")))
    head = flat((*nodes[:index], group.open))
    if head is None:
        raise Odd
    tail = _lay((group.close, *nodes[index + 1 :]), indent, after=after)
    inner = indent + STEP
    if group.is_case:
        operand, lines = _case(group, inner)
        head = f"{head} {operand}" if operand else head
        return wrapped(head, stacked(lines, inner), indent=indent) + tail
    if group.is_query:
        return wrapped(head, lay_query(group.items, inner), indent=indent) + tail
    return wrapped(head, stacked(_bracketed(group, inner), inner), indent=indent) + tail


def _bracketed(group: Group, indent: int) -> list[str]:
    if word_of(group.items[0]) not in _WINDOW_WORDS:
        return lay_list(group.items, indent)
    pieces = split_before(group.items, *_WINDOW_WORDS)
    lines = []
    for piece in pieces:
        lines += [token.text for token in piece.lead]
        if piece.body:
            lines.append(with_remarks(_paragraph(piece.body, indent, length=2), piece))
    return lines


def _case(group: Group, indent: int) -> tuple[str, list[str]]:
    """Returns the operand of a case expression, and its branches."""
    operand = ""
    lines = []
    for piece in split_before(group.items, "when", "else"):
        lines += [token.text for token in piece.lead]
        if piece.word in ("when", "else"):
            lines.append(with_remarks(_branch(piece.body, indent), piece))
        elif piece.body:
            operand = flat(piece.body) or ""
            if not operand or piece.trail:
                raise Odd
    return operand, lines


def _branch(body: Sequence[Node], indent: int) -> str:
    text = flat(body)
    if text is not None and fits(text, indent):
        return text
    cuts = [index for index, node in enumerate(body) if word_of(node) == "then"]
    if len(cuts) != 1:
        return f"{word_of(body[0])} {_lay(body[1:], indent, used=5)}"
    condition = _lay(body[1 : cuts[0]], indent, used=5)
    value = _lay(body[cuts[0] + 1 :], indent + STEP, used=5)
    return f"when {condition}\n{' ' * (indent + STEP)}then {value}"


def lay_list(nodes: Sequence[Node], indent: int) -> list[str]:
    """Lays out the items of a list, each on lines of its own."""
    commas = count_commas(nodes)
    lines = []
    for index, piece in enumerate(split_list(nodes)):
        lines += [token.text for token in piece.lead]
        if piece.body:
            has_comma = index < commas
            text = _item(piece.body, indent, after=has_comma)
            lines.append(with_remarks(text, piece, comma=has_comma))
    return lines


def _item(nodes: Sequence[Node], indent: int, *, used: int = 0, after: int = 0) -> str:
    return laid_or_kept(partial(_lay, nodes, indent, used=used, after=after), nodes)


_CLAUSES: Mapping[str, Callable[[Sequence[Node], int], str]] = MappingProxyType(
    {
        "with": _with,
        "select": _select,
        "from": _from,
        **dict.fromkeys(JOIN_WORDS, _join),
        **dict.fromkeys(("where", "having", "qualify"), _condition),
        **dict.fromkeys(("group", "order"), _ordered),
        "window": _window,
        **dict.fromkeys((*SET_WORDS, "limit", "offset"), _lay),
    }
)
