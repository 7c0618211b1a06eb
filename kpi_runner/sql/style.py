"""The rules of SQL style, read off the tokens of a template so that comments and tags survive.

A rule is a function from a file to its faults; its docstring is what ``kpi explain`` prints. What
the rules are for stands in the style guide of a project, which names their codes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise, zip_longest
from types import MappingProxyType

from kpi_runner.sql.format import format_sql
from kpi_runner.sql.outline import Group, Node, groups, leaves, word_of
from kpi_runner.sql.queries import Fault, Query, Relation, Rule, Sheet, fault_at
from kpi_runner.sql.spacing import LIMIT
from kpi_runner.sql.spelling import repeatable, spelling, tags
from kpi_runner.sql.tokens import Kind, Token
from kpi_runner.sql.words import recase

FORMATTED = "`kpi fmt` writes it."


def keyword_case(sheet: Sheet) -> Iterator[Fault]:
    """Keywords, functions and types are written in lower case."""
    if sheet.kind == "macro" and format_sql(sheet.text) == sheet.text:
        return  # it is as it should be, or may be something else than SQL
    for token, cased in zip(sheet.tokens, recase(sheet.tokens), strict=True):
        if token.text != cased.text:
            yield fault_at(token, f"'{token.text}' is not written in lower case", hint=FORMATTED)


def layout(sheet: Sheet) -> Iterator[Fault]:
    """A file is laid out as `kpi fmt` writes it, and no line is longer than 100 columns: four
    blanks a step, one item a line where a list does not fit on one, one blank line between CTEs
    and none inside brackets."""
    wanted = format_sql(sheet.text).split("\n")
    start = 0
    is_told = False
    for found, line in zip_longest(sheet.text.split("\n"), wanted):
        if not is_told and (found is None or line is None or found.lower() != line.lower()):
            is_told = True
            message = "the layout is another one from here on"
            yield Fault(start, start + len(found or ""), message, FORMATTED)
        if len(found or "") > LIMIT:
            message = f"the line has {len(found)} columns, more than {LIMIT}"
            yield Fault(start + LIMIT, start + len(found), message, "Break it, or say less.")
        start += len(found or "") + 1


def trailing_commas(sheet: Sheet) -> Iterator[Fault]:
    """A comma stands at the end of its line, not at the head of the next."""
    for token in sheet.tokens:
        if token.kind == Kind.COMMA and token.starts_line and token.start:
            yield fault_at(token, "a comma begins the line", hint=FORMATTED)


def steps(sheet: Sheet) -> Iterator[Fault]:
    """A model reads in CTEs of their own at its head, works in one CTE a step, and ends in a CTE
    `final` of which the last line selects everything. A step is a CTE, never a subquery in FROM."""
    imports = [step.is_import for step in sheet.steps]
    for query in sheet.queries:
        is_late = query.name and query.is_import and not all(imports[: sheet.steps.index(query)])
        hint = "Read it in a CTE of its own at the head of the file, and join that."
        for read in query.reads if (sheet.steps and not query.is_import) or is_late else ():
            where = "after a step of work" if is_late else "inside a step of work"
            yield fault_at(read, f"'{read.text}' is read {where}", hint=hint)
        for relation in query.relations:
            group = next((n for n in relation.nodes if isinstance(n, Group) and n.is_query), None)
            if group:
                yield fault_at(
                    group.open, "a subquery stands in FROM", hint="Make it a CTE with a name."
                )
    if sheet.kind == "model" and sheet.main and sheet.main.clauses:
        yield from _end(sheet, sheet.main)


def _end(sheet: Sheet, main: Query) -> Iterator[Fault]:
    clauses = [piece for piece in main.clauses if piece.body]
    if not {"select", "from", "with"} & {piece.word for piece in clauses}:
        return  # nothing but a call, such as a mart of KPIs
    texts = [" ".join(token.text for token in leaves(piece.body)).lower() for piece in clauses]
    is_final = bool(sheet.steps) and sheet.steps[-1].name == "final"
    if not is_final or texts[-2:] != ["select *", "from final"]:
        message = "the model does not end with 'select * from final'"
        hint = "Name the last CTE 'final', list its columns, and end with 'select * from final'."
        yield fault_at(next(leaves(clauses[-1].body)), message, hint=hint)


def stars(sheet: Sheet) -> Iterator[Fault]:
    """A star stands only in an import CTE and in the last line. Elsewhere a new column upstream
    would slip into a result that nobody looked at."""
    for query in sheet.queries:
        is_last = query is sheet.main and [r.name for r in query.relations] == ["final"]
        for item in query.items:
            first = item[0]
            is_star = isinstance(first, Token) and (first.text == "*" or first.text.endswith(".*"))
            if is_star and not query.is_import and not is_last:
                yield fault_at(
                    first, "a star hides which columns come out", hint="List the columns."
                )


def joins(sheet: Sheet) -> Iterator[Fault]:
    """A join is `inner join`, `left join` or `cross join`, its condition is `on` with the earlier
    relation at the left, and only a relation that is joined to itself has an alias."""
    for query in sheet.queries:
        relations = query.relations
        counts = Counter(one.nodes[0].text for one in relations if isinstance(one.nodes[0], Token))
        for index, relation in enumerate(relations):
            if index and not relation.join:
                hint = "Write 'cross join', or 'inner join' with its condition."
                yield fault_at(relation.nodes[0], "a comma joins two relations", hint=hint)
            yield from _join_words(relation)
            yield from _alias(relation, counts)
            yield from _sides(relation)


def _join_words(relation: Relation) -> Iterator[Fault]:
    words = [token.word for token in relation.join]
    if words == ["join"]:
        hint = "Write 'inner join' or 'left join'."
        yield fault_at(relation.join[0], "'join' does not say which side may be missing", hint=hint)
    for token in relation.join:
        if token.word in ("right", "natural", "outer", "positional"):
            yield fault_at(token, f"'{token.word}' join", hint="Write 'inner join' or 'left join'.")
    if relation.condition and word_of(relation.condition[0]) == "using":
        hint = "Write 'on' with both columns."
        yield fault_at(relation.condition[0], "'using' hides which side a column is of", hint=hint)


def _alias(relation: Relation, counts: Mapping[str, int]) -> Iterator[Fault]:
    first, *further = relation.nodes
    if isinstance(first, Group) or not further or any(isinstance(n, Group) for n in further):
        return
    if word_of(further[0]) not in ("as", ""):
        hint = "Write 'as' before the alias."
        yield fault_at(further[0], f"the alias '{relation.name}' has no 'as'", hint=hint)
    elif word_of(further[0]) == "as" and counts[first.text] == 1:
        hint = "Give the CTE that name, or use the name that it has."
        yield fault_at(
            further[-1], f"'{relation.name}' is a second name for one relation", hint=hint
        )


def _sides(relation: Relation) -> Iterator[Fault]:
    own = f"{relation.name}."
    for left, sign, right in zip(*(relation.condition[i:] for i in range(3)), strict=False):
        texts = [node.text if isinstance(node, Token) else "" for node in (left, sign, right)]
        is_turned = texts[0].startswith(own) and "." in texts[2] and not texts[2].startswith(own)
        if is_turned and texts[1] in ("=", "!=", "<", ">", "<=", ">="):
            message = f"the joined relation '{relation.name}' stands at the left"
            yield fault_at(left, message, hint="Put the column of the earlier relation first.")


def positions(sheet: Sheet) -> Iterator[Fault]:
    """`group by` and `order by` name their columns: a position silently means another column when
    the list above it moves, and `all` means another key when a column is added."""
    for nodes in (sheet.nodes, *(group.items for group in groups(sheet.nodes))):
        for token in _listed_by(nodes):
            if token.kind == Kind.NUMBER:
                message = f"'{token.text}' is the position of a column"
                yield fault_at(token, message, hint="Name it.")
            elif token.word == "all":
                yield fault_at(token, "'all' does not say which columns", hint="Name them.")


def _listed_by(nodes: Sequence[Node]) -> Iterator[Token]:
    """Yields the first token of each item below ``group by`` and ``order by``."""
    is_listing = False
    for before, node in pairwise(nodes):
        is_by = word_of(node) == "by" and word_of(before) in ("group", "order")
        is_listing = is_by or (is_listing and not _ends_list(node))
        is_first = word_of(before) == "by" or _is_comma(before)
        if is_listing and is_first and isinstance(node, Token):
            yield node


def _ends_list(node: Node) -> bool:
    return word_of(node) in ("select", "from", "having", "limit", "union", "rows", "range", "order")


def _is_comma(node: Node) -> bool:
    return isinstance(node, Token) and node.kind == Kind.COMMA


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "K810": keyword_case,
        "K811": layout,
        "K812": trailing_commas,
        "K813": steps,
        "K814": stars,
        "K815": joins,
        "K816": positions,
        "K817": spelling,
        "K818": tags,
        "K819": repeatable,
    }
)
