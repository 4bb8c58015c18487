# Each target first sets up .venv, or brings it up to date with constraints.txt and pyproject.toml.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.up-to-date
DEMO := out/ten_thousand_gpus
WORKERS ?= 2

.PHONY: demo test lint lock bench validate fuzz clean setup faults

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
	$(BIN)/python -m tests.audit

bench: $(STAMP)
	$(BIN)/python -m tests.bench

# The slower tier of the fuzzing: 100,000 files for each reader; some hours on one core. FUZZ="--inputs 2000 --seconds 60".
fuzz: $(STAMP)
	nice -n 19 $(BIN)/python -m tests.fuzz $(FUZZ)

validate: $(STAMP)
	$(BIN)/python -m studies.validation --out out/validate

faults: $(STAMP)
	$(BIN)/python -m tests.faults

setup: $(STAMP)

# Every file that is installed has a hash in requirements.lock. Where packages are built or mirrored with other hashes,
# LOCK= installs the same versions without looking at them.
LOCK ?= requirements.lock
$(STAMP): constraints.txt requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
ifneq ($(LOCK),)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement $(LOCK)
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
else
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
endif
	touch $@

# constraints.txt and requirements.lock from pyproject.toml; uv must be installed. Versions already pinned stay.
UV := uv pip compile --quiet --universal --python-version 3.11 --extra dev --no-annotate --no-header --no-emit-index-url
lock:
	$(UV) --output-file constraints.txt pyproject.toml
	$(UV) --generate-hashes --constraint constraints.txt --output-file requirements.lock pyproject.toml

clean:
	rm -rf out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
