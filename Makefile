# Each target makes .venv by itself; nothing else has to be installed but Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
UP ?=
PYTEST ?=
# one more than cores: many tests wait for servers
WORKERS ?= $(shell $(PYTHON) -c "import os; print(len(os.sched_getaffinity(0)) + 1)")

INSTALL = $(PY) -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes
LOCK := uv pip compile pyproject.toml --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header -q

.PHONY: venv up test test-browser lint bench chaos lock
venv: $(VENV)/.ready

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit("Kolokol needs Python 3.11 or newer; set PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	@touch $@

# What runs Kolokol is there in half the time of what tests it too.
$(VENV)/.runs: requirements-up.txt | $(VENV)/.made
	$(INSTALL) -r $<
	@touch $@

$(VENV)/.ready: requirements-dev.txt | $(VENV)/.made
	$(INSTALL) -r $<
	@touch $@

up: $(if $(wildcard $(VENV)/.ready),venv,$(VENV)/.runs)
	$(PY) manage.py up $(UP)

# A dozen processes need the same bytecode, and pytest's own of each test. The report comes after
# the run: pytest-cov would read all sources twice, once for the table, once for the least percentage.
test: export PYTHONDONTWRITEBYTECODE =
test: venv
	$(PY) -m pytest -n $(WORKERS) --dist worksteal --ignore=tests/browser --cov --cov-report= --cov-fail-under=0 $(PYTEST)
	$(PY) -m coverage report --skip-covered
	@echo "The browser tests were left out: make test-browser runs them."

test-browser: venv
	$(PY) -m tests.browser.install
	$(PY) -m pytest -m browser tests/browser $(PYTEST)

lint: venv
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy .
	$(VENV)/bin/lint-imports --config .importlinter
	$(PY) manage.py makemigrations --check --dry-run --settings tests.settings

bench: venv
	$(PY) -m tests.bench

chaos: venv
	$(PY) -m tests.chaos

# Pins every package with its hashes, no index address; needs uv.
lock:
	$(LOCK) --all-extras -o requirements-dev.txt
	$(LOCK) --extra embedded --extra aws --extra apprise -c requirements-dev.txt -o requirements-up.txt
	$(LOCK) --extra aws --extra apprise -c requirements-dev.txt -o requirements.txt
