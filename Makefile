# Every target sets up what it needs in .venv (the peers' in .venv-bench) and works from a clean clone.

PYTHON ?= python3
VENV := .venv
BENCH := .venv-bench
BENCH_SERVE := .venv-serve
BIN := $(VENV)/bin
# PyTorch's exact version: a range would pull its much larger GPU build.
TORCH := torch==2.13.0
PEERS := $(TORCH) jax onnx onnxruntime
SOURCES := $(wildcard native/*.cpp native/*.hpp native/exports.map native/build.py)
PAGES := $(wildcard web/*.*) $(shell find web/src -type f)

.PHONY: help demo test check native page sanitize oracle bench bench-serve mutate soak fuzz kills docs clean

help:
	@echo "make demo     train on handwritten digits, look at the result, predict"
	@echo "make test     run the tests"
	@echo "make check    ruff, mypy and the documentation's examples"
	@echo "make native   build the compiled engine, or say why that is not possible"
	@echo "make page     build the pages of the service, or say why that is not possible"
	@echo "make sanitize run its tests with every check of memory and arithmetic that GCC has"
	@echo "make oracle   compare layers, losses and optimisers with PyTorch; trace them with JAX"
	@echo "make bench    run Glassnet and its peers side by side"
	@echo "make bench-serve  ask its service and its peers' as often as they bear"
	@echo "make mutate   break each backward line in turn; the tests must notice"
	@echo "make soak     attack the service at length: broken pictures, crowds, an hour of requests"
	@echo "make fuzz     load 1,000,000 broken model files and 100,000 broken checkpoints"
	@echo "make kills    kill 400 trainings, each of which goes on and ends as if it had not been; damage runs"
	@echo "make docs     draw the documentation's pictures anew"

demo: $(VENV)/demo.done $(VENV)/native.done $(VENV)/page.done
	@$(BIN)/glassnet demo

test: $(VENV)/test.done $(VENV)/native.done $(VENV)/page.done
	OPENBLAS_NUM_THREADS=1 $(BIN)/pytest -n 2 -m "not console and not alone"
	OPENBLAS_NUM_THREADS=1 $(BIN)/pytest -m alone

check: $(VENV)/check.done $(VENV)/native.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python web/build.py --check
	OPENBLAS_NUM_THREADS=1 $(BIN)/pytest -n 2 tests/docs

native: $(BIN)/python
	$(BIN)/python native/build.py

page: $(BIN)/python
	$(BIN)/python web/build.py

# Python itself was not built to be watched, so the watch is loaded first, and C++'s exceptions with it.
sanitize: $(VENV)/test.done
	CXX=g++ $(BIN)/python native/build.py --sanitize
	LD_PRELOAD="$$(g++ -print-file-name=libasan.so) $$(g++ -print-file-name=libstdc++.so.6)" \
	ASAN_OPTIONS=detect_leaks=0:halt_on_error=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 \
	GLASSNET_NATIVE_DIR=$(CURDIR)/build/sanitize OPENBLAS_NUM_THREADS=1 \
	$(BIN)/pytest --capture=sys $(wildcard tests/engines/test_library.py tests/engines/test_native*.py)

oracle: $(VENV)/oracle.done $(VENV)/native.done
	$(BIN)/pytest -m oracle
	$(BIN)/pytest -m jax

mutate: $(VENV)/test.done $(VENV)/native.done
	$(BIN)/python scripts/mutate_backward.py

soak: $(VENV)/test.done $(VENV)/native.done
	GLASSNET_MUTANTS=10000 GLASSNET_EXAMPLES=100 GLASSNET_CROWD=1000 GLASSNET_DRAINS=20 \
	$(BIN)/pytest -s --timeout 1800 tests/serve/test_attacks.py tests/serve/test_schema.py \
	tests/serve/test_greedy_clients.py tests/serve/test_drain.py
	GLASSNET_REQUESTS=1000000 GLASSNET_SECONDS=3600 $(BIN)/pytest -s tests/serve/test_soak.py

fuzz: $(VENV)/test.done $(VENV)/native.done
	GLASSNET_FUZZ=$${GLASSNET_FUZZ:-1000000} $(BIN)/pytest -s --timeout 0 tests/fuzz

kills: $(VENV)/test.done $(VENV)/native.done
	OPENBLAS_NUM_THREADS=1 GLASSNET_KILLS=100 GLASSNET_MUTANTS=1400 $(BIN)/pytest -s --timeout 3600 \
	tests/training/test_kills.py tests/runs/test_damaged.py

bench: $(BENCH)/done
	-$(BENCH)/bin/python native/build.py
	$(BENCH)/bin/python -m benchmarks

bench-serve: $(BENCH_SERVE)/done
	-$(BENCH_SERVE)/bin/python native/build.py
	$(BENCH_SERVE)/bin/python -m benchmarks.serving

docs: $(VENV)/test.done $(VENV)/native.done
	$(BIN)/python scripts/draw_pictures.py

clean:
	rm -rf $(VENV) $(BENCH) $(BENCH_SERVE) demo build dist src/glassnet/engines/_native_* web/node_modules web/dist \
		src/glassnet/*/page src/glassnet/*/_page_missing.txt

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Glassnet needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)

# Installing builds the compiled engine and the pages too, but happens again only when
# pyproject.toml changes. Where one cannot be built, all else goes on.
$(VENV)/native.done: $(SOURCES) | $(BIN)/python
	-$(BIN)/python native/build.py
	@touch $@

$(VENV)/page.done: $(PAGES) | $(BIN)/python
	-$(BIN)/python web/build.py
	@touch $@

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
	$(BIN)/python -m pip install -q --disable-pip-version-check $(TORCH) -e '.[jax]'
	@touch $@

$(BENCH)/done: pyproject.toml Makefile
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install -q --disable-pip-version-check -e '.[data]' $(PEERS)
	@touch $@

$(BENCH_SERVE)/done: pyproject.toml Makefile
	$(PYTHON) -m venv $(BENCH_SERVE)
	$(BENCH_SERVE)/bin/python -m pip install -q --disable-pip-version-check -e '.[serve]' $(TORCH) fastapi bentoml
	@touch $@
