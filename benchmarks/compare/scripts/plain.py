"""Executes a list of statements on one connection, rows and all: DATABASE STATEMENTS.JSON."""

import json
import sys
from pathlib import Path

import duckdb

connection = duckdb.connect(sys.argv[1])
for statement in json.loads(Path(sys.argv[2]).read_text()):
    result = connection.execute(statement)
    if any(str(column[1]) == "TIMESTAMP WITH TIME ZONE" for column in result.description or ()):
        # Python gets them only where pytz is installed; text needs nothing.
        result = connection.execute(f"select cast(columns(*) as varchar) from ({statement})")
    result.fetchall()
connection.close()
