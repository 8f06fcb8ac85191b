# make run       sets everything up and opens the dashboard on http://localhost:8501
# make test      sets everything up and runs all checks and tests
# make bench     prints the benchmarks' tables; ISA=AVX2 measures as if there were no AVX-512
# make bench-ui  prints how the dashboard feels, measured in a browser and by twenty visitors

PYTHON ?= python3
PORT ?= 8501
ADDRESS ?= localhost
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: run test lint bench bench-ui setup clean

run: $(INSTALLED)
	@$(BIN)/satseg sample --region chongming
	@nice -n 10 $(BIN)/satseg sample >catalog/samples.log 2>&1 & # the other regions, meanwhile
	@echo "Opening the dashboard on http://localhost:$(PORT) (stop with Ctrl+C)"
	@$(BIN)/streamlit run dashboard/app.py --server.port $(PORT) --server.address $(ADDRESS)

setup: $(INSTALLED)

$(INSTALLED): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Expected Python 3.11 or newer; found $$($(PYTHON) --version). Run make with PYTHON=python3.11 or newer."; exit 1; }
	@echo "Installing (once, some minutes) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade pip
	@$(BIN)/python -m pip install --progress-bar on -r requirements.txt
	@$(BIN)/python -m pip install --quiet --no-deps -e .
	@touch $@

lint: $(INSTALLED)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

test: lint
	@$(BIN)/python -m pytest

bench: $(INSTALLED)
	@$(BIN)/python -m tests.benchmarks $(if $(ISA),--isa $(ISA))

bench-ui: $(INSTALLED)
	@$(BIN)/python -m tests.benchmarks.bench_ui

clean:
	rm -rf $(VENV) catalog runs
