# Every target sets up what it needs in .venv (the peers' in .venv-bench) and works from a clean clone.

PYTHON ?= python3
VENV := .venv
BENCH := .venv-bench
BIN := $(VENV)/bin
# PyTorch's exact version: a range would pull its much larger GPU build.
TORCH := torch==2.13.0

.PHONY: help demo test check oracle bench mutate docs clean

help:
	@echo "make demo     train on handwritten digits, look at the result, predict"
	@echo "make test     run the tests"
	@echo "make check    ruff, mypy and the documentation's examples"
	@echo "make oracle   compare layers, losses and optimisers with PyTorch"
	@echo "make bench    run Glassnet and its peers side by side"
	@echo "make mutate   break each backward line in turn; the tests must notice"
	@echo "make docs     draw the documentation's pictures anew"

demo: $(VENV)/demo.done
	@$(BIN)/glassnet demo

test: $(VENV)/test.done
	OPENBLAS_NUM_THREADS=1 $(BIN)/pytest -n 2 -m "not console"

check: $(VENV)/check.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	OPENBLAS_NUM_THREADS=1 $(BIN)/pytest -n 2 tests/docs

oracle: $(VENV)/oracle.done
	$(BIN)/pytest -m oracle

mutate: $(VENV)/test.done
	$(BIN)/python scripts/mutate_backward.py

bench: $(BENCH)/done
	$(BENCH)/bin/python -m benchmarks

docs: $(VENV)/test.done
	$(BIN)/python scripts/draw_pictures.py

clean:
	rm -rf $(VENV) $(BENCH) demo build dist

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Glassnet needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo.done: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[plot]'
	@touch $@

$(VENV)/test.done: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[all,test]'
	@touch $@

$(VENV)/check.done: $(VENV)/test.done
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[check]'
	@touch $@

$(VENV)/oracle.done: $(VENV)/test.done
	$(BIN)/python -m pip install -q --disable-pip-version-check $(TORCH)
	@touch $@

$(BENCH)/done: pyproject.toml
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install -q --disable-pip-version-check -e '.[data]' $(TORCH)
	@touch $@
