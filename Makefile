# `make` alone lists the targets.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# No index or host is named here: pip's own settings decide. The requirement files are complete, so pip resolves nothing.
# Python compiles a module on first import, and most of these are never imported.
INSTALL := pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes -r

# Container images often set this, so Python caches no bytecode. Each of the tests' many processes would then compile
# every module again.
unexport PYTHONDONTWRITEBYTECODE

# What the local stack and the operator's command need. Rebuilt whenever that changes.
$(VENV)/.run: requirements-run.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is required; choose one with PYTHON=… make")'
	@echo "Making $(VENV) with $$($(PYTHON) --version) …"
	@$(PYTHON) -m venv --clear $(VENV)
	@echo "Installing $$(grep -c == $<) packages …"
	@$(BIN)/$(INSTALL) $<
	@touch $@

# And what the tests and checks need.
$(VENV)/.installed: requirements-dev.txt $(VENV)/.run
	@echo "Installing the tools of the tests, $$(grep -c == $<) packages with the above …"
	@$(BIN)/$(INSTALL) $<
	@touch $@

.venv-sam/.installed: requirements-sam.txt
	$(PYTHON) -m venv --clear .venv-sam
	.venv-sam/bin/$(INSTALL) requirements-sam.txt
	touch $@

.venv-checkov/.installed: requirements-checkov.txt
	$(PYTHON) -m venv --clear .venv-checkov
	.venv-checkov/bin/$(INSTALL) requirements-checkov.txt
	touch $@

# Bare, with Lambda's Python: the functions run in it, and could import anything else that is there.
RUNTIME := $(shell sed -n 's/^ *Runtime: *//p' template.yaml)
.venv-deployed/.installed: requirements-deployed.txt
	$(or $(LAMBDA_PYTHON),$(RUNTIME)) -c 'import sys; sys.exit("python%d.%d" % sys.version_info[:2] != "$(RUNTIME)")' || { echo "$(RUNTIME) is needed; name it: LAMBDA_PYTHON=… make"; exit 1; }
	$(or $(LAMBDA_PYTHON),$(RUNTIME)) -m venv --clear .venv-deployed
	.venv-deployed/bin/$(INSTALL) requirements-deployed.txt
	touch $@

.PHONY: help
help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

# Installs the operator's commands from this checkout.
$(BIN)/guichet: $(VENV)/.run pyproject.toml
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

.PHONY: install
install: $(BIN)/guichet  ## install the operator's command, guichet, into .venv/bin
	@echo '$(BIN)/guichet --help'

.PHONY: run
run: $(VENV)/.run  ## run the API, the demo site and an inbox on this machine (PORT, SITE_PORT, PARAMETERS)
	@exec $(BIN)/python -m infra.local

COVERAGE := --cov --cov-report=term
# As many processes as processors. Each file stays in one of them, and the order is kept: quick tests first.
WORKERS := -n auto --dist loadfile --no-loadscope-reorder
# The functions' AWS calls as recorded by the tests, which the last tests compare with the functions' roles.
# (With =, as pytest would otherwise take the folder for a test folder before it knows the option.)
CALLS := $(VENV)/.calls

.PHONY: test
test: $(VENV)/.installed $(BIN)/guichet  ## run all tests, with coverage (TESTS=tests/infra)
	@# The roles are compared with the calls of all tests, not some of them.
	COVERAGE_CORE=$$($(BIN)/python -c "import sys; print('sysmon' if sys.version_info >= (3, 12) else 'ctrace')") \
	  $(BIN)/python -m pytest $(WORKERS) $(COVERAGE) --write-calls=$(CALLS) $(TESTS)
	$(if $(TESTS),,$(BIN)/python -m pytest tests/roles --read-calls=$(CALLS))

.PHONY: test-fast
test-fast: $(VENV)/.installed  ## run the quick tests: no other processes, no browser
	$(BIN)/python -m pytest $(WORKERS) tests/unit tests/integration -m "not slow and not medium"

.PHONY: check
check: $(VENV)/.installed  ## check style and types, your own texts and forms
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=functions $(BIN)/python -m infra.operate texts check
	$(if $(wildcard functions/forms.toml),PYTHONPATH=functions $(BIN)/python -m infra.operate forms check)

FUZZ_BODIES := 200000
FUZZ_COMMENTS := 200000

