"""``{% docs name %}`` blocks of Markdown files, which descriptions name with ``{{ doc('name') }}``.

Knows text only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from kpi_runner.core.diagnostic import Diagnostic
from kpi_runner.core.errors import ProjectInvalid
from kpi_runner.core.suggest import did_you_mean

_BLOCK = re.compile(
    r"\{%-?\s*docs\s+(?P<name>\w+)\s*-?%\}(?P<text>.*?)\{%-?\s*enddocs\s*-?%\}", re.DOTALL
)


def read_docs(texts: Iterable[str]) -> Mapping[str, str]:
    """Returns the blocks of some files by name.

    >>> read_docs(["{% docs status %} How far it is. {% enddocs %}"])
    {'status': 'How far it is.'}
    """
    found = (block for text in texts for block in _BLOCK.finditer(text))
    return {block["name"]: block["text"].strip() for block in found}


def doc_function(blocks: Callable[[], Mapping[str, str]]) -> Callable[..., str]:
    """Returns ``doc()``; it raises ProjectInvalid (K302) for an unknown block.

    Args:
        blocks: reads them, when the first is asked for.
    """

    def doc(*names: str) -> str:
        name, known = names[-1], blocks()
        if name in known:
            return known[name]
        hint = did_you_mean(name, known) or f"Write {{% docs {name} %}} in a Markdown file."
        raise ProjectInvalid(Diagnostic("K302", f"no docs block is named '{name}'", None, hint))

    return doc
