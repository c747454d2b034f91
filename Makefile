# make draw PROMPT="a red fox"   from a fresh clone to a picture; nothing but Python 3.11 or newer is needed
# make test                      the checks that every change must pass
PYTHON ?= python3
PROMPT ?= a red fox
ARGS   ?=
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

# The prompt travels through the environment: an apostrophe in it is then nothing special to the shell.
export PROMPT
# Two test processes with one thread each are quicker on two cores than one whose libraries fight for them.
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help draw env-run env-dev train-env lint test test-all bench docs grid gallery clean

help:
	@sed -n '/^##/s/^## //p' $(MAKEFILE_LIST)

## make draw PROMPT="…" [ARGS="-n 4 --size 512"]   draw into out/ and say where the picture is
draw: env-run
	@env -u OMP_NUM_THREADS $(BIN)/sfumato draw $(ARGS) --output out/ -- "$$PROMPT"

## make test       ruff, mypy and the tests
test: lint
	$(BIN)/python -m pytest -n 2 -m "not slow and not network"

## make test-all   the same with the slow tests
test-all: lint
	$(BIN)/python -m pytest -n 2 -m "not network"

lint: env-dev
	$(BIN)/ruff check .
	$(BIN)/mypy src

## make train-env  PyTorch and what training needs
train-env: env-dev

## make bench      how long drawing takes here: cold, warm, pictures an hour, memory
bench: env-run
	@env -u OMP_NUM_THREADS $(BIN)/python benchmarks/draw.py $(ARGS)

## make docs       write the pages that are generated from the program
docs: env-run
	$(BIN)/python docs/generate.py

## make grid       draw the pictures of the README again
grid: env-run
	@env -u OMP_NUM_THREADS $(BIN)/python docs/grid.py

## make gallery    run every operation again for docs/gallery.md; takes minutes
gallery: env-run
	@env -u OMP_NUM_THREADS $(BIN)/python docs/gallery.py

## make clean      remove the environment and what the tools left behind
clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is younger than what it depends on exactly when the installation is up to date. The training
# environment contains the drawing one, so that "make draw" after "make test" installs nothing.
env-run: $(VENV)/run.stamp
env-dev: $(VENV)/dev.stamp

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable .
	@touch $@

$(VENV)/dev.stamp: pyproject.toml constraints.txt requirements-train.txt | $(BIN)/python
	$(PIP) --editable '.[dev,train]'
	$(PIP) --no-deps --requirement requirements-train.txt
	@touch $@ $(VENV)/run.stamp
