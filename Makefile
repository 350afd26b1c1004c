# Backroom's workbench. Needs git, make and a Python 3.11-3.13; everything else comes into $(VENV), from locks.
#
#   make test ARGS="-k inbox -x"         hand arguments to pytest
#   make demo ARGS="--check --seed 7"    compare every row with what the simulated shop says
#   make demo PYTHON=python3.12          choose the Python
#   make lock LOCK=--upgrade             take newer releases into the locks

VENV   ?= .venv
PYTHON ?=
ARGS   ?=
LOCK   ?=

SHELL := /bin/sh
.NOTPARALLEL:
.DEFAULT_GOAL := help

PY    = $(VENV)/bin/python
CODE  = $(wildcard src tests scripts bench)
FETCH = $(PY) -m pip --no-input --disable-pip-version-check -qq install
# Wheels only, each one known by its hash; the project itself is built with the locked hatchling.
LOCKED   = $(FETCH) --only-binary=:all: --require-hashes -r
EDITABLE = $(FETCH) --no-build-isolation --no-deps -e .
COMPILE  = $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-emit-index-url --no-emit-find-links $(LOCK) pyproject.toml

# Prints the first Python that will do. Each is run, not looked up: a name on PATH may not work.
FIND_PYTHON = for python in $(or $(PYTHON),python3 python3.13 python3.12 python3.11); do \
	"$$python" -c 'import sys, venv, ensurepip, sqlite3; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
		>/dev/null 2>&1 && { echo "$$python"; exit 0; }; \
	done; exit 1
NO_PYTHON = Backroom needs Python 3.11, 3.12 or 3.13 with its venv module, and found none: install one, \
	or name it with `make PYTHON=/path/to/python`.

.PHONY: help demo test check mutants bench soak lock clean python

help: ## list these targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{ printf "%-16s%s\n", $$1, $$2 }'

demo: $(VENV)/.runtime-stamp ## run Backroom against a simulated shop, and watch; Ctrl-C ends it
	@$(PY) -m backroom demo $(ARGS)

test: $(VENV)/.dev-stamp ## run the tests, on SQLite and on a real PostgreSQL
	@$(PY) -m pytest -n 2 --dist worksteal $(ARGS)

check: $(VENV)/.dev-stamp ## format, lint, types, import contracts, then the tests: what CI runs
	@$(PY) -m ruff format --check $(CODE)
	@$(PY) -m ruff check $(CODE)
	@$(PY) -m mypy $(CODE)
	@$(PY) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'
	@$(MAKE) --no-print-directory test

mutants: $(VENV)/.dev-stamp ## break the code on purpose, once per law, and want its test red
	@$(PY) scripts/mutants.py $(ARGS)

bench: $(VENV)/.dev-stamp ## the benchmarks, all or ARGS="receipt drain flow full_sync ..."
	@$(PY) -m bench $(ARGS)

soak: $(VENV)/.dev-stamp ## kill and shuffle at the full numbers (minutes)
	@SOAK=1 $(PY) -m pytest -m "soak or crash" $(ARGS)

lock: $(VENV)/.dev-stamp ## remake requirements/*.txt from pyproject.toml
	@$(COMPILE) --group build -o requirements/runtime.txt
	@$(COMPILE) --group dev -c requirements/runtime.txt -o requirements/dev.txt
	@! grep -n '://' requirements/*.txt || { echo "A lock must carry no address."; exit 1; }

clean: ## remove the environments and what the tools left behind
	@rm -rf .venv .venv-* build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find src tests scripts $(wildcard bench) -name __pycache__ -prune -exec rm -rf {} +

# For scripts: the Python that would be used.
python:
	@$(FIND_PYTHON)

$(VENV)/.python-stamp:
	@python=$$($(FIND_PYTHON)) || { echo '$(NO_PYTHON)' >&2; exit 1; }; \
	echo "Making $(VENV) with $$("$$python" -V), once."; "$$python" -m venv --clear $(VENV)
	@touch $@

$(VENV)/.runtime-stamp: requirements/runtime.txt pyproject.toml | $(VENV)/.python-stamp
	@echo "Installing what Backroom runs on into $(VENV), once: about half a minute."
	@$(LOCKED) requirements/runtime.txt
	@$(EDITABLE)
	@touch $@

$(VENV)/.dev-stamp: requirements/dev.txt pyproject.toml | $(VENV)/.python-stamp
	@echo "Installing Backroom and what its tests and checks need into $(VENV)."
	@$(LOCKED) requirements/dev.txt
	@$(EDITABLE)
	@touch $(VENV)/.runtime-stamp $@
