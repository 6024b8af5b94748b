# Two commands do everything on a fresh machine with Python 3.11+ and make: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEV := $(VENV)/.ready-dev
PYTEST := $(BIN)/python -m pytest -q -ra

.PHONY: help setup demo test check format lint types house unit laws stories docs-test faults laws-long fuzz-long bench docs clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(DEV) ## a virtual environment inside the checkout, with everything in it

$(READY): pyproject.toml constraints.txt
	@echo "setting up $(VENV) (once; needs a package index)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip -c constraints.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[learning]" -c constraints.txt
	@touch $(READY)

$(DEV): $(READY)
	@echo "adding what the tests need to $(VENV) (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]' -c constraints.txt
	@touch $(DEV)

demo: $(READY) ## a server, a live shop over HTTP, segments that move, a mail, all proven: about 90 s
	@$(BIN)/coterie demo

test: $(DEV) ## everything that must pass
	@$(MAKE) --no-print-directory format-check lint types
	@$(PYTEST) -n 2 --dist loadfile --no-loadscope-reorder --durations 25 tests

check: test ## the one check command: format, lint, types, house, unit, laws, stories, docs

format: $(DEV) ## rewrite the layout of the code
	@$(BIN)/ruff format --quiet src tests benchmarks && $(BIN)/ruff check --quiet --fix src tests benchmarks

.PHONY: format-check
format-check: $(DEV)
	@$(BIN)/ruff format --quiet --check src tests benchmarks

lint: $(DEV) ## ruff
	@$(BIN)/ruff check --quiet src tests benchmarks

types: $(DEV) ## mypy --strict
	@$(BIN)/mypy

house: $(DEV) ## the architecture rules
	@$(PYTEST) tests/house

unit: $(DEV) ## unit tests, which mirror src
	@$(PYTEST) tests --ignore tests/laws --ignore tests/stories --ignore tests/docs --ignore tests/house --ignore tests/data

laws: $(DEV) ## the three readers agree, on random definitions and logs
	@$(PYTEST) tests/laws

stories: $(DEV) ## the acceptance scenarios
	@$(PYTEST) tests/stories

docs-test: $(DEV) ## every command and snippet of the documentation
	@$(PYTEST) tests/docs

faults: $(DEV) ## the server killed, its disk filled, its clock moved, its files damaged
	@$(PYTEST) tests/faults

laws-long: $(DEV) ## at least 20,000 random definitions, about 10 minutes
	@$(BIN)/python -m tests.laws.long

fuzz-long: $(DEV) ## ten minutes of requests that are nearly right, memory watched; then the HTTP interface against its document
	@COTERIE_FUZZ_S=600 COTERIE_FUZZ_EXAMPLES=40 $(PYTEST) tests/web/collect/test_fuzz.py tests/web/test_document.py

bench: $(DEV) ## make bench NAME=live: one benchmark, its figures as one JSON line
	@$(BIN)/python benchmarks/$(NAME).py

docs: $(DEV) ## write again what is generated: the language, the command line, the HTTP interface, tables of fields, schemas
	@$(BIN)/python -m tests.docs.generate

clean: ## remove everything that was made
	@rm -rf $(VENV) build dist demo .mypy_cache .ruff_cache .pytest_cache .hypothesis
