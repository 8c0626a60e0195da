# make train      set up .venv and train MolGAN with a boson latent
# make test       set up .venv, check style and imports, and run the tests, on all cores
# make test-all   the same with the slow tests
# make lint       style and imports alone
# make types      pyright, which fetches its program once
# make docs       the documentation site, in site/; a page that links nowhere is an error
# make clean      remove .venv and what builds leave; runs/ stays
#
# STEPS=20000 make train    the paper's schedule; a run that has begun is continued
# PYTHON=/path/to/python    the interpreter of .venv, 3.10 to 3.13

STEPS ?= 400
PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3.10 python3, \
            $(shell $(name) -c '$(SUPPORTED)' >/dev/null 2>&1 && echo $(name))))
SUPPORTED = import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))
IN_VENV := .venv/bin/
# A worker takes whole files, whose tests share what fixtures make, in the order of their names:
# so two workers seldom compile one kernel at the same time, and no long file comes last.
# Rewritten assertions are kept in __pycache__ whatever the shell says: they take long to rewrite.
PYTEST = PYTHONDONTWRITEBYTECODE= $(IN_VENV)python -m pytest --numprocesses auto --dist loadscope --no-loadscope-reorder

.PHONY: train test test-all lint types docs clean

train: .venv/installed
	$(IN_VENV)python tools/train.py --model molgan --latent boson --steps $(STEPS)
	@echo "First, for these commands:   source .venv/bin/activate"

test: lint
	$(PYTEST)

test-all: lint
	$(PYTEST) -m "slow or not slow"

lint: .venv/installed-test
	$(IN_VENV)ruff check .
	$(IN_VENV)ruff format --check .
	$(IN_VENV)lint-imports

types: .venv/installed-test
	$(IN_VENV)pyright

# Without the notice of MkDocs' second version, which is not used here.
docs: .venv/installed-docs
	NO_MKDOCS_2_WARNING=1 $(IN_VENV)mkdocs build
	@echo "Now open site/index.html, or serve it, for search too:   .venv/bin/mkdocs serve"

.venv/installed: setup.cfg pyproject.toml | .venv/bin/pip
	$(IN_VENV)python -m pip install --editable .
	@touch $@

.venv/installed-test: setup.cfg pyproject.toml | .venv/bin/pip
	$(IN_VENV)python -m pip install --editable ".[test]"
	@touch .venv/installed $@

.venv/installed-docs: setup.cfg pyproject.toml | .venv/bin/pip
	$(IN_VENV)python -m pip install --editable ".[docs]"
	@touch $@

.venv/bin/pip:
	@$(if $(PYTHON),,echo "No Python 3.10 to 3.13 found on the PATH. Name one:" \
	    "make PYTHON=/path/to/python3.11" >&2; exit 1)
	@$(PYTHON) -c '$(SUPPORTED)' || { echo "$(PYTHON) is $$($(PYTHON) --version 2>&1);" \
	    "qlatent_tf needs Python 3.10 to 3.13. Name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv

clean:
	rm -rf .venv build dist site *.egg-info .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
