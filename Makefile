# Every command of the project. `make demo` and `make test` are all a stranger needs; both install what is missing.
PYTHON ?= python3
UV_VERSION := 0.13.9
UV := .local/uv/bin/uv
INSTALLED := .local/installed
RUN := .venv/bin/python
# One more than the two cores that are asked for: journeys wait more than they reckon.
WORKERS ?= 3
# Where an image forbids compiled files, every process of a run, hundreds of them, would compile all that it loads.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install demo demo-faults demo-rebuild up down status test check lint style format bench load layers rehearse-restore synth cost compatible schemathesis deploy audit reference licences sbom clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo "Meterhouse needs Python 3.11 or newer: make PYTHON=/path/to/python3 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv .local/uv || { echo "Python's venv module is missing (Debian: apt install python3-venv)"; exit 1; }
	@.local/uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(INSTALLED): uv.lock pyproject.toml | $(UV)
	@$(UV) sync --frozen --python $(PYTHON)
	@touch $@

install: $(INSTALLED) ## the locked dependencies into .venv

demo: install ## the whole path on real flights: local stack, deploy, ingest, invoices
	@$(RUN) -m localstack.demo

demo-faults: install ## the year of flights with batches doubled and shuffled and the sink killed ten times
	@$(RUN) -m localstack.demo --faults

demo-rebuild: install ## after the demo: its usage store is thrown away and rebuilt from the archive and the log
	@$(RUN) -m localstack.demo --rebuild

up: install ## start the local stack and deploy the CDK app to it
	@$(RUN) -m localstack up

down: ## stop the local stack
	@test ! -x $(RUN) || $(RUN) -m localstack down

status: install ## what of the local stack is running
	@$(RUN) -m localstack status

# Types take minutes of one core: they are checked beside the first tests, and said last where they are wrong.
test: style ## lint, and every ring that needs no Docker and no AWS account
	@$(RUN) -m mypy >.local/types.log 2>&1 & types=$$!; \
	$(RUN) -m pytest --numprocesses $(WORKERS); tests=$$?; \
	wait $$types || { cat .local/types.log; exit 1; }; exit $$tests

check: lint ## lint and unit tests
	@$(RUN) -m pytest tests/unit --quiet

lint: style ## format, lint, types, import contracts
	@$(RUN) -m mypy

style: install
	@$(RUN) -m ruff format --check --quiet .
	@$(RUN) -m ruff check --quiet .
	@.venv/bin/lint-imports --no-logo

format: install ## format and mend what ruff can
	@$(RUN) -m ruff format .
	@$(RUN) -m ruff check --fix .

rehearse-restore: install ## PostgreSQL restored to an instant that the rest is ahead of; ClickHouse from a backup, and rebuilt
	@$(RUN) -m tests.bench.rehearse_restore
	@$(RUN) -m pytest tests/integration/metering/test_backup.py --quiet

schemathesis: install ## every operation of our OpenAPI tried at length (EXAMPLES=100 of each way, SEED=7, ONLY='POST /api/v1/plans')
	@$(RUN) -m tests.integration.outside $(if $(EXAMPLES),--examples $(EXAMPLES)) $(if $(SEED),--seed $(SEED)) $(if $(ONLY),'$(ONLY)')

bench: install ## what is fast here and what is not, measured as ratios
	@$(RUN) -m tests.bench --write docs/performance.md

load: install ## usage events at rising rates against the local stack that is up, and what became of each
	@$(RUN) -m tests.bench.load $(LOAD_ARGS)

layers: install ## build the Lambda layers for AWS (arm64, no Docker)
	@$(RUN) -m layers.build aws

synth: install ## the CloudFormation templates for AWS, into cdk.out
	@$(RUN) -m localstack.cdk synth --quiet $(CDK_ARGS)

cost: install ## what the profiles cost a month, reckoned from their templates and a dated price list
	@$(RUN) -m infra.cost $(if $(SCENARIO),--scenario $(SCENARIO)) $(COST_ARGS)

compatible: install ## the latest release's tests on today's migrations (REF=commit for another)
	@$(RUN) -m localstack.compatible $(if $(REF),--ref $(REF)) $(TESTS)

deploy: install ## cdk deploy into the AWS account of your credentials
	@$(RUN) -m localstack.cdk deploy --all $(CDK_ARGS)

audit: install ## known vulnerabilities of the locked packages (asks PyPI's and npm's advisories)
	@$(RUN) -m localstack.audit

reference: install ## write docs/api.md from the OpenAPI document
	@$(RUN) -m tests.contract.reference

licences: install ## write docs/licences.md; refuses a licence that is not allowed
	@$(RUN) -m layers.licences

sbom: install ## the bill of materials of a release, CycloneDX, into dist/
	@$(RUN) -m layers.bill_of_materials dist/meterhouse.cdx.json

clean: down ## remove everything that was built or stored here
	@rm -rf .local .venv cdk.out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
