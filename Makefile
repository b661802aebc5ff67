# Everything runs from here. Needs Python 3.11 or newer (with venv) and make; the rest comes from PyPI into .venv.

PYTHON ?= python3
PORT ?= 8000
PYTEST_ARGS ?=
BENCH_ARGS ?= --record
# The Dockerfile names the same version.
UV_VERSION := 0.13.9
BIN := .venv/bin
SYNCED := .venv/.synced

# An outer environment must not lead uv to another folder, nor to download an interpreter.
unexport VIRTUAL_ENV
export UV_PROJECT_ENVIRONMENT := .venv
export UV_PYTHON_DOWNLOADS := never

.DEFAULT_GOAL := help
.PHONY: help demo test check drills bench serve openapi lifecycles clean

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile

demo: $(SYNCED) ## Start the exchange on this machine with a sample market
	$(BIN)/swx demo

test: check ## Run all checks and tests (PYTEST_ARGS="-k ledger" for some of them)
	$(BIN)/pytest -n 2 $(PYTEST_ARGS)

check: $(SYNCED) ## Run the linter, the formatter, the type checker and the import contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

drills: $(SYNCED) ## Run the long form of the drills: the same tests on many more random cases
	SWX_DRILLS=1 $(BIN)/pytest -n 2 -m drill $(PYTEST_ARGS)

bench: $(SYNCED) ## Measure speed and write the tables of benchmarks/README.md (BENCH_ARGS="--only loads")
	$(BIN)/python -m benchmarks $(BENCH_ARGS)

serve: $(SYNCED) ## Bring the database up to date and serve it (PORT=8000)
	$(BIN)/swx migrate
	$(BIN)/swx serve --port $(PORT)

openapi: $(SYNCED) ## Write the API document anew from the code
	$(BIN)/swx openapi > openapi/openapi.json.new
	mv openapi/openapi.json.new openapi/openapi.json

lifecycles: $(SYNCED) ## Write docs/lifecycles.md anew from the code
	$(BIN)/swx lifecycles > docs/lifecycles.md.new
	mv docs/lifecycles.md.new docs/lifecycles.md

clean: ## Remove what these targets made; data in var/ stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(SYNCED): pyproject.toml uv.lock $(BIN)/uv
	$(BIN)/uv sync --locked
	touch $@

$(BIN)/uv:
	@command -v $(PYTHON) > /dev/null || { echo "$(PYTHON) is missing: install Python 3.11 or newer" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ $(PYTHON) --version; echo "Python 3.11 or newer is needed: make PYTHON=python3.13, say" >&2; exit 1; }
	@$(PYTHON) -m venv --clear .venv || \
		{ echo "$(PYTHON) cannot make environments: on Debian and Ubuntu, apt install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
