# `make demo` and `make test` are all a newcomer needs; each sets itself up.
.DEFAULT_GOAL := help
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTEST := $(BIN)/pytest

$(READY): requirements.lock setup.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

setup: $(READY)  ## set up .venv with the pinned packages

demo: $(READY)  ## the whole thing against the embedded sandbox, in a minute
	@$(BIN)/aadsync demo

check: $(READY)  ## format, lint, types, imports, unit tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST) tests/core tests/config tests/report

test: $(READY)  ## everything that needs no cloud
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 2 --ignore tests/acceptance
	@$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --fail-under=95
	$(BIN)/coverage report --fail-under=100 --include='aadsync_lib/model/*,aadsync_lib/reconcile/*,aadsync_lib/apply/*'
	$(PYTEST) -n 2 --dist worksteal tests/acceptance

bench: $(READY)  ## time and requests beside the floors that the published limits set
	$(BIN)/python -m tests.bench

format: $(READY)  ## format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

picture: $(READY)  ## draw the plan of the README
	$(BIN)/python docs/picture.py

lock: $(READY)  ## renew requirements.lock
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --all-extras setup.py --output-file requirements.lock

help:  ## what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

.PHONY: setup demo check test bench format picture lock help
