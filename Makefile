PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# one worker for each core; WORKERS=0 runs the tests in one process
WORKERS ?= auto

.PHONY: test demo lint types contracts unit install docs release-check clean

test: lint types contracts unit

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test]"
	touch $(STAMP)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

contracts: $(STAMP)
	$(BIN)/lint-imports

unit: $(STAMP)
	$(BIN)/python -m pytest -n $(WORKERS) --maxprocesses 8 --dist worksteal \
		--cov --cov-report=term-missing:skip-covered --durations=60 --durations-min=2

# build/docs/site: open index.html, or serve it so that the search works
docs: $(STAMP)
	PYTHONPATH=docs $(BIN)/python -m site_builder build/docs

# builds, examines and installs what would be published; needs the package index
release-check: $(STAMP)
	$(BIN)/python release/check.py build/release

demo: $(STAMP)
	$(BIN)/remnant demo

clean:
	rm -rf $(VENV) build
