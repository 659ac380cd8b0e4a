.DEFAULT_GOAL := help
.PHONY: help demo run app test check screenshots clean

PYTHON ?= python3.11
BIN := .venv/bin
CHECK := .venv-check/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/installed ## Let a simulated bank live through seven weeks of the loop
	@$(BIN)/nextoffer demo

run: .venv/installed ## Run a cycle on your own files: make run RAW=my/events AS_OF=2026-11-22
	@$(BIN)/nextoffer run $(if $(RAW),--raw "$(RAW)") $(if $(AS_OF),--as-of "$(AS_OF)")

app: .venv/installed ## Open the app; HOME_FOLDER=.demo shows the demo
	@$(BIN)/nextoffer app $(if $(HOME_FOLDER),--home "$(HOME_FOLDER)")

test: .venv/installed ## Run the tests
	@$(BIN)/python -m pytest -n 2

check: .venv/installed .venv-check/installed ## Check style, SQL and types
	@$(CHECK)/ruff check .
	@$(CHECK)/ruff format --check .
	@$(CHECK)/sqlfluff lint --processes 2 dbt_project/models dbt_project/tests/rules dbt_project/tests/reconciliation
	@$(CHECK)/mypy --python-executable $(BIN)/python

screenshots: .venv/installed ## Take the README's screenshots of the app on .demo; needs chromium
	@$(BIN)/python -m tests.support.screenshots --home $(or $(HOME_FOLDER),.demo)

clean: ## Remove what can be made again
	@rm -rf .venv .venv-check .demo build dist .pytest_cache .ruff_cache .mypy_cache .hypothesis \
		dbt_project/target dbt_project/logs logs

.venv/installed: pyproject.toml constraints.txt
	@echo "setting up .venv (about a minute)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet -e '.[dev]' -c constraints.txt
	@touch $@

.venv-check/installed: constraints-check.txt
	@echo "setting up .venv-check"
	@$(PYTHON) -m venv .venv-check
	@$(CHECK)/python -m pip install --quiet ruff mypy sqlfluff -c constraints-check.txt
	@touch $@
