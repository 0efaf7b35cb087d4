# Two commands: `make demo` shows the product at work, `make test` proves it. Both build `.venv` first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv pip
ARGS ?=

# Compiled modules are kept, whatever the shell says: without them every start compiles all it imports again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo test test-faults screenshots bench lock check clean

setup: $(VENV)/.runtime

$(VENV)/.runtime: requirements.lock requirements-setup.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; v >= (3, 11) or sys.exit(f"Python 3.11 or newer is needed, this is {v[0]}.{v[1]}: make PYTHON=python3.12 demo")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-setup.lock
	@$(UV) install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	@$(UV) install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q services shared
	@touch $@

$(VENV)/.test: $(VENV)/.runtime requirements-test.lock
	@$(UV) install --quiet --python $(BIN)/python --require-hashes -r requirements-test.lock
	@touch $@

$(VENV)/.bench: $(VENV)/.test requirements-bench.lock
	@$(UV) install --quiet --python $(BIN)/python --require-hashes -r requirements-bench.lock
	@touch $@

demo: setup
	@$(BIN)/aiguillage demo $(ARGS)

check: $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

BESIDE := tests/e2e tests/live tests/broker tests/property tests/contract/sas
test: check
	@tests/e2e/install-browser $(BIN)
	@tests/broker/install-broker
ifeq ($(ARGS),)
	@# Two halves side by side, of about the same length; the one with browsers and running programs speaks after.
	@$(BIN)/pytest -o cache_dir=.pytest_cache/beside $(BESIDE) > $(VENV)/beside.txt 2>&1 & beside=$$!; \
	$(BIN)/pytest $(addprefix --ignore ,$(BESIDE)); rest=$$?; \
	wait $$beside; other=$$?; cat $(VENV)/beside.txt; exit $$(( rest || other ))
else
	$(BIN)/pytest $(ARGS)
endif

# Sixty people, faults, processes that die, by so many seeds: make test-faults SEEDS=20
SEEDS ?= 3
test-faults: $(VENV)/.test
	AIGUILLAGE_FAULTS_SEEDS=$(SEEDS) $(BIN)/pytest -m "long or not long" tests/faults $(ARGS)

screenshots: $(VENV)/.test
	@tests/e2e/install-browser $(BIN)
	$(BIN)/python -m tests.e2e.screenshots $(ARGS)

bench: $(VENV)/.bench
	$(BIN)/aiguillage bench $(ARGS)

LOCK := $(UV) compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links
lock:
	$(LOCK) pyproject.toml -o requirements.lock
	$(LOCK) pyproject.toml --extra test -o requirements-test.lock -c requirements.lock
	$(LOCK) pyproject.toml --extra test --extra bench -o requirements-bench.lock -c requirements-test.lock
	printf 'uv\nhatchling==1.33.0\neditables\n' | $(LOCK) - -o requirements-setup.lock

clean:
	rm -rf $(VENV) data
