"""Writes the statements of a build of the shop: BENCHMARKS SHOP STATEMENTS.JSON."""

import json
import sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])
target = Path(sys.argv[3]).resolve()

from shop_build import plan_statements  # noqa: E402

target.write_text(json.dumps(plan_statements(Path(sys.argv[2]))))
