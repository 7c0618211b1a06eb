"""Which words of SQL are keywords, functions and types, so that each is written in lower case.

A word that may be somebody's column or table is left as it stands, unless its place settles it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from kpi_runner.core.names import RESERVED_WORDS
from kpi_runner.sql.tokens import REMARKS, Kind, Token


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text))


KEYWORDS = RESERVED_WORDS | {"between", "interval"}
BEFORE_BRACKETS = _words("cast cube exclude exists extract filter over rollup try_cast within")
PHRASES = frozenset(
    {
        *(("group", "by"), ("order", "by"), ("partition", "by"), ("with", "recursive")),
        *(("as", "materialized"), ("not", "materialized"), ("nulls", "first"), ("nulls", "last")),
        *(("rows", "between"), ("range", "between"), ("rows", "unbounded"), ("current", "row")),
        *(("range", "unbounded"), ("unbounded", "preceding"), ("unbounded", "following")),
        *(("literal", "preceding"), ("literal", "following"), ("grouping", "sets")),
        *(("semi", "join"), ("anti", "join")),
    }
)
"""Words that are keywords only beside each other."""
FUNCTIONS = _words(
    """
    abs age any_value arg_max arg_min array_agg avg bool_and bool_or ceil ceiling coalesce concat
    concat_ws count count_if cume_dist current_date current_timestamp date date_add date_diff
    date_part date_sub date_trunc datediff day dayofweek dense_rank epoch exp first first_value
    floor format generate_series greatest group_concat hash hour if ifnull iff initcap instr
    json_extract json_extract_string lag last last_value lead least left length list list_agg ln
    log lower lpad ltrim make_date make_timestamp max md5 median min minute mod month now nth_value
    ntile nullif nvl percent_rank percentile_cont percentile_disc position power quantile_cont
    quantile_disc quarter random range rank regexp_extract regexp_matches regexp_replace repeat
    replace reverse right round row row_number rpad rtrim second sign split_part sqrt stddev
    strftime string_agg strip strpos strptime struct_pack substr substring sum time timestamp
    to_char to_date to_timestamp today translate trim trunc try_cast unnest upper uuid var_pop
    variance week year
    """
)
TYPES = _words(
    """
    bigint bit blob bool boolean bytea char character date datetime decimal double float hugeint
    int integer interval json list map numeric precision real smallint string struct text time
    timestamp timestamptz tinyint ubigint uinteger usmallint utinyint uuid varchar varying zone
    """
)
_UNITS = _words(
    """
    second seconds minute minutes hour hours day days week weeks month months quarter quarters
    year years
    """
)
_CASTS = ("cast", "try_cast")
_ENDS_LIST = _words("except from group having intersect limit order qualify union where window")
SPACED = (KEYWORDS | BEFORE_BRACKETS | {"by", "materialized"}) - FUNCTIONS - {"cast", "extract"}
"""Words that a bracket follows after a blank; after every other word it opens a call."""
VALUES = _words("null true false end current_date current_timestamp")
"""Words that stand for a value, so that a sign after them has something on its left."""


def recase(tokens: Sequence[Token]) -> tuple[Token, ...]:
    """Returns the tokens with keywords, called functions and types in lower case.

    >>> from kpi_runner.sql.tokens import tokenize
    >>> [token.text for token in recase(tokenize("SELECT Max(Date) AS Date"))]
    ['select', 'max', '(', 'Date', ')', 'as', 'Date']
    """
    callers: list[str] = []
    before = ("", "")
    result: list[Token] = []
    unnamed = _unnamed(tokens)
    beside = zip([None, *tokens], tokens, [*tokens, None][1:], strict=False)
    for index, (last, token, following) in enumerate(beside):
        if token.kind == Kind.OPEN:
            callers.append(before[1] or (callers[-1] if callers else ""))
        elif token.kind == Kind.CLOSE and callers:
            callers.pop()
        in_cast = bool(callers) and callers[-1] in _CASTS
        is_whole = token.kind == Kind.WORD and not _is_joined(last, following)
        is_ours = is_whole and (
            _is_keyword_here(token.word, before[1], following=following, in_cast=in_cast)
            or _is_type_here(token.word, before, following=following, in_cast=in_cast)
        )
        is_ours = is_ours and not (token.word in TYPES and index in unnamed)
        result.append(replace(token, text=token.word) if is_ours else token)
        before = before if token.kind in REMARKS else (before[1], _role(token))
    return tuple(result)


def _is_joined(last: Token | None, following: Token | None) -> bool:
    """True for a word that a template joins with what it prints: ``{{-`` takes the gap away."""
    is_after = last is not None and last.text.endswith("-}}") and "config(" not in last.text
    return is_after or (following is not None and following.text.startswith("{{-"))


def _role(token: Token) -> str:
    """What a token is to the word after it."""
    if token.kind in (Kind.NUMBER, Kind.STRING):
        return "literal"
    return token.word or (token.text if token.kind == Kind.SIGN else "")


def _unnamed(tokens: Sequence[Token]) -> frozenset[int]:
    """Returns which tokens belong to results that no `as` names.

    Such a column is called like its text, in which the database keeps the case of types.
    """
    found: list[int] = []
    opened: list[tuple[int, bool] | None] = [None]
    for index, token in enumerate(tokens):
        item, is_comma = opened[-1], token.kind == Kind.COMMA
        is_end = token.kind == Kind.CLOSE or is_comma or token.word in _ENDS_LIST
        if item and is_end and tokens[index - 1].word != "distinct":
            found += [] if item[1] else range(item[0], index)
            opened[-1] = (index + 1, False) if is_comma else None
        if token.word == "select":
            opened[-1] = (index + 1, False)
        elif token.word == "as" and item:
            opened[-1] = (item[0], True)
        if token.kind == Kind.OPEN:
            opened.append(None)
        elif token.kind == Kind.CLOSE and len(opened) > 1:
            opened.pop()
    for item in opened:
        found += range(item[0], len(tokens)) if item and not item[1] else ()
    return frozenset(found)


def _is_keyword_here(word: str, before: str, *, following: Token | None, in_cast: bool) -> bool:
    if before == "." or (before == "as" and not in_cast):
        return _is_hint_of_cte(word, following)
    if word in KEYWORDS or (before, word) in PHRASES:
        return True
    if following is None:
        return False
    if following.kind == Kind.OPEN and (word in BEFORE_BRACKETS or word in FUNCTIONS):
        return word in BEFORE_BRACKETS or not following.gap
    return (word, following.word) in PHRASES


def _is_hint_of_cte(word: str, following: Token | None) -> bool:
    """True for the words of ``as not materialized (``; any other word after `as` is a name."""
    if following is None:
        return False
    is_last = word == "materialized" and following.kind == Kind.OPEN
    return is_last or (word, following.word) == ("not", "materialized")


def _is_type_here(
    word: str, before: tuple[str, str], *, following: Token | None, in_cast: bool
) -> bool:
    if word in _UNITS and before == ("interval", "literal"):
        return True
    if word not in TYPES:
        return False
    is_literal = following is not None and following.kind == Kind.STRING
    return is_literal or before[1] == "::" or (in_cast and before[1] in ("as", *TYPES))


def significant(tokens: Iterable[Token]) -> tuple[str, ...]:
    """Returns what the tokens mean to Jinja and a database: all texts but comments in which no
    template does anything, cased by ``recase``."""
    return tuple(token.text for token in tokens if token.kind not in REMARKS or _has_tag(token))


def _has_tag(remark: Token) -> bool:
    return not remark.text.startswith("{#") and ("{%" in remark.text or "{{" in remark.text)


def remarks(tokens: Iterable[Token]) -> tuple[str, ...]:
    """Returns the comments."""
    return tuple(token.text for token in tokens if token.kind in REMARKS)
