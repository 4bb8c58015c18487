# Each target first sets up .venv, or brings it up to date with constraints.txt and pyproject.toml.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.up-to-date
DEMO := out/ten_thousand_gpus
WORKERS ?= 2

.PHONY: demo test lint audit lock bench validate fuzz clean setup

demo: $(STAMP)
	$(BIN)/riskmodel run ten_thousand_gpus --paths 1000 --seed 7 --out $(DEMO) --overwrite
	@echo "For a board, in English and in Chinese, for finance, for analysts and for insurers:"
	@$(BIN)/riskmodel report $(DEMO) --for board --lang en
	@$(BIN)/riskmodel report $(DEMO) --for board --lang zh
	@$(BIN)/riskmodel report $(DEMO) --for finance
	@$(BIN)/riskmodel report $(DEMO) --for analyst
	@$(BIN)/riskmodel report $(DEMO) --for insurer
	@echo "All files: $(DEMO), and for readers $(DEMO)/reports"

test: $(STAMP)
	$(BIN)/python -m tests.warm
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadscope
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -q -m tiny -n $(WORKERS) --dist loadscope
	NUMBA_BOUNDSCHECK=1 $(BIN)/python -m pytest -q -m tiny -n $(WORKERS) --dist loadscope

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(STAMP)
	$(BIN)/python -m tests.bench

# The slower tier of the fuzzing: 100,000 files for each reader; hours on one core. FUZZ="--inputs 2000 --seconds 60".
fuzz: $(STAMP)
	nice -n 19 $(BIN)/python -m tests.fuzz $(FUZZ)

validate: $(STAMP)
	$(BIN)/python -m studies.validation --out out/validate

setup: $(STAMP)

$(STAMP): constraints.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@

clean:
	rm -rf out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
