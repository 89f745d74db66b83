# Everything a developer does, by name; `make` lists it. All of it happens in .venv: nothing is installed outside this folder.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PYTEST := $(BIN)/python -m pytest

# This release of the protobuf compiler generates code for runtime 6.31.0, the oldest we accept; an older runtime refuses newer code.
PROTOC_VENV := .venv-protoc
PROTOC_TOOLS := grpcio-tools==1.73.0
PROTOS := graph program

.PHONY: help
help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("weft needs Python 3.11 or newer: make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/ready: pyproject.toml | $(BIN)/python
	$(PIP) install --editable '.[all]'
	@touch $@

$(VENV)/ready-dev: pyproject.toml | $(BIN)/python
	$(PIP) install --editable '.[dev]'
	@touch $(VENV)/ready $@

.PHONY: demo
demo: $(VENV)/ready ## compile a saved graph from the command line and run it on real input
	PATH="$(CURDIR)/$(BIN):$$PATH" bash examples/demo.sh

.PHONY: test
test: lint types ## everything but the slow tests
	$(PYTEST) -q -n 2 -m 'not slow'

.PHONY: test-unit
test-unit: $(VENV)/ready-dev ## the fast part: units and goldens
	$(PYTEST) -q -n 2 -m 'not slow' tests/golden tests/passes tests/ir tests/proto tests/house

.PHONY: test-full
test-full: lint types ## everything
	$(PYTEST) -q -n 2

MINUTES ?= 60

.PHONY: fuzz
fuzz: $(VENV)/ready-dev ## damage files for MINUTES (60) and see that weft takes it in order; faults are left in build/fuzz
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.fuzz --minutes $(MINUTES)

.PHONY: golden
golden: $(VENV)/ready-dev ## rewrite the expectations of the golden tests; read the diff before committing it
	$(PYTEST) -q tests/golden --update-goldens

.PHONY: conformance
conformance: $(VENV)/ready-dev ## run the public ONNX suite and store its results; read the diff before committing it
	$(BIN)/python -m tests.conformance.onnx_suite --update

BENCH_VENV := .venv-bench
NETWORKS := resnet50 vgg19 densenet121 inception_v2 squeezenet shufflenet mobilenet_v2 mobilenet_v3 efficientnet_b0 \
	bert_base vit_b16 gpt2_prompt gpt2_token lstm gru mlp_small mlp_wide

$(BENCH_VENV)/ready: pyproject.toml | $(BIN)/python
	$(PYTHON) -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/python -m pip --disable-pip-version-check --quiet install --editable '.[all,bench]'
	@touch $@

.PHONY: bench
bench: $(BENCH_VENV)/ready ## measure networks against ONNX Runtime and OpenVINO; wants the machine to itself for an hour or two
	$(BENCH_VENV)/bin/python -m tests.models build/bench $(NETWORKS)
	$(BENCH_VENV)/bin/weft bench $(NETWORKS:%=build/bench/%.onnx) --against all --threads 1,2 \
		--json build/bench/report.json --plot build/bench/report.svg

.PHONY: lint
lint: $(VENV)/ready-dev ## style, and who imports whom
	$(BIN)/ruff check --quiet .
	@rm -rf build/lint build/lib
	@$(PIP) install --no-deps --target build/lint .
	cd build/lint && PYTHONPATH=. ../../$(BIN)/lint-imports --config ../../pyproject.toml --no-cache | sed -n '/^Contracts:/,$$p'

.PHONY: types
types: $(VENV)/ready-dev ## pyright, strict
	$(BIN)/pyright --pythonpath $(BIN)/python

.PHONY: format
format: $(VENV)/ready-dev ## format the sources and sort their imports
	$(BIN)/ruff check --quiet --fix .
	$(BIN)/ruff format --quiet .

$(PROTOC_VENV)/ready: Makefile
	$(PYTHON) -m venv $(PROTOC_VENV)
	$(PROTOC_VENV)/bin/python -m pip --disable-pip-version-check --quiet install "$(PROTOC_TOOLS)" setuptools
	@touch $@

.PHONY: proto
proto: $(PROTOC_VENV)/ready ## generate proto/*_pb2.py and .pyi from proto/*.proto
	@rm -rf build/proto && mkdir -p build/proto
	@for name in $(PROTOS); do \
		$(PROTOC_VENV)/bin/python -m grpc_tools.protoc -Iweft/proto=proto \
			--python_out=build/proto --pyi_out=build/proto weft/proto/$$name.proto; \
		for suffix in py pyi; do \
			sed 's/^from weft\.proto import/from . import/' build/proto/weft/proto/$${name}_pb2.$$suffix > proto/$${name}_pb2.$$suffix; \
		done; \
		echo "# sha256 of $$name.proto: $$(sha256sum < proto/$$name.proto | cut -d' ' -f1)" >> proto/$${name}_pb2.py; \
	done

.PHONY: clean
clean: ## remove everything that was built, the environments too
	rm -rf $(VENV) $(PROTOC_VENV) build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
