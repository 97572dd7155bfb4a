.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "songatlas needs Python 3.11 or newer; this is %s. Try: make PYTHON=python3.12 ..." % sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

install: $(STAMP)  ## set up .venv with everything, for use and for development

demo: $(STAMP)  ## build the atlas of the simulated catalogue and say what to open
	$(BIN)/songatlas demo -o demo_atlas
	@echo "Or walk through it in the browser: $(BIN)/songatlas app demo_atlas"

# What Python compiled is kept from run to run. Workers take whole files, in the order of tests/conftest.py.
test: $(STAMP)  ## run all tests
	@sh tools/install_chromium.sh
	@sh tools/install_player.sh
	@sh tools/install_java.sh
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

# Commands, servers and workers that tests start are measured, too; what is killed tells nothing.
coverage: $(STAMP)  ## run all tests, and tell which lines and branches none of them runs
	$(BIN)/python -m coverage erase
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder --cov --cov-report=term-missing

mutation: $(STAMP)  ## change the code in small ways, and tell which changes no test notices
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[mutation]'
	$(BIN)/python tools/mutate.py

check: $(STAMP)  ## lint, format, types, floors, fresh docs, spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/generate_docs.py --check
	$(BIN)/python tools/draw_floors.py --check
	$(BIN)/codespell

docs: $(STAMP)  ## write the generated pages of docs/ anew, and the tour where it changed
	$(BIN)/python tools/generate_docs.py
	$(BIN)/python tools/draw_floors.py

site: $(STAMP)  ## build the site of the documentation: open build/site/index.html
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

format: $(STAMP)  ## mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

fuzz: $(STAMP)  ## try hostile input on every reader for ten minutes (Linux)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[fuzz]'
	$(BIN)/python -m fuzz --all --minutes 10

sanitize: $(STAMP)  ## run the C kernels under sanitizers and valgrind
	sh tools/sanitize.sh

clean:  ## remove everything that was built
	rm -rf $(VENV) build dist demo_atlas src/*.egg-info

.PHONY: help install demo test coverage mutation check docs site format fuzz sanitize clean