.PHONY: fuzz
fuzz: $(VENV)/.installed  ## fuzz the body parser and the comments' HTML, 200,000 runs each (Python 3.11 to 3.13)
	$(BIN)/$(INSTALL) requirements-fuzz.txt
	$(BIN)/python -m tests.fuzz.parse_body -runs=$(FUZZ_BODIES)
	PYTHONPATH=functions $(BIN)/python -m tests.fuzz.render_comments -runs=$(FUZZ_COMMENTS)

.PHONY: faults
faults: $(VENV)/.installed  ## try to lose data in 1,000 runs with faults (FAULTS="--runs 1 --seed …", "--table")
	PYTHONPATH=functions $(BIN)/python -m tests.faults $(FAULTS)

.PHONY: load
load: $(VENV)/.installed  ## post 5,000 forms at once and count the results (LOAD="--posts 100", "--run")
	PYTHONPATH=functions $(BIN)/python -m tests.faults.load $(LOAD)

.PHONY: lists
lists: $(BIN)/guichet  ## import and export 100,000 subscribers, interrupting each halfway (LISTS="--rows 5000")
	PYTHONPATH=functions $(BIN)/python -m tests.bench.lists $(LISTS)

.PHONY: bench
bench: $(VENV)/.installed  ## compare the cost of a post with three references, then check that its timing reveals no address
	PYTHONPATH=functions $(BIN)/python -m tests.bench.posts $(BENCH)
	PYTHONPATH=functions $(BIN)/python -m tests.bench.no_telling

.PHONY: issues-bench
issues-bench: $(VENV)/.installed  ## count the copies of an issue that one core composes per second (send one: ISSUES="--readers 100000")
	PYTHONPATH=functions $(BIN)/python -m tests.bench.issues $(or $(ISSUES),--compose)

.PHONY: build
build: $(VENV)/.installed  ## build the functions for Lambda in .aws-sam/build, and print sizes and hash (LAMBDA_PYTHON)
	@PYTHONPATH=functions $(BIN)/python -m infra.build --python "$(LAMBDA_PYTHON)"

.PHONY: sam-local
sam-local: $(VENV)/.installed .venv-sam/.installed  ## run sam local's commands in containers (LAMBDA_PYTHON)
	@PYTHONPATH=functions $(BIN)/python -m tests.sam_local --python "$(LAMBDA_PYTHON)"

.PHONY: newcomer
newcomer:  ## follow the README in a clean clone, with an empty home folder (NEWCOMER="--tests")
	@$(PYTHON) -m tests.newcomer $(NEWCOMER)

.PHONY: deploy
deploy: build .venv-sam/.installed  ## build, and deploy to your AWS account (PARAMETERS="OwnerEmail=… …", first time only; STACK)
	@# Read from the environment, where make exports it: it may contain both kinds of quotes.
	SAM_CLI_TELEMETRY=0 .venv-sam/bin/sam deploy $(if $(STACK),--stack-name "$$STACK") $(if $(PARAMETERS),--parameter-overrides "$$PARAMETERS")

.PHONY: deployed
deployed: $(VENV)/.installed .venv-sam/.installed .venv-deployed/.installed  ## deploy to an emulator of AWS, and use it (LAMBDA_PYTHON, DEPLOYED="--only …")
	PYTHONPATH=functions $(BIN)/python -m tests.deployed $(DEPLOYED)

.PHONY: template
template: .venv-sam/.installed .venv-checkov/.installed  ## lint the template, both as written and as translated by SAM
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=eu-west-3 .venv-sam/bin/sam validate --lint --template template.yaml
	AWS_DEFAULT_REGION=eu-west-3 .venv-sam/bin/python -m infra.translate template.yaml .aws-sam/translated.json
	.venv-sam/bin/cfn-lint .aws-sam/translated.json
	.venv-checkov/bin/checkov --file .aws-sam/translated.json

.PHONY: lock
lock:  ## update the pinned requirements (needs uv)
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header functions/requirements.in -o functions/requirements.txt
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header requirements-run.in -o requirements-run.txt
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header requirements-dev.in -o requirements-dev.txt
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header requirements-sam.in -o requirements-sam.txt
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header requirements-deployed.in -o requirements-deployed.txt
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header requirements-fuzz.in -o requirements-fuzz.txt
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header requirements-checkov.in -o requirements-checkov.txt

.PHONY: clean
clean:  ## delete everything that make created
	rm -rf .venv .venv-sam .venv-checkov .venv-deployed .aws-sam tests/clients/node_modules .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
