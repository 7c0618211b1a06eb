"""Loads a CSV file into a table, by DuckDB alone: DATABASE FILE."""

import sys
from pathlib import Path

import duckdb

connection = duckdb.connect(sys.argv[1])
path = Path(sys.argv[2])
connection.execute(f"create table main.{path.stem} as select * from read_csv('{path}')")
connection.close()
