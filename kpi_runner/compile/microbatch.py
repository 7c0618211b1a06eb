"""The inputs of a microbatch model: of each that has a time, the rows of the batch."""

from __future__ import annotations

from kpi_runner.core.names import quote_name
from kpi_runner.core.placeholders import WINDOW_END, WINDOW_START


class InputText(str):
    """A relation of which only some rows are read; ``render()`` gives it whole, as in dbt."""

    whole: str

    def render(self) -> str:
        """Returns the SQL text of the relation with all its rows."""
        return self.whole


def in_window(relation: str, event_time: str) -> str:
    """Returns the SQL text of the rows of a relation that a batch reads; all without a time."""
    if not event_time:
        return relation
    moment = quote_name(event_time)
    text = InputText(
        f"(select * from {relation} where {moment} >= {WINDOW_START} and {moment} < {WINDOW_END})"
    )
    text.whole = relation
    return text
