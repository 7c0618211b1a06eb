"""Lets the work database of a dbt project read the sources in the file of its profile.

Sources of a dbt project do not land: they are tables of the file that the project is published
into. The file is attached, read-only, and each source is a view of its own name, so that the
SQL of a model is the same in the work database and in the published file.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from kpi_runner.adapters.protocol import Adapter
from kpi_runner.adapters.statements import VIEW, create_as, create_schema
from kpi_runner.core.names import Relation, quote_text
from kpi_runner.core.node import Source
from kpi_runner.run.clock import now
from kpi_runner.run.publish import log_of
from kpi_runner.run.state import RawTable, read_raw_tables, write_raw_tables

ALIAS = "profile_file"
_EXISTING = f"""
select schema_name, table_name as name from duckdb_tables() where database_name = '{ALIAS}'
union all
select schema_name, view_name as name from duckdb_views() where database_name = '{ALIAS}'
"""


def attach_file(adapter: Adapter, path: Path) -> None:
    """Attaches the file; as long as it is attached no other process can write into it.

    Raises MachineFailed (K701) while another process has it open for writing.
    """
    adapter.execute(f"attach {quote_text(str(path))} as {ALIAS} (read_only)")


def mirror_sources(adapter: Adapter, path: Path, *, sources: Iterable[Source]) -> None:
    """Makes a view of each source that the file holds, and notes what the file is.

    Whatever reads a source is built again when somebody else has written into the file.
    """
    before = read_raw_tables(adapter)
    state, catalog = _state_of(path), adapter.relations()
    existing = {Relation(*row) for row in adapter.query(_EXISTING).rows}
    noted: list[RawTable] = []
    with adapter.transaction():
        for source in sources:
            is_missing = source.relation not in existing
            known = before.get(source.id)
            is_there = source.relation in catalog or is_missing
            is_same = known is not None and known.relation == str(source.relation)
            if known and is_same and is_there and known.input_fingerprint == state:
                continue
            if not is_missing:
                adapter.execute(create_schema(source.relation.schema))
                query = f"select * from {ALIAS}.{source.relation.sql}"
                adapter.execute(create_as(source.relation, query, kind=VIEW))
            content = f"{state} {is_missing}"
            table = RawTable(
                node=source.id,
                path=str(path),
                input_fingerprint=state,
                data_fingerprint=sha256(content.encode()).hexdigest(),
                is_missing=is_missing,
                landed_at=now(),
                relation=str(source.relation),
            )
            noted.append(table)
        write_raw_tables(adapter, noted)


def tables_of_file(adapter: Adapter) -> frozenset[Relation]:
    """Returns the tables of the attached file."""
    query = f"select schema_name, table_name from duckdb_tables() where database_name = '{ALIAS}'"
    return frozenset(Relation(*row) for row in adapter.query(query).rows)


def copy_table(adapter: Adapter, relation: Relation) -> None:
    """Copies a table of the attached file; to be called in a transaction."""
    adapter.execute(create_schema(relation.schema))
    adapter.execute(create_as(relation, f"from {ALIAS}.{relation.sql}"))


def note_own_change(adapter: Adapter, path: Path) -> None:
    """Notes that the file is another one because it was published into; its sources are not."""
    state = _state_of(path)
    tables = read_raw_tables(adapter).values()
    write_raw_tables(adapter, [replace(table, input_fingerprint=state) for table in tables])


def _state_of(path: Path) -> str:
    """Sizes and times of a database and of its log, where rows may stand that it lacks yet."""
    files = [file for file in (path, log_of(path)) if file.is_file()]
    return " ".join(f"{stat.st_size} {stat.st_mtime_ns}" for stat in map(Path.stat, files))
