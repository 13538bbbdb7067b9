# Everything happens in .venv; `make dev` needs Python 3.11 or newer and nothing else that it does not bring itself.

PYTHON ?= python3
BIN := .venv/bin
PARALLEL ?= auto
PEERS ?=
CLUSTER ?=
PROVIDER ?=
PEERS_ENVIRONMENT := .cache/peers
# the packages below modules/ that are modules; the others are what these share
MODULES = $(patsubst %/pyproject.toml,%,$(shell grep -l 'kusion\.modules' modules/*/pyproject.toml))

.PHONY: dev demo check test conformance bench test-unit test-functional test-crash test-integration test-cluster test-without-cluster cluster cluster-parts cluster-stop format clean

dev: $(BIN)/.synced $(BIN)/pulumi  ## everything, in .venv: kusion, the modules, the tools, the Pulumi CLI

$(BIN)/python:
	$(PYTHON) -m venv .venv

$(BIN)/uv: $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(sed -n 's/^  "\(uv==[^"]*\)".*/\1/p' pyproject.toml)"

$(BIN)/.synced: $(BIN)/uv pyproject.toml uv.lock $(wildcard modules/*/pyproject.toml)
	UV_PROJECT_ENVIRONMENT=.venv $(BIN)/uv sync --quiet --locked
	$(BIN)/python -m compileall -q kusion_dsl modules  # the first command is as quick as the second
	@touch $@

# downloaded, or built from its published Go module where the download site cannot be reached: minutes, once
$(BIN)/pulumi: | $(BIN)/.synced
	$(BIN)/kusion engine install --into .venv

demo: export PATH := $(CURDIR)/$(BIN):$(PATH)
demo: dev  ## from app.py to release 1, with the manifests in a directory
	$(BIN)/kusion generate -w stacks/quickstart/dev
	$(BIN)/kusion preview -w stacks/quickstart/dev
	$(BIN)/kusion apply -w stacks/quickstart/dev --yes
	$(BIN)/kusion release show -w stacks/quickstart/dev

check: $(BIN)/.synced  ## formatting, lint, types, layers, the tables in the modules' READMEs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy stacks
	$(BIN)/basedpyright --level error
	$(BIN)/lint-imports --no-logo
	$(BIN)/kusion module readme --check $(MODULES)

test: $(BIN)/.synced  ## all tests; the engine and the control plane are built beside tests that need neither
	$(MAKE) --jobs=2 --output-sync=target $(BIN)/pulumi test-unit
	$(MAKE) --jobs=2 --output-sync=target cluster-parts test-without-cluster
	$(MAKE) test-cluster

# one after the other: each takes all cores for itself
test-without-cluster:
	$(MAKE) test-functional
	$(MAKE) test-crash
	$(MAKE) test-integration

test-unit: $(BIN)/.synced
	$(BIN)/pytest -q -n $(PARALLEL) tests/unit

test-functional: $(BIN)/.synced
	$(BIN)/pytest -q -n $(PARALLEL) tests/functional

test-crash: $(BIN)/.synced
	$(BIN)/pytest -q -n $(PARALLEL) tests/crash tests/mutants

test-integration: dev
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pytest -q -n 2 tests/integration

test-cluster: dev  ## on a Kubernetes control plane, built once, with Go; PROVIDER=real: through Pulumi's own plugin
	PATH="$(CURDIR)/$(BIN):$$PATH" PROVIDER=$(PROVIDER) $(BIN)/pytest -q -n 2 tests/cluster

conformance: $(BIN)/.synced  ## what we compile beside what the ancestor generated: make conformance VECTORS=DIR
	$(BIN)/python -m tests.conformance --vectors $(VECTORS)

bench: dev $(if $(PEERS),$(PEERS_ENVIRONMENT)/.synced)  ## ratios side by side, and bench.json; PEERS=1: beside cdk8s, CLUSTER=1: beside kubectl, too
	$(BIN)/python -m tests.bench $(if $(PEERS),--peers $(PEERS_ENVIRONMENT)) $(if $(CLUSTER),--cluster)

$(PEERS_ENVIRONMENT)/.synced: pyproject.toml uv.lock | $(BIN)/uv
	UV_PROJECT_ENVIRONMENT=$(PEERS_ENVIRONMENT) $(BIN)/uv sync --quiet --locked --only-group peers
	@touch $@

cluster-parts: $(BIN)/.synced
	nice $(BIN)/python -m tests.cluster build

cluster: $(BIN)/.synced  ## a Kubernetes control plane on loopback; prints its kubeconfig. Built once, with Go: ten minutes
	@$(BIN)/python -m tests.cluster start

cluster-stop: $(BIN)/.synced
	@$(BIN)/python -m tests.cluster stop

format: $(BIN)/.synced
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis bench.json
