"""Which functions of the database answer differently each time, and which tables it can make.

The first list is what the database says of itself (``tests/sql/test_stability.py`` compares), so
that nothing has to be asked, or imported, to know it.
"""

from __future__ import annotations

import re

UNSTABLE_FUNCTIONS = frozenset(
    re.findall(
        r"\w+",
        """
        ago current_catalog current_connection_id current_database current_date current_localtime
        current_localtimestamp current_query current_query_id current_schema current_schemas
        current_setting current_transaction_id currval gen_random_uuid get_current_time
        get_current_timestamp getvariable in_search_path nextval now pg_conf_load_time
        pg_postmaster_start_time pg_sleep random setseed setval sleep_ms stats today
        transaction_timestamp txid_current uuid uuidv4 uuidv7 vector_type write_log
        """,
    )
)
"""Functions that no arguments make repeatable: they follow the clock, chance, or the session."""

STABLE_TABLES = frozenset(
    {"generate_series", "json_each", "json_tree", "range", "repeat", "repeat_row", "unnest"}
)
"""Table functions that read nothing but their arguments."""

CLOCKS = frozenset(
    {"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"}
)
"""Words that are the clock without a bracket after them."""
