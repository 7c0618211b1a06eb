"""Makes a database of a project's sources, and of its seeds: PROJECT DATABASE [--seeds].

The file has the storage version of DuckDB 1.5, so that the peers that bring it can open it.
"""

import sys
from pathlib import Path

import duckdb

project, database = Path(sys.argv[1]), Path(sys.argv[2])
unfinished = database.with_suffix(".unfinished")
unfinished.unlink(missing_ok=True)
connection = duckdb.connect()
connection.execute(f"attach '{unfinished}' as base (storage_version 'v1.5.0')")
connection.execute("use base")
connection.execute((project / "sources.sql").read_text())
for seed in sorted((project / "seeds").glob("*.csv")) if "--seeds" in sys.argv else ():
    connection.execute(f"create table main.{seed.stem} as select * from read_csv('{seed}')")
connection.execute("use memory")
connection.execute("detach base")
unfinished.rename(database)
