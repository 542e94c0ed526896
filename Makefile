PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# one worker for each core; WORKERS=0 runs the tests in one process
WORKERS ?= auto

# what the tests of pages, PDFs and DICOM need of a Debian machine; without them those are skipped
SYSTEM_PACKAGES := chromium libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core \
	dcmtk dicom3tools iproute2 orthanc orthanc-dicomweb orthanc-gdcm

.PHONY: test demo lint types contracts unit install system docs release-check clean

test: lint types contracts system unit

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

system:
	@dpkg -s $(SYSTEM_PACKAGES) >/dev/null 2>&1 || \
		{ [ "$$(id -u)" = 0 ] && apt-get update -qq && DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
			apt-get install -qq -y --no-install-recommends $(SYSTEM_PACKAGES) >/dev/null; } || \
		echo "not installed, tests that need them are skipped: $(SYSTEM_PACKAGES)"

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
