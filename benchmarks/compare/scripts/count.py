"""Prints how many rows the facts and marts of a database hold, as JSON: DATABASE.

Of the incremental model of the heavy project it tells how many rows it lacks: some tools have
run it more often than others, each time with a day more.
"""

import json
import sys

import duckdb

connection = duckdb.connect(sys.argv[1], read_only=True)
names = connection.execute(
    "select table_name from information_schema.tables where table_schema = 'main'"
    " and (table_name ~ '^(fct|mart)_' or table_name = 'large') order by table_name"
).fetchall()
rows = {}
for (name,) in names:
    lacking = "(select count(*) from main.stg_events) -" if name == "fct_events" else ""
    [(rows[name],)] = connection.execute(f"select {lacking} count(*) from main.{name}").fetchall()
print(json.dumps(rows))
