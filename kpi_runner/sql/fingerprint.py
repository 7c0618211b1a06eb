"""The text of a query without what does not matter to the database, and what it names.

Tokens, no grammar: two texts get the same form only if a database reads the same in them. The
comments, white space and case of keywords are gone; strings and names stand as they are.
"""

from __future__ import annotations

import re

from kpi_runner.sql.tokens import Unreadable, text_of, tokenize
from kpi_runner.sql.words import recase

STRING = r"[eE]'(?:[^'\\]|\\.|'')*+'|[a-zA-Z]?'(?:[^']|'')*+'|\"(?:[^\"]|\"\")*+\""
_GOES_ON = r"(?:(?:[^\S\n]|--[^\n]*)*+\n(?:\s|--[^\n]*)*+'(?:[^']|'')*+')*+"
"""Strings in different lines are one string."""
_TOKEN = re.compile(
    rf"--[^\n]*|<missing [^>]*>|(?:{STRING}){_GOES_ON}"
    r"|[^\W\d][\w$]*|\d[\d_]*(?:\.[\d_]*)?(?:[eE][-+]?\d+)?"
    r"|(?:(?!--)[-+*/<>=~!@#%^&|?:])+|\S",
    re.DOTALL,
)
_RARE = re.compile(rf"{STRING}|--[^\n]*|\$(\w*)\$(.*?)\$\1\$|(/\*)", re.DOTALL)
_COMMENT_SIGN = re.compile(r"/\*|\*/")
_RELATION = re.compile(
    r"'(?:[^']|'')*+'|(?<!\w)(?P<schema>[^\W\d]\w*+|\"(?:[^\"]|\"\")*+\") \. "
    r"(?P<name>[^\W\d]\w*|\"(?:[^\"]|\"\")*+\")"
)


def normalise(sql: str) -> str:
    """Returns the text in the form that all texts of the same meaning share.

    >>> normalise("SELECT  id -- the key\\nFROM core.a")
    'select id from core . a'
    """
    plain = _without_rare(sql) if "/*" in sql or "$" in sql else sql
    tokens = _tokens(plain)
    if any(token[0].isalpha() and not token.islower() for token in tokens):
        tokens = _tokens(_recased(plain))
    while tokens and tokens[-1] == ";":
        tokens.pop()
    return " ".join(tokens)


def find_relations(normalised: str) -> frozenset[tuple[str, str]]:
    """Returns what may be a relation in a query, as schema and name without quotes.

    >>> sorted(find_relations(normalise('select t.x from core.a as t')))
    [('core', 'a'), ('t', 'x')]
    """
    return frozenset(
        (unquoted(match["schema"]), unquoted(match["name"]))
        for match in _RELATION.finditer(normalised)
        if match["schema"]
    )


def unquoted(name: str) -> str:
    """Returns a name without its quotes.

    >>> unquoted('"b""c"')
    'b"c'
    """
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def _tokens(sql: str) -> list[str]:
    return [token for token in _TOKEN.findall(sql) if not token.startswith("--")]


def _recased(sql: str) -> str:
    try:
        return text_of(recase(tokenize(sql)))
    except Unreadable:  # a sign of Jinja in SQL; then the case of keywords counts
        return sql


def _without_rare(sql: str) -> str:
    """Takes block comments out, which nest, and writes dollar quotes as plain ones."""
    parts: list[str] = []
    position = 0
    while match := _RARE.search(sql, position):
        parts.append(sql[position : match.start()])
        position = match.end()
        if match[3]:
            position = _comment_end(sql, position)
            parts.append(" ")
        elif match[2] is not None:
            parts.append("'" + match[2].replace("'", "''") + "'")
        else:
            parts.append(match[0])
    return "".join([*parts, sql[position:]])


def _comment_end(sql: str, position: int) -> int:
    depth = 1
    while depth and (sign := _COMMENT_SIGN.search(sql, position)):
        depth += 1 if sign[0] == "/*" else -1
        position = sign.end()
    return len(sql) if depth else position
