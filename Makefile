# OpenPact. `make` alone lists what there is.
#
# Rules of this file: each target works in a bare clone with Python >= 3.11, git and make; each says in one line what
# it does; what CI runs is `check` and nothing else.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
WORKSPACE ?= ./workspace
PORT   ?= 8080
ARGS   ?=

.DEFAULT_GOAL := help
.PHONY: help up test install check fix bench fuzz docs dev lock lint types architecture clean

help: ## List what there is
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

up: $(READY) ## Run the product; makes the environment and the workspace on first use
	$(BIN)/openpact up --workspace "$(WORKSPACE)" --port $(PORT) $(ARGS)

test: $(READY) ## Run the tests, on SQLite and on PostgreSQL
	$(BIN)/python -m pytest $(ARGS)

install: $(READY) ## Make the environment alone

check: $(READY) lint types architecture ## Everything CI runs: lint, types, architecture, tests with coverage
	$(BIN)/python -m pytest --cov $(ARGS)

lint: $(READY) ## Check style
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(READY) ## Check types
	$(BIN)/mypy

architecture: $(READY) ## Check floors, circles and walls
	$(BIN)/lint-imports --no-cache

fix: $(READY) ## Mend what can be mended by machine: order of imports, format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(READY) ## Measure: interleaved rounds, medians; writes bench/results and docs/performance.md
	$(BIN)/python -m bench $(ARGS)

fuzz: $(READY) ## Throw far more at the parsers and the domain's other properties than the tests do
	HYPOTHESIS_PROFILE=fuzz $(BIN)/python -m pytest -m hypothesis tests/domain $(ARGS)

docs: $(READY) ## Write the reference pages anew from the code
	$(BIN)/python -m docs.reference

dev: $(READY) ## Run the product, anew whenever its source changes (demo data arrives later)
	$(BIN)/python dev.py --workspace "$(WORKSPACE)" --port $(PORT) $(ARGS)

lock: $(READY) ## Resolve the dependencies anew and write the locks, with hashes and without addresses
	$(BIN)/uv pip compile pyproject.toml --extra postgres --universal --python-version 3.11 --generate-hashes \
	    --no-header --no-annotate -q -o requirements/runtime.txt
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
	    --no-header --no-annotate -q -o requirements/dev.txt

clean: ## Remove what the targets made, except the workspace
	rm -rf $(VENV) .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis dist

# uv installs in two seconds what pip installs in fifteen; either way the hashes of the lock decide.
# An environment without pip (made by uv, or cut short where Debian's python3-venv was missing) is completed for pip.
$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 15) else \
	    "OpenPact needs Python 3.11 to 3.14, and this is %s: name one, such as PYTHON=python3.12" % sys.version.split()[0])'
	@if command -v uv >/dev/null 2>&1; then \
	    { test -x $(BIN)/python || uv venv -q --python $(PYTHON) $(VENV); } && \
	    uv pip install -q --python $(BIN)/python --require-hashes -r requirements/dev.txt && \
	    uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .; \
	else \
	    { test -x $(BIN)/pip || $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	        { echo "$(PYTHON) cannot make environments: apt-get install python3-venv, or install uv" >&2; exit 1; }; } && \
	    { test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV); } && \
	    $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt && \
	    $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .; \
	fi
	@touch $@
