"""Executes a file of SQL as it is: DATABASE FILE MEMORY_LIMIT."""

import sys
from pathlib import Path

import duckdb

connection = duckdb.connect(sys.argv[1], config={"memory_limit": sys.argv[3]})
connection.execute(Path(sys.argv[2]).read_text())
connection.close()
