.DEFAULT_GOAL := help
.PHONY: help demo run app serve test attack check coverage docs lock wheel screenshots clean

# The newest supported Python on this machine that can create environments, pyenv's versions included.
PYTHON ?= $(shell for version in 3.13 3.12 3.11; do \
	for python in python$$version "$$HOME"/.pyenv/versions/$$version.*/bin/python; do \
		"$$python" -c 'import ensurepip, venv' 2>/dev/null && echo "$$python" && exit; done; done)
BIN := .venv/bin
CHECK := .venv-check/bin
SQL := dbt_project/models dbt_project/analyses dbt_project/tests/rules dbt_project/tests/reconciliation
LOCK := $(CHECK)/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
	--generate-hashes --no-header --no-annotate
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/installed ## Simulate a bank for seven weeks
	@$(BIN)/nextoffer demo

run: .venv/installed ## Run a cycle on your own files: make run RAW=my/events AS_OF=2026-11-22
	@$(BIN)/nextoffer run $(if $(RAW),--raw "$(RAW)") $(if $(AS_OF),--as-of "$(AS_OF)")

app: .venv/installed ## Open the app; HOME_FOLDER=.demo shows the demo
	@$(BIN)/nextoffer app $(if $(HOME_FOLDER),--home "$(HOME_FOLDER)")

serve: .venv/installed ## Decide online on the demo, with a shop page
	@$(BIN)/nextoffer serve --demo --home "$(or $(HOME_FOLDER),.demo)"

test: .venv/installed ## Run the tests
	@$(BIN)/python -m pytest -n 2

check: .venv/installed .venv-check/installed ## Check style, spelling, SQL, types and imports
	@$(CHECK)/ruff check .
	@$(CHECK)/ruff format --check .
	@$(CHECK)/codespell
	@$(CHECK)/sqlfluff lint --processes 2 $(SQL)
	@$(CHECK)/mypy --python-executable $(BIN)/python
	@$(BIN)/python -m pytest -n 0 tests/test_architecture.py

attack: .venv/installed ## Attack runs, readers, inputs and state files, for up to 20 minutes
	@$(BIN)/python -m tests.attack $(if $(SEED),--seed "$(SEED)")

coverage: .venv/installed ## Run the tests and report the branches they cover
	@$(BIN)/python -m pytest -n 2 --cov --cov-report=term

docs: .venv/installed .venv-check/installed ## Build the documentation site into site; works offline
	@rm -rf .docs && mkdir -p .docs/raw
	@cd dbt_project && export NEXTOFFER_RAW="$(CURDIR)/.docs/raw" DBT_TARGET_PATH="$(CURDIR)/.docs/dbt" \
		NEXTOFFER_DATABASE="$(CURDIR)/.docs/empty.duckdb" DBT_LOG_PATH="$(CURDIR)/.docs/logs" && \
		../$(BIN)/dbt --quiet build --exclude-resource-type test --exclude-resource-type unit_test && \
		../$(BIN)/dbt --quiet docs generate --static
	@NO_MKDOCS_2_WARNING=1 $(CHECK)/mkdocs build --strict

lock: .venv-check/installed ## Refresh the pinned versions within the ranges of pyproject.toml
	@$(LOCK) pyproject.toml --group dev --output-file requirements.lock
	@$(LOCK) --group pyproject.toml:check --output-file requirements-check.lock
	@sed -n 's/^\([a-z].*[^ ]\) *\\$$/\1/p' requirements.lock > constraints.txt

wheel: .venv/installed ## Build the wheel into dist
	@$(BIN)/python -m build --wheel --no-isolation

screenshots: .venv/installed ## Take the README's screenshots of the app on .demo; needs chromium
	@$(BIN)/python -m tests.support.screenshots --home $(or $(HOME_FOLDER),.demo)

clean: ## Remove everything that can be rebuilt
	@rm -rf .venv .venv-check .demo .docs build dist site .coverage* .pytest_cache .ruff_cache .mypy_cache \
		.hypothesis dbt_project/target dbt_project/logs logs

.venv/installed: pyproject.toml requirements.lock
	@$(call create,.venv,requirements.lock)
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

.venv-check/installed: requirements-check.lock
	@$(call create,.venv-check,requirements-check.lock)
	@touch $@

define create
	if [ -z "$(PYTHON)" ]; then echo "no Python 3.11, 3.12 or 3.13 found; name one: make PYTHON=python3.12" >&2; exit 1; fi; \
	echo "setting up $(1) with $$("$(PYTHON)" --version) (about a minute)"; \
	"$(PYTHON)" -m venv --clear $(1) && \
	$(1)/bin/python -m pip install --quiet --no-deps --require-hashes -r $(2)
endef
