# Two commands do all set-up: `make demo` and `make test`. Needs only Python 3.11+ and make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: demo test test-api test-crash check format bench brokers clients test-clients clean

demo: $(READY)
	@$(BIN)/besra demo
	@echo '(the besra command is in $(BIN); to have it in this shell: . $(BIN)/activate)' >&2

test: $(READY)
	@$(BIN)/python -m pytest -q -n auto

# API holds options: make test-api API='--seconds 60 --path signals'
test-api: $(READY)
	@$(BIN)/python -m tests.openapi $(API)

# CRASH holds options: make test-crash CRASH='--quick', CRASH='--kills 500 --seed 7 kill'
test-crash: $(READY)
	@$(BIN)/python -m tests.crash $(CRASH)

check: $(READY)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q tests/unit/test_imports.py

format: $(READY)
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

# Clients and shippers that tests run, where they can be had; `make test` skips what is not there.
clients: $(READY)
	@$(BIN)/python -m tests.clients

test-clients: clients
	@$(BIN)/python -m pytest -q tests/clients

# BENCH holds options: make bench BENCH='--quick --json figures.json'
bench: $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt duckdb eql polars || \
		echo 'some engines could not be installed: they are left out' >&2
	@$(BIN)/python -m benchmarks $(BENCH)

# A Kafka broker for tests/e2e/test_brokers.py, from its published jars; needs Maven and Java.
brokers: .brokers/kafka/.ready

.brokers/kafka/.ready: tests/kafka.xml
	@mvn -q -B -f tests/kafka.xml package
	@touch $@

clean:
	rm -rf $(VENV) .brokers .clients

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "besra needs Python 3.11 or newer; try: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@echo "setting up $(VENV) (first run only)" >&2
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt hatchling editables
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
		--no-build-isolation -e '.[dev,serve,postgres,kafka,nats]'
	@touch $@
