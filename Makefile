# Each target makes .venv by itself; nothing else has to be installed but Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
UP ?=
PYTEST ?=
# one more than cores: many tests wait for servers
WORKERS ?= $(shell $(PYTHON) -c "import os; print(len(os.sched_getaffinity(0)) + 1)")

.PHONY: venv up test test-browser lint bench chaos lock
venv: $(VENV)/.ready

$(VENV)/.ready: requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit("Kolokol needs Python 3.11 or newer; set PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

up: venv
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
	uv pip compile pyproject.toml --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header -q -o requirements.txt
	uv pip compile pyproject.toml --all-extras --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header -q -o requirements-dev.txt
