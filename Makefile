# `make demo` and `make test` are all a newcomer needs; each sets itself up. `make tools` adds what some tests skip without.
# Nothing is resolved at set-up: the lock files name every package by its hash, setuptools included, and pip brings the uv that installs them.
.DEFAULT_GOAL := help
PYTHON ?= # the first on the PATH that is new enough
VENV := .venv
BIN := $(VENV)/bin
DEMO := $(VENV)/.demo
READY := $(VENV)/.ready
OLDEST := .venv-oldest
PYTEST := $(BIN)/pytest
UV := $(BIN)/python .ci/uv_like_pip.py
INSTALL := pip install --quiet --no-deps --no-build-isolation
LOCKED := $(INSTALL) --require-hashes --requirement
COMPILE := $(UV) pip compile --quiet --upgrade --python-version 3.11 --generate-hashes --no-header --no-strip-extras
unexport PYTHONDONTWRITEBYTECODE # uv compiles nothing, and importing the source of msgraph takes seconds, each time
TYPES := $(VENV)/types.txt
# Whole syncs, random weeks, sweeps of faults and a browser, which measuring coverage would only slow down.
SLOW := tests/acceptance tests/oracle tests/contract/connector/test_sweeps.py tests/contract/probe/test_faults.py tests/contract/registration/test_sweep.py tests/unit/engine/test_faults.py
UNMEASURED := $(SLOW) tests/contract/sandbox # the sandbox is a tool of tests, and reaches nothing that is measured
WORKSPACE := aadsync_lib/notebook/*,aadsync_lib/store/delta/*

$(DEMO): requirements-uv.lock requirements-demo.lock setup.py .ci/python .ci/uv_like_pip.py
	@echo "Installing aadsync and the packages it needs into $(VENV): half a minute, more on a busy machine or line."
	python=$$(.ci/python $(PYTHON)) && $$python -m venv --clear $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement requirements-uv.lock
	$(UV) $(LOCKED) requirements-demo.lock
	$(UV) $(INSTALL) --editable .
	$(UV) pip check --quiet
	@touch $@

$(READY): requirements.lock $(DEMO)
	@echo "Adding the packages of the tests to $(VENV)."
	$(UV) $(LOCKED) requirements.lock
	$(UV) pip check --quiet
	@touch $@

$(VENV)/.spark: requirements-spark.lock $(READY)
	$(UV) $(LOCKED) requirements-spark.lock
	$(UV) pip check --quiet
	@touch $@

.tools/databricks: $(wildcard .ci/databricks-cli/*)
	.ci/databricks-cli/build $@

.tools/jars/.ready: $(wildcard .ci/delta/*)
	.ci/delta/fetch $(@D)
	@touch $@

$(OLDEST)/.ready: requirements-oldest.lock setup.py $(READY)
	python=$$(.ci/python python3.11) && $$python -m venv --clear $(OLDEST)
	$(UV) $(LOCKED) requirements-oldest.lock --python $(OLDEST)
	$(UV) $(INSTALL) --editable . --python $(OLDEST)
	$(UV) pip check --quiet --python $(OLDEST)
	@touch $@

setup: $(READY)  ## set up .venv with the pinned packages

tools: .tools/databricks .tools/jars/.ready $(VENV)/.spark  ## add the Databricks CLI, Delta and Spark, which some tests skip without

demo: $(DEMO)  ## the whole thing against the embedded sandbox, in a minute
	@$(BIN)/aadsync demo

# Types are checked while the tests run, which wait in between; a failure of either is one of the whole.
define beside_types
@$(BIN)/mypy >$(TYPES) 2>&1 & types=$$!; trap "kill $$types" INT TERM; \
$(1); tests=$$?; \
wait $$types; types=$$?; echo "$(BIN)/mypy"; cat $(TYPES); \
if [ $$types != 0 ]; then echo "mypy ended with $$types"; fi; \
if [ $$tests != 0 ]; then echo "the tests ended with $$tests"; fi; \
exit $$((tests || types))
endef

check: $(READY)  ## format, lint, imports, types, unit tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(call beside_types,$(PYTEST) -n 2 tests/unit tests/contract)

test: $(READY)  ## everything that needs neither a cloud nor a workspace
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(call beside_types,$(MAKE) --no-print-directory tests)

tests: $(READY)
	@$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 3 --dist loadgroup -m 'not soak' --ignore tests/workspace $(UNMEASURED:%=--ignore %)
	@$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --fail-under=95 --omit='$(WORKSPACE)'
	$(BIN)/coverage report --fail-under=100 --include='aadsync_lib/model/*,aadsync_lib/reconcile/*,aadsync_lib/apply/*'
	$(PYTEST) -n 3 --dist worksteal -m 'not soak' $(UNMEASURED)

soak: $(READY)  ## every fault of the sweeps, and random weeks against a plain oracle: SEED=7 BUDGET=3600 (seconds)
	$(BIN)/python -m tests.soak $(SEED:%=--seed %) $(BUDGET:%=--budget %)

# The workers share one Spark, which is busy on both cores while they wait for it.
workspace: $(READY)  ## what happens in a workspace: notebooks, the bundle by the real CLI, Delta on Spark; takes minutes
	@$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 3 --dist loadgroup -m workspace --durations 10
	@$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --fail-under=80 --include='$(WORKSPACE)'

runtimes: $(READY)  ## what a notebook installs and moves on each Databricks runtime
	$(BIN)/python -m tests.runtimes

# The lock holds the newest databricks-sdk that the index can install, so `make test` is the other end.
oldest: $(OLDEST)/.ready  ## the oldest versions that setup.py declares
	$(OLDEST)/bin/pytest -n 3 --dist worksteal -m 'not any_version' -W ignore::DeprecationWarning tests/contract/auth tests/contract/databricks tests/contract/entra tests/unit/notebook tests/workspace/notebook tests/test_doctor.py tests/test_promises.py tests/setup/test_metadata.py

fresh: $(READY)  ## set up a clone from nothing, with the oldest and the newest pip, where everything has a newer version
	$(BIN)/python -m tests.setup.fresh

peers: $(READY)  ## clients that others wrote against the sandbox: SCIM_SYNC=FILE, TOFU=FILE PROVIDER=FILE (docs/sandbox.md)
	$(BIN)/python -m tests.peers $(SCIM_SYNC:%=--scim-sync %) $(TOFU:%=--tofu %) $(PROVIDER:%=--provider %)

bench: $(READY)  ## time and requests beside the floors that the published limits set
	$(BIN)/python -m tests.bench

format: $(READY)  ## format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

picture: $(READY)  ## draw the plan of the README
	$(BIN)/python docs/picture.py

lock: $(READY)  ## renew the lock files, and what tests know of the packages in them
	$(COMPILE) --universal --all-extras setup.py .ci/build.in --output-file requirements.lock
	$(COMPILE) --universal --constraint requirements.lock --extra sandbox --extra keyvault setup.py .ci/build.in --output-file requirements-demo.lock
	$(COMPILE) --universal --constraint requirements.lock .ci/uv.in --output-file requirements-uv.lock
	$(COMPILE) --universal --constraint requirements.lock .ci/spark.in --output-file requirements-spark.lock
	$(COMPILE) --resolution lowest-direct --extra sandbox --extra keyvault setup.py .ci/build.in .ci/oldest.in --output-file requirements-oldest.lock
	$(BIN)/python -m tests.runtimes.lock $(COMPILE)
	$(BIN)/python -m tests.setup.metadata

help:  ## what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

.PHONY: setup tools demo check test tests soak workspace runtimes oldest fresh peers bench format picture lock help
