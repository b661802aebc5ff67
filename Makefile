# Everything runs from here. Needs Python 3.11 or newer (with venv) and make; the rest comes from PyPI into .venv.

# The system's interpreter where it is new enough: those that version managers compile are mostly not optimised by
# profile, and tests took a tenth longer with one of them. Another one: make PYTHON=python3.13
PYTHON ?= $(shell /usr/bin/python3 -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null \
	&& echo /usr/bin/python3 || echo python3)
PORT ?= 8000
PYTEST_ARGS ?=
BENCH_ARGS ?= --record
FUZZ_ARGS ?= --seconds 600
# The Dockerfile names the same version.
UV_VERSION := 0.13.9
BIN := .venv/bin
SYNCED := .venv/.synced

# An outer environment must not lead uv to another folder, nor to download an interpreter.
unexport VIRTUAL_ENV
# Tests start many processes: each would compile what it imports.
unexport PYTHONDONTWRITEBYTECODE
export UV_PROJECT_ENVIRONMENT := .venv
export UV_PYTHON_DOWNLOADS := never
# Once for all, on all cores: else each process of the first tests compiles every library.
export UV_COMPILE_BYTECODE := 1

.DEFAULT_GOAL := help
.PHONY: help demo test check drills bench contract clients fuzz serve openapi lifecycles clean

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile

demo: $(SYNCED) ## Start the exchange on this machine with a sample market
	$(BIN)/swx demo

# A process for each core: with two for each, the same tests took a fifth more of the processor. Each takes tests that lie
# together, which share what is made once for a process.
test: check ## Run all checks and tests (PYTEST_ARGS="-k ledger" for some of them)
	$(BIN)/pytest -n auto --dist worksteal $(PYTEST_ARGS)

check: $(SYNCED) ## Run the linter, the formatter, the type checker and the import contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

drills: $(SYNCED) ## Run the long form of the drills: more cases, more kills, longer loads, and those that need a disk of their own (hours)
	SWX_DRILLS=1 $(BIN)/pytest -n 2 -m drill tests $(wildcard tests/reliability/drill_*.py) $(PYTEST_ARGS)

bench: $(SYNCED) ## Measure speed and write the tables of benchmarks/README.md (BENCH_ARGS="--only loads")
	$(BIN)/python -m benchmarks $(BENCH_ARGS)

serve: $(SYNCED) ## Bring the database up to date and serve it (PORT=8000)
	$(BIN)/swx migrate
	$(BIN)/swx serve --port $(PORT)

contract: export REDOCLY_SUPPRESS_UPDATE_NOTICE := true
contract: clients ## Lint and score the API document, check programs that use the clients, and lines of docs that need Node
	npm --prefix openapi run --silent check
	cd openapi/python && MYPYPATH=../clients/python ../../$(BIN)/mypy --strict --follow-imports=silent --cache-dir=../../.mypy_cache journeys.py
	$(BIN)/pytest -q tests/webhooks/contract_page.py

clients: $(SYNCED) openapi/node_modules/.synced ## Generate the Python and the TypeScript client into openapi/clients/
	rm -rf openapi/clients
	mkdir -p openapi/clients/python
	$(BIN)/openapi-python-client generate --path openapi/openapi.json --config openapi/python/config.yaml \
		--meta none --output-path openapi/clients/python/exchange_client --fail-on-warning
	npm --prefix openapi run --silent client

fuzz: $(SYNCED) ## Send random requests to every operation until the time is up (FUZZ_ARGS="--seconds 3600 --seed 7")
	$(BIN)/python -W ignore -m tests.contract.fuzz $(FUZZ_ARGS)

openapi: $(SYNCED) ## Write the API document anew from the code
	$(BIN)/swx openapi > openapi/openapi.json.new
	mv openapi/openapi.json.new openapi/openapi.json

lifecycles: $(SYNCED) ## Write docs/lifecycles.md anew from the code
	$(BIN)/swx lifecycles > docs/lifecycles.md.new
	mv docs/lifecycles.md.new docs/lifecycles.md

clean: ## Remove what these targets made; data in var/ stays
	rm -rf openapi/clients openapi/node_modules
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

openapi/node_modules/.synced: openapi/package.json openapi/package-lock.json
	@command -v npm > /dev/null || { echo "npm is missing: install Node.js 20 or newer" >&2; exit 1; }
	@node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)' || \
		{ node --version; echo "Node.js 20 or newer is needed" >&2; exit 1; }
	npm --prefix openapi ci --silent
	touch $@

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
