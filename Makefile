# `make kpis` builds the embedded shop, `make test` runs every test.
# Both need git, make and Python 3.11 or newer, and nothing else installed by hand.

IS_RECENT := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$python -c '$(IS_RECENT)' 2>/dev/null && command -v $$python && break; done)
BIN := .venv/bin
export KPI_SHARED ?= ../shared

.PHONY: kpis test check bench clean
.DEFAULT_GOAL := kpis

kpis: .venv/installed ## build the embedded shop and print the KPI scorecard
	$(BIN)/kpi build

test: .venv/installed-dev ## the whole test suite
	$(BIN)/python -m pytest -n auto --dist loadfile -ra

check: .venv/installed-dev ## formatting, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: ## beside dbt-core, Fusion, SQLMesh and the floor; more in docs/performance.md
	$(PYTHON) -m benchmarks.compare $(BENCH)

clean: ## everything that the targets above make
	rm -rf .venv .kpi target warehouse*.duckdb*

.venv/bin/python:
	@test -n "$(PYTHON)" && $(PYTHON) -c '$(IS_RECENT)' \
		|| { echo 'Python 3.11 or newer is needed: make PYTHON=/path/to/python'; exit 2; }
	$(PYTHON) -m venv .venv

.venv/installed: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/installed-dev: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch .venv/installed $@
