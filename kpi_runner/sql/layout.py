"""Lays out the SQL of a template: one layout for one sequence of tokens, whatever it was before.

Only white space, the case of SQL's own words and the side of a comma's comment change. What the
outline cannot place stays as it stands, and a text that would come out with other tokens is
returned unchanged. Because the layout does not look at white space, it does not change twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from kpi_runner.sql.outline import (
    JOIN_WORDS,
    SET_WORDS,
    Group,
    Node,
    Odd,
    Piece,
    build_tree,
    find_words,
    is_aside,
    leaves,
    split_before,
    split_clauses,
    split_list,
    word_of,
)
from kpi_runner.sql.tokens import REMARKS, Kind, Token, Unreadable, text_of, tokenize
from kpi_runner.sql.spacing import flat, fits, pad
from kpi_runner.sql.words import VALUES, recase, significant
