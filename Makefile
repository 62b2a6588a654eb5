# One command each. On a fresh machine with Python 3.11 or newer, git and make, every target first
# makes the environment that it needs; when pyproject.toml has not changed, that costs nothing.
#
#   make test PYTHON=python3.13 VENV=.venv-3.13      the same under another Python
#   make test ARGS="-k refund -x"                    words for pytest
#   make test BROWSER=none                           without the tests that need a browser
#   make demo DEMO_DIR=/tmp/desk                     where the demonstration is laid out

PYTHON ?= python3
VENV ?= .venv
JOBS ?= auto
ARGS ?=
DEMO_DIR ?=
export BROWSER ?=

BIN := $(VENV)/bin
READY := $(VENV)/.ready
EXTRAS := prices,otel,time-machine,demo
# Expanded only where it is used: pages with a generated part.
COGGED = $(shell grep -rlsF --include='*.md' '[[[cog' README.md docs)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export UV_SYSTEM_CERTS ?= true

# ---------------------------------------------------------------------------------- environment

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "pytest-agenttrace needs Python 3.11 or newer; name one: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(BIN)/uv: | $(BIN)/python
	$(BIN)/python -m pip install --quiet uv

$(READY): pyproject.toml | $(BIN)/python $(BIN)/uv
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --editable '.[$(EXTRAS)]' --group dev
	@touch $@

.PHONY: install
install: $(READY) ## make the environment in .venv (every other target does this by itself)

# ------------------------------------------------------------------------------------ every day

.PHONY: demo
demo: $(READY) ## see it work: record, replay, change an agent, read what changed (no key, no network)
	$(BIN)/agenttrace demo $(DEMO_DIR)

.PHONY: browser
browser: ## find Chromium, in which pages are tested; install Debian's where that may be done
	@if [ "$(BROWSER)" = none ]; then echo "no browser: the tests of pages are left out"; exit 0; fi; \
	for name in chromium chromium-browser google-chrome google-chrome-stable; do \
	  if command -v $$name >/dev/null; then exit 0; fi; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
	    chromium fonts-dejavu-core >/dev/null; \
	else echo "Pages are tested in Chromium, and none is here: install it, or say BROWSER=none" >&2; exit 1; fi

.PHONY: test
test: $(READY) browser ## run all tests, and the code in README.md and docs/
	$(BIN)/python -m compileall -q src pytest_agenttrace
	@# what pytest has rewritten of its plugins is kept, for the hundreds of sessions that tests begin
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(JOBS) $(ARGS)

.PHONY: test-frameworks
test-frameworks: $(READY) ## run one contract over every framework, in environments of their own
	$(BIN)/python -m tools.frameworks $(ARGS)

.PHONY: newest-frameworks
newest-frameworks: $(READY) ## the same over the newest release of each alone, which every check does
	$(BIN)/python -m tools.frameworks newest

.PHONY: other-frameworks
other-frameworks: $(READY) ## the same over all the others, which CI does after every check
	$(BIN)/python -m tools.frameworks newest_crewai oldest oldest_crewai oldest_openai_3

.PHONY: campaign
campaign: $(READY) ## try every claim as often as it says, not a little, for hours
	AGENTTRACE_CAMPAIGN=1 $(BIN)/python -m pytest -n $(JOBS) --timeout=0 $(ARGS)

.PHONY: fuzz
fuzz: $(READY) ## read 100,000 goldens, journals and files of each format of a clever stranger
	AGENTTRACE_CAMPAIGN=1 $(BIN)/python -m pytest -n $(JOBS) tests/security/test_fuzz.py tests/security/test_fuzz_importers.py $(ARGS)

.PHONY: w3c
w3c: $(READY) ## run the public W3C trace-context suite, from a copy of it: make w3c DIR=...
	$(BIN)/python -m tools.w3c $(DIR)

.PHONY: check
check: lint types layers docs wheel gate newest-frameworks test ## everything that a change must pass; all tests come last

.PHONY: format
format: $(READY) ## format the code, and mend what ruff can mend by itself
	$(BIN)/ruff check --fix-only --exit-zero --quiet
	$(BIN)/ruff format

.PHONY: generate
generate: $(READY) ## write the generated parts of the pages again
	$(if $(COGGED),$(BIN)/cog -I . -U -r --verbosity=1 $(COGGED),@echo "no page has a generated part")

# -------------------------------------------------------------------------------- parts of check

.PHONY: lint
lint: $(READY) ## ruff, spelling, dead code, slots, house sizes and names, docstrings of tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/codespell
	$(BIN)/python -m tools.dead_code
	$(BIN)/python -m slotscheck -m agenttrace -m pytest_agenttrace
	$(BIN)/python -m tools.house src/agenttrace pytest_agenttrace
	$(BIN)/interrogate --quiet tests || $(BIN)/interrogate -v --omit-covered-files tests

.PHONY: types
types: $(READY) ## mypy, strict
	$(BIN)/mypy
	$(if $(wildcard tests/typing/*.py),$(BIN)/mypy tests/typing)

.PHONY: layers
layers: $(READY) ## who may import whom
	$(BIN)/lint-imports

.PHONY: docs
docs: $(READY) ## build the pages strictly; check generated parts and changelog fragments
	$(if $(COGGED),$(BIN)/cog -I . -U --check --diff --verbosity=0 --check-fail-msg='run: make generate' $(COGGED))
	$(BIN)/towncrier build --draft --version next >/dev/null
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

.PHONY: wheel
wheel: $(READY) ## build the distribution, and look at what is in it
	rm -rf dist
	$(BIN)/python -m build --no-isolation --outdir dist . >/dev/null
	$(BIN)/check-wheel-contents dist/*.whl

.PHONY: gate
gate: $(READY) ## hold the project's own goldens against those before the last commit that touched one
	$(BIN)/python -m tools.own_gate

.PHONY: coverage
coverage: $(READY) ## run all tests and say which branches they miss
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n $(JOBS) $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

# ---------------------------------------------------------------------------------------- others

.PHONY: bench
bench: $(READY) ## run the benchmarks: ratios against a named peer, both taken in one run
	@set -e; for bench in $(sort $(wildcard benchmarks/*.py)); do \
	  echo "$$bench"; $(BIN)/python "$$bench"; done

.PHONY: bench-page
bench-page: $(READY) browser ## measure a page of 100,000 spans: its size, its making, and Chromium with it
	$(BIN)/python benchmarks/pages.py

.PHONY: backends
backends: $(READY) ## send traces to backends that run here, each in its own environment, and read back
	$(BIN)/python -m tools.backends $(ARGS)

.PHONY: backend-datadog backend-mlflow backend-phoenix
backend-datadog backend-mlflow backend-phoenix: $(READY)
	$(BIN)/python -m tools.backends $(@:backend-%=%) $(ARGS)

.PHONY: clean
clean: ## remove what the other targets made, the environment included
	rm -rf $(VENV) build dist site htmlcov .coverage .coverage.* \
	  .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help
help: ## this list
	@echo "make TARGET, where TARGET is one of:"
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
