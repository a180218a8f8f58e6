# Start with `make lab` and `make test`. The other targets are parts of them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
GITHUB := .github
# The settings of lab/golang.py, so that tests and tools share Go's build cache.
export CGO_ENABLED := 0
export GOTOOLCHAIN := local
export GOFLAGS := -mod=readonly -trimpath -buildvcs=false '-gcflags=all=-dwarf=false -l' -gcflags=std=-dwarf=false
# Each run of the engine starts three Python processes; without cached bytecode each compiles the program again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help python lab vcsim fleet drill lab-down test lint lint-workflows unit e2e faults fuzz docs site bench sbom audit lock clean

help: ## List the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "%-10s %s\n", $$1, $$2}'

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "error: Python 3.11 or newer is needed; PYTHON=/path/to/python3.11 make ..."; exit 1; }

# Python compiles a module when it first imports it; to compile all 6,000 of them takes pip a third of its time.
$(VENV)/.installed: requirements.txt pyproject.toml | python
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --no-compile --require-hashes -r requirements.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# pip uses one core: the tool that the lab needs first is compiled meanwhile, which needs no package.
lab: ## Build missing tools (TOOLS=dir: except those there), start the SDDC, run `pulumi up`
	@$(MAKE) --no-print-directory -j2 $(VENV)/.installed vcsim
	@LAB_TOOLS="$(TOOLS)" $(BIN)/python -m lab up

vcsim: | python
	@$(PYTHON) -m lab.build --quiet $@

fleet: $(VENV)/.installed ## Create two edge clusters in the lab and import them with the program in fleet/
	@$(BIN)/python -m lab fleet

lab-down: $(VENV)/.installed ## Stop all processes of the lab and remove its files
	@$(BIN)/python -m lab down

drill: $(VENV)/.installed ## Kill parts of the running lab and measure the impact on users (DRILL="--only host")
	@$(BIN)/python -m lab drill $(DRILL)

test: ## Run all checks and tests
	@$(MAKE) --no-print-directory -j2 lint unit
	@$(MAKE) --no-print-directory e2e

lint: $(VENV)/.installed lint-workflows ## Run static checks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python docs/reference.py --check
	$(BIN)/python docs/pictures.py --check
	$(BIN)/mkdocs build --strict --quiet

lint-workflows: $(VENV)/.installed
	go -C ci/actionlint tool actionlint -config-file $(abspath .github/actionlint.yaml) -shellcheck= -pyflakes= \
	  $(abspath $(wildcard $(GITHUB)/workflows/*.yml))
	$(BIN)/zizmor --offline --no-progress --quiet --config .github/zizmor.yml $(GITHUB)

unit: $(VENV)/.installed ## Run the tests that need no lab
	$(BIN)/pytest -m "not lab" -n 5
	cd lab/plugins && go vet ./... && go test ./...

# The longest files first, so that no worker is left with one of them at the end.
LONGEST := fleet examples bad_input end_to_end interruption nightly image_registry ci placement helm2 drill \
  rancher_growth air_gap sprawl first_start settings_engine dns sources
e2e: $(VENV)/.installed ## Run the tests against the lab, through the real engine
	$(BIN)/pytest -m lab -n 3 --dist loadfile --no-loadscope-reorder $(LONGEST:%=tests/lab/test_%.py) \
	  $$(grep -rl 'mark.lab' tests --include='test_*.py')

faults: $(VENV)/.installed ## Run and judge schedules of faults and kills (FAULTS="--seed 7 --schedules 10000", "--slow")
	@$(BIN)/python -m tests.faults $(FAULTS)

fuzz: $(VENV)/.installed ## Give every parser hostile input (FUZZ="--count 100000 --seed 7")
	@$(BIN)/python -m tests.fuzz $(FUZZ)

docs: $(VENV)/.installed ## Generate the pages and pictures that come from the code
	$(BIN)/python docs/reference.py
	$(BIN)/python docs/pictures.py

site: $(VENV)/.installed ## Build the documentation as a site, in build/site
	$(BIN)/mkdocs build --strict --quiet

bench: $(VENV)/.installed ## Measure ratios of preview and up times
	@$(BIN)/python -m bench.policy
	@$(BIN)/python -m bench.fleet
	@$(BIN)/python -m bench.backend
	@$(BIN)/python -m bench.preview

build/audit/.installed: ci/audit/requirements.txt
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet --require-hashes -r $<
	@touch $@

sbom: build/audit/.installed ## Write the CycloneDX SBOM of the program's Python environment: build/sbom.cdx.json
	build/audit/bin/cyclonedx-py requirements --pyproject pyproject.toml --mc-type application --output-reproducible \
	  --validate --output-file build/sbom.cdx.json requirements.txt

audit: build/audit/.installed ## Look for known vulnerabilities in the Python and Go dependencies (needs the Internet)
	build/audit/bin/pip-audit --strict --require-hashes --disable-pip --requirement requirements.txt
	go build -C ci/govulncheck -o $(abspath build/audit/bin)/ tool
	for module in lab/plugins lab/tools/vcsim lab/tools/language-python; do \
	  build/audit/bin/govulncheck -C $$module ./...; done

lock: ## Update and pin the dependencies
	$(BIN)/pip install --quiet pip-tools
	$(BIN)/pip-compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-emit-find-links --allow-unsafe --strip-extras \
	  --extra program --extra report --extra policy --extra lab --extra dev --output-file requirements.txt pyproject.toml
	cd ci/audit && ../../$(BIN)/pip-compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-emit-find-links --allow-unsafe \
	  --strip-extras --output-file requirements.txt requirements.in

clean: lab-down ## Remove the lab and the virtual environment (the tool cache stays)
	rm -rf $(VENV)
