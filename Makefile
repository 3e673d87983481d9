# Everything a newcomer types. `make` alone lists it.
#
# .venv needs nothing but a Python with its venv module. It is made again when a lock changes; a change of pyproject.toml
# only installs the project anew. One .venv serves both: the development lock holds all of the runtime lock.

PYTHON ?= python3
PY := .venv/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --no-input --quiet
TEST_ARGS ?=
WORKERS ?= $(shell $(PYTHON) -c "import os; print(os.cpu_count() + 1)")
KILLS ?= 50
EVENTS ?= 100000,1000000

# A root shell and an absent home are ordinary here, and no worth a warning a line.
export PIP_ROOT_USER_ACTION := ignore
export PYTHONUTF8 := 1
unexport VIRTUAL_ENV

.PHONY: help demo test oldest clients interop kills check format bench bench-large lock clean
.DELETE_ON_ERROR:

help:
	@echo "make demo    a ledger to try on this machine, filled and served (Ctrl-C ends it)"
	@echo "make test    all tests, with coverage; TEST_ARGS='-k word' narrows them"
	@echo "make oldest  the golden books and a part of the tests on the oldest releases that pyproject.toml allows"
	@echo "make clients the clients of npm that front ends use, against the schema and a server (Node 20 or newer)"
	@echo "make interop exports read by pm4py, in an environment of its own (.venv-interop), against the ledger"
	@echo "make kills   kill -9 of servers and programs under load, KILLS=50 on each of two installations"
	@echo "make check   format, lint, imports, types"
	@echo "make format  puts the format right, and what lint can mend by itself"
	@echo "make bench   the benchmarks: ratios with their intervals; EVENTS=100000,1000000 sizes the books that grow"
	@echo "make bench-large   books of up to 10 million events, and the curves in docs/performance.md"
	@echo "make lock    resolves the lock files: to current releases, and one to the oldest that are allowed"
	@echo "make clean   removes environments and caches; the data in .data stays"

demo: .venv/project.stamp
	@.venv/bin/daybook demo

test: .venv/dev.stamp .venv/project.stamp
	$(PY) -m pytest -n $(WORKERS) --maxprocesses 8 --dist loadfile --no-loadscope-reorder $(TEST_ARGS) --cov $(if $(TEST_ARGS),,--cov-fail-under=95)

# On another Python: make oldest PYTHON=python3.12; and the golden books alone on the releases that are locked:
# make test PYTHON=python3.13 TEST_ARGS=tests/replay/test_golden.py
oldest: .venv-oldest/project.stamp
	.venv-oldest/bin/python -m pytest $(if $(TEST_ARGS),$(TEST_ARGS),$(OLDEST_TESTS))

OLDEST_TESTS := tests/replay tests/domain tests/ledger/test_codec.py tests/ledger/test_canonical.py \
	tests/ledger/test_ledger.py tests/ledger/test_columns.py tests/projections/test_writing.py \
	tests/api/graphql/test_schema.py tests/api/graphql/test_case.py tests/api/http/test_bad_input.py \
	tests/api/cli/test_case.py tests/api/test_settings.py

clients: .venv/dev.stamp .venv/project.stamp
	$(PY) -m pytest tests/clients $(TEST_ARGS)

interop: .venv/dev.stamp .venv/project.stamp .venv-interop/stamp
	$(PY) -m pytest tests/interop --interop $(TEST_ARGS)

kills: .venv/dev.stamp .venv/project.stamp
	$(PY) -m pytest tests/faults/test_killed_under_load.py -s --kills $(KILLS) $(TEST_ARGS)

check: .venv/dev.stamp .venv/project.stamp
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	.venv/bin/lint-imports
	$(PY) -m mypy

format: .venv/dev.stamp
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

bench: .venv/dev.stamp .venv/project.stamp
	$(PY) -m pytest tests/benchmarks --bench --bench-events $(EVENTS) -p no:randomly -s $(TEST_ARGS)

bench-large: .venv/dev.stamp .venv/project.stamp
	$(PY) -m pytest tests/benchmarks/test_growth.py --bench --bench-events 100000,1000000,10000000 \
		--bench-json docs/performance/growth.json -p no:randomly -s
	$(PY) -m tests.benchmarks.curves docs/performance/growth.json

# A lock is resolved by uv, in an environment of its own that is thrown away: uv is no part of the project.
UV_COMPILE := .venv-lock/bin/uv pip compile --universal --python-version 3.11 --upgrade --quiet \
	--generate-hashes --no-emit-index-url --no-annotate --no-header
# The tests' own tools are the same there as everywhere, anyio with them, whose plugin pytest loads: it is our dependencies
# whose lower bounds are tried.
OLDEST_TOOLS := anyio|httpx|hypothesis|jsonschema-rs|pytest|pytest-cov|pytest-randomly

lock:
	rm -rf .venv-lock
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip --disable-pip-version-check --no-input --quiet install uv
	$(UV_COMPILE) pyproject.toml --group build -o requirements.lock
	$(UV_COMPILE) pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock
	echo pm4py | $(UV_COMPILE) - -o requirements-interop.lock
	sed -En 's/^(($(OLDEST_TOOLS))==[^ ]+).*/\1/p' requirements-dev.lock \
		| $(UV_COMPILE) pyproject.toml - --group build --resolution lowest-direct -o requirements-oldest.lock
	rm -rf .venv-lock

clean:
	rm -rf .venv .venv-interop .venv-lock .venv-oldest tests/clients/node_modules .mypy_cache .ruff_cache .pytest_cache \
		.import_linter_cache .hypothesis dist
	rm -f .coverage .coverage.*

.venv/run.stamp: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Daybook needs Python 3.11 or newer; name one: make PYTHON=python3.12")'
	@echo "Making .venv from requirements.lock ..."
	@rm -rf .venv
	@$(PYTHON) -m venv .venv
	@$(PIP) install --require-hashes -r requirements.lock
	@touch $@

.venv/dev.stamp: requirements-dev.lock .venv/run.stamp
	@echo "Adding requirements-dev.lock ..."
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

# pm4py's licence is the AGPL: it is in no environment of Daybook, only beside them, to read what was exported.
.venv-interop/stamp: requirements-interop.lock
	@echo "Making .venv-interop from requirements-interop.lock ..."
	@rm -rf .venv-interop
	@$(PYTHON) -m venv .venv-interop
	@.venv-interop/bin/python -m pip --disable-pip-version-check --no-input --quiet install --require-hashes -r requirements-interop.lock
	@touch $@

.venv/project.stamp: pyproject.toml .venv/run.stamp
	@$(PIP) install --no-deps --no-build-isolation --no-index --editable .
	@touch $@

.venv-oldest/run.stamp: requirements-oldest.lock
	@echo "Making .venv-oldest from requirements-oldest.lock ..."
	@rm -rf .venv-oldest
	@$(PYTHON) -m venv .venv-oldest
	@.venv-oldest/bin/python -m pip --disable-pip-version-check --no-input --quiet install --require-hashes -r $<
	@touch $@

.venv-oldest/project.stamp: pyproject.toml .venv-oldest/run.stamp
	@.venv-oldest/bin/python -m pip --disable-pip-version-check --no-input --quiet install \
		--no-deps --no-build-isolation --no-index --editable .
	@touch $@
