"""Which nodes a project has: what `kpi ls` prints. Touches no database."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kpi_runner.ops.answers import recall_answer, remember_answer
from kpi_runner.ops.options import Options
from kpi_runner.run.clock import now_ns

if TYPE_CHECKING:
    from kpi_runner.core.diagnostic import Diagnostic


def ls(
    options: Options,
    *,
    output: str = "selector",
    keys: tuple[str, ...] = (),
    warn: Callable[[tuple[Diagnostic, ...]], None] = lambda found: None,
) -> list[str] | list[dict[str, Any]]:
    """Returns one entry for each selected node, in the order of their ids.

    Args:
        options: the project, its variables and the selection.
        output: ``selector`` (which selects just that node), ``name`` or ``path`` as texts,
            ``json`` as dicts. Hidden KPIs are not listed.
        keys: of ``json``, the keys of the manifest that are wanted, such as
            ``config.materialized``; some useful ones when empty.
        warn: takes what is odd about the selection.

    Raises ``UsageError`` for a selection that matches nothing, an unknown output or key (K002),
    and ``ProjectInvalid`` with all mistakes of the project.
    """
    started_ns, asked = now_ns(), ("ls", output)
    known: list[str] | None = recall_answer(options, *asked)
    if known is not None:
        return known
    from kpi_runner.ops.listing import list_nodes

    listing = list_nodes(options, output=output, keys=keys, warn=warn)
    if output != "json" and not listing.doubts:  # settings, among which secrets may be, stay out
        remember_answer(
            options, listing.config, asked=asked, answer=listing.entries, started_ns=started_ns
        )
    return listing.entries
