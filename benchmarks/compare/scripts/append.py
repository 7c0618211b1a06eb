"""Appends one more day to the events of the heavy project: DATABASE APPEND.SQL EVENTS.

The statement of the project appends the first day after the data; this one shifts it by the
days that have been appended before.
"""

import sys
from pathlib import Path

import duckdb

DAYS = 100  # of the project's data, before anything is appended

database, statement, events = sys.argv[1], Path(sys.argv[2]).read_text(), int(sys.argv[3])
select = statement.split("raw.events ", 1)[1].rstrip().rstrip(";")
connection = duckdb.connect(database)
[(rows,)] = connection.execute("select count(*) from raw.events").fetchall()
day = (rows - events) // (events // DAYS)
shift = day * (events // DAYS)
connection.execute(
    f"insert into raw.events select event_id + {shift}, user_id, event_type, product_id,"
    f" ts + interval ({day}) day from ({select})"
)
connection.close()
