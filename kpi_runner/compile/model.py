"""A rendered model as one SELECT: cleaned, with ephemeral parents in line as CTEs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from kpi_runner.core.compiled import Compiled, Segment
from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.core.names import NodeId
from kpi_runner.core.node import Model
from kpi_runner.core.span import Span

CTE_PREFIX = "__kpi__cte__"
_BLANK = re.compile(r"(?:\s++|--[^\n]*+(?:\n|\Z)|/\*.*?\*/)*+", re.DOTALL)
_TOKEN = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|\$(\w*)\$.*?\$\1\$|;", re.DOTALL
)
_WITH = re.compile(r"with(\s+recursive)?\b", re.IGNORECASE)


def ephemeral_name(model: Model) -> str:
    """The CTE that stands for an ephemeral model."""
    return f"{CTE_PREFIX}{model.name}"


def clean_select(text: str, span: Span) -> str:
    """Drops a final semicolon; raises K402 for an empty text, K403 for two statements."""
    body = text.rstrip()
    while body.endswith(";"):
        body = body[:-1].rstrip()
    if _BLANK.fullmatch(body):
        raise ProjectInvalid(
            Diagnostic(
                "K402",
                f"'{span.path}' renders to no SQL",
                span,
                hint="A model is one SELECT; delete the file, or disable the model with "
                "{{ config(enabled=false) }}.",
            )
        )
    if end_of_first(body) is not None:
        raise ProjectInvalid(
            Diagnostic(
                "K403",
                f"'{span.path}' holds more than one statement",
                span,
                hint="A model is one SELECT: give the others models of their own.",
            )
        )
    return body


def inline_parents(
    node: NodeId, text: str, *, parents: Iterable[tuple[NodeId, str, str]]
) -> Compiled:
    """Returns a node's SELECT with ephemeral parents in front.

    Args:
        node: the node whose text it is.
        text: its rendered SELECT.
        parents: (id, CTE name, rendered SELECT) of each ephemeral ancestor, parents first.
    """
    ctes = tuple(parents)
    if not ctes:
        return Compiled(node, text, (Segment(1, _lines(text), node),))
    start = next(_BLANK.finditer(text)).end()
    has_with = _WITH.match(text, start)
    cut = has_with.end() if has_with else start
    head = text[:cut] if has_with else text[:cut] + "with"
    # What follows keeps its columns, so that a place in it is found again in the template.
    rest = " " * (cut - text.rfind("\n", 0, cut) - 1) + text[cut:]
    segments: list[Segment] = []
    out, line = head + "\n", head.count("\n") + 2
    for index, (parent, name, sql) in enumerate(ctes):
        is_last = index == len(ctes) - 1
        out += f"{name} as (\n{sql}\n)" + ("," if not is_last or has_with else "") + "\n"
        segments.append(Segment(line + 1, _lines(sql), parent))
        line += _lines(sql) + 2
    segments.append(Segment(line, _lines(rest), node, offset=head.count("\n") + 1))
    return Compiled(node, out + rest, tuple(segments))


def ephemeral_ancestors(
    node: NodeId,
    parents: Mapping[NodeId, tuple[NodeId, ...]],
    *,
    is_ephemeral: Callable[[NodeId], bool],
) -> tuple[NodeId, ...]:
    """Returns the ephemeral models that a node reads through ephemeral models, parents first."""
    found: dict[NodeId, None] = {}

    def visit(current: NodeId) -> None:
        for parent in parents.get(current, ()):
            if is_ephemeral(parent) and parent not in found:
                visit(parent)
                found[parent] = None

    visit(node)
    return tuple(found)


def end_of_first(sql: str) -> int | None:
    """Returns where a first statement ends that is not the last: at a semicolon outside of texts,
    quoted names and comments, with more than blanks behind it.

    >>> end_of_first("select ';';"), end_of_first("select 1; select 2")
    (None, 8)
    """
    body = sql.rstrip("; \t\r\n")
    ends = (match.start() for match in _TOKEN.finditer(body) if match.group() == ";")
    return next(ends, None) if ";" in body else None


def _lines(text: str) -> int:
    return text.count("\n") + 1
