# Regulars: two commands set everything up: `make run` and `make test`. `make help` lists the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DONE := .make

# uv trusts what the machine trusts, and takes packages from where pip is told to take them.
export UV_SYSTEM_CERTS := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
UV := scripts/uv

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run stop status test test-twin check bench lock messages fmt front secret clean prepare

## The two

run: ## Set up what is missing, then run everything on http://127.0.0.1:8000/ (PORT=…, DEMO=0, REGULARS_HOME=…)
	@$(MAKE) --no-print-directory -j3 prepare
	@exec $(BIN)/python -m crm.embedded run

test: ## Run all tests, browser tests too (ARGS="tests/platform -k health" runs some)
	@$(MAKE) --no-print-directory -j3 $(DONE)/test $(DONE)/front $(DONE)/messages
	@scripts/test $(ARGS)

# Servers, texts, doors, browsers and who may do what do not depend on how tables are split; what stands behind them does.
TWIN_WITHOUT := $(addprefix --ignore=tests/,api browser demo i18n mutation platform resilience stories ui work \
	test_access.py loyalty/test_model.py loyalty/test_member_pages.py) \
	--ignore-glob='tests/*_pages.py' --ignore-glob='tests/*_api.py'
test-twin: $(DONE)/test ## Run the tests of everything that keeps data on the partition twin (docs/scaleout.md)
	@REGULARS_ENGINE=partitions $(BIN)/python -m pytest -m "not browser" $(TWIN_WITHOUT) \
		$(or $(ARGS),--numprocesses 2)

## Quality

check: $(DONE)/test $(DONE)/front ## Lint, types, import rules, migrations, deployment, translations, templates, unused code
	@scripts/check

bench: $(DONE)/test $(DONE)/bench ## Measure and print the tables, each with a peer or floor beside it
	$(BIN)/python -m benchmarks $(ARGS)

fmt: $(DONE)/test ## Put the code into its form
	$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .


## Helpers

stop: ## Stop PostgreSQL and Valkey if something left them running
	$(BIN)/python -m crm.embedded stop

status: ## Say which services run
	$(BIN)/python -m crm.embedded status

lock: $(DONE)/uv ## Pin all packages anew (requirements/*.txt)
	scripts/lock

messages: $(DONE)/run ## Collect the texts to translate into locale/ and compile the catalogues
	$(BIN)/python -m crm.translations update
	$(BIN)/python -m crm.translations compile

front: ## Build the style sheet, scripts and icons again
	@rm -f $(DONE)/front
	@$(MAKE) --no-print-directory $(DONE)/front

secret: ## Print a fresh SECRET_KEY
	@$(PYTHON) -c "import secrets; print(secrets.token_urlsafe(60))"

clean: ## Remove what was built (not var/: that is your data)
	rm -rf $(DONE) $(VENV) .venv-bench node_modules static/dist .mypy_cache .ruff_cache .pytest_cache

help: ## This list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

## Steps, each with a stamp so that the next time takes no time

prepare: $(DONE)/run $(DONE)/front $(DONE)/messages
	@:

$(DONE)/uv: requirements/uv.txt scripts/environment
	@mkdir -p $(DONE)
	@PYTHON="$(PYTHON)" scripts/environment $(VENV) requirements/uv.txt
	@touch $@

$(DONE)/run: requirements/runtime.txt requirements/demo.txt $(DONE)/uv
	@echo "Python packages …"
	@$(UV) pip install --quiet --require-hashes -r requirements/runtime.txt -r requirements/demo.txt
	@touch $@

$(DONE)/test: requirements/test.txt requirements/data.txt $(DONE)/run
	@echo "Python packages for tests and checks …"
	@$(UV) pip install --quiet --require-hashes -r requirements/runtime.txt -r requirements/demo.txt -r requirements/test.txt
	@$(UV) pip install --quiet --require-hashes --no-deps -r requirements/data.txt
	@touch $@

# Peers pull in what they like: they get an environment of their own.
$(DONE)/bench: requirements/bench.txt $(DONE)/uv
	@$(UV) venv --quiet --allow-existing .venv-bench
	@$(UV) pip install --quiet --python .venv-bench --require-hashes -r requirements/bench.txt
	@touch $@

$(DONE)/messages: $(wildcard locale/*/LC_MESSAGES/*.po) $(DONE)/run
	@if ls locale/*/LC_MESSAGES/*.po >/dev/null 2>&1; then $(BIN)/python -m crm.translations compile; fi
	@touch $@

# The machine's Node.js if it is new enough, else the one from the package registry (which needs the environment).
NODE_IS_THERE := $(shell node -e 'process.exit(+(process.versions.node.split(".")[0] < 18))' 2>/dev/null && npm --version >/dev/null 2>&1 && echo yes)
$(DONE)/node: $(if $(NODE_IS_THERE),,requirements/node.txt $(DONE)/uv)
	@mkdir -p $(DONE)
	@$(if $(NODE_IS_THERE),true,$(UV) pip install --quiet --require-hashes -r requirements/node.txt)
	@touch $@

$(DONE)/modules: package.json package-lock.json $(DONE)/node
	@echo "Front-end packages …"
	@scripts/npm ci --no-audit --no-fund --loglevel=error
	@touch $@

SOURCES := $(shell find static templates -type f -not -path 'static/dist/*' 2>/dev/null) \
	$(shell find crm customers loyalty complaints segmentation campaigns analytics -name '*.py' 2>/dev/null)
$(DONE)/front: $(DONE)/modules $(SOURCES)
	@scripts/npm run --silent build
	@touch $@
