# Everything a developer does, by name. `make` lists it. All of it happens in .venv: nothing is installed outside this folder.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The protobuf compiler of this release generates code for runtime 6.31.0, the oldest we accept; newer code would refuse an older runtime.
PROTOC_VENV := .venv-protoc
PROTOC_TOOLS := grpcio-tools==1.73.0
PROTOS := graph program

.PHONY: help
help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(PROTOC_VENV)/ready: Makefile
	$(PYTHON) -m venv $(PROTOC_VENV)
	$(PROTOC_VENV)/bin/pip install --quiet "$(PROTOC_TOOLS)" setuptools
	@touch $@

.PHONY: proto
proto: $(PROTOC_VENV)/ready ## generate proto/*_pb2.py from proto/*.proto
	rm -rf build/proto && mkdir -p build/proto
	for name in $(PROTOS); do \
		[ -f proto/$$name.proto ] || continue; \
		$(PROTOC_VENV)/bin/python -m grpc_tools.protoc -Iweft/proto=proto \
			--python_out=build/proto --pyi_out=build/proto weft/proto/$$name.proto; \
		for suffix in py pyi; do \
			sed 's/^from weft\.proto import/from . import/' build/proto/weft/proto/$${name}_pb2.$$suffix > proto/$${name}_pb2.$$suffix; \
		done; \
		echo "# sha256 of $$name.proto: $$(sha256sum < proto/$$name.proto | cut -d' ' -f1)" >> proto/$${name}_pb2.py; \
	done
