# The report on convolutional networks. `make help` lists the commands.
# Data flows one way: data -> records in results/ -> executed lessons -> figures -> report.

PROFILE ?= full
PYTHON ?= python3

PROFILES := $(shell sed -n 's/^\[\([a-z]*\)\].*/\1/p' notebooks/profiles.toml)
ifeq ($(filter $(PROFILE),$(PROFILES)),)
$(error PROFILE=$(PROFILE) is unknown; choose one of: $(PROFILES))
endif

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
BUILD := build/$(PROFILE)
ifeq ($(PROFILE),full)
RESULTS := results
FIGURES := figures
PDF := build/report.pdf
SITE := build/site
else
# Anything but the full profile stays inside build/.
RESULTS := $(BUILD)/results
FIGURES := $(BUILD)/figures
PDF := $(BUILD)/report.pdf
SITE := $(BUILD)/site
endif

HELPERS := $(shell find helpers -name '*.py')
# The last first: later lessons take longer, and the long ones should not start last.
LESSONS := $(shell ls -r notebooks/[0-9][0-9]_*.ipynb)
EXECUTED := $(LESSONS:notebooks/%=$(BUILD)/notebooks/%)
TYPESETTING := $(filter-out report/execute.py,$(wildcard report/*.*))

# Lessons are independent of each other: one process each, one thread in each process.
CORES := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += --jobs=$(CORES)
endif
MAKEFLAGS += --keep-going --no-builtin-rules --no-print-directory
export OMP_NUM_THREADS := 1

.PHONY: help report book notebooks figures results retrain verify bench test lint lab lock clean always
# Makes what was written to $@.new the target, unless that is the same: then it stays as old as it is.
KEEP = if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'
	@echo "  PROFILE=quick      with any of them: everything from scratch on little data, in build/quick/"

report: $(PDF) $(BUILD)/figures ## the PDF, from executed lessons: build/report.pdf
	@echo "The report is up to date: $(PDF)"

book: $(SITE)/index.html $(BUILD)/figures ## the web pages: build/site/index.html
	@echo "The web pages are up to date: $(SITE)/index.html"

notebooks: $(BUILD)/published ## execute the lessons that changed

figures: $(BUILD)/figures ## figures/, from the executed lessons

results: $(READY) ## train the runs that results/ lacks
	$(BIN)/python -m commands.schedule train --profile $(PROFILE) --results $(RESULTS)

retrain: $(READY) ## train every run anew, or go on with it where it was interrupted
	$(BIN)/python -m commands.schedule train --profile $(PROFILE) --results $(RESULTS) --again

verify: $(READY) ## train the first steps of every record again and compare
	$(BIN)/python -m commands.schedule verify --results $(RESULTS)

bench: $(READY) ## measure all speeds anew, for results/*.json (on an idle machine)
	@KINETO_LOG_LEVEL=9 $(BIN)/python -m commands.bench.convolution
	@$(BIN)/python -m commands.bench.batching
	@env -u OMP_NUM_THREADS $(BIN)/python -m commands.bench.training

test: $(READY) ## every test, and every lesson executed from scratch with little data
	@$(MAKE) report PROFILE=quick
	$(BIN)/python -m pytest --numprocesses $(CORES)

lint: $(READY) ## style of the code and of the notebooks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lab: $(READY) ## JupyterLab on this computer
	$(BIN)/jupyter lab --ip=localhost notebooks

lock: ## choose new exact versions within pyproject.toml's ranges
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet '.[report,test]'
	build/lock/bin/python -m pip freeze --exclude convolution-report > build/requirements.lock
	mv build/requirements.lock requirements.lock

clean: ## remove what make made; keep results/, figures/ and interrupted runs (build/checkpoints/)
	[ ! -d build ] || find build -mindepth 1 -maxdepth 1 ! -name checkpoints -exec rm -rf {} +
	rm -rf $(VENV) *.egg-info .pytest_cache .ruff_cache .hypothesis

# ---------------------------------------------------------------- environment
$(READY): pyproject.toml requirements.lock
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "$(PYTHON) was not found: install Python 3.11 or newer, or name it with make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$$($(PYTHON) --version) is too old: install Python 3.11 or newer, or name it with make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make virtual environments: install its venv module (Debian and Ubuntu: python3-venv)" >&2; exit 1; }
	@echo "Installing the packages into $(VENV); the first time this takes some minutes."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable '.[report,test]'
	@touch $@

# -------------------------------------------------------------------- records
$(BUILD)/checked: notebooks/profiles.toml $(LESSONS) report/execute.py | $(READY)
	@mkdir -p $(@D)
	@$(BIN)/python report/execute.py check --profile $(PROFILE) $(LESSONS)
	@touch $@

# "results/." and not "results": the folder's own time changes when a record comes or goes.
ENGINE := $(wildcard helpers/networks.py helpers/data/*.py helpers/experiments/*.py)
$(BUILD)/trained: $(ENGINE) $(wildcard $(RESULTS)/.) | $(READY) $(BUILD)/checked
	@mkdir -p $(RESULTS)
	@$(BIN)/python -m commands.schedule train --profile $(PROFILE) --results $(RESULTS)
	@touch $@

# Changes only when a record did, so that only then the lessons run again.
$(BUILD)/records.sum: $(BUILD)/trained
	@cksum $(RESULTS)/*.run.json > $@.new
	@$(KEEP)

# -------------------------------------------------------------------- lessons
# The lessons that read a file depend on it. Their cell of parameters names it.
reading = $(patsubst notebooks/%,$(BUILD)/notebooks/%,$(shell grep -l '"[a-z]* = \\"\.\./$(1)\\"' $(LESSONS)))
$(call reading,results): $(BUILD)/records.sum
$(foreach name,benchmarks batching throughput,$(eval $(call reading,results/$(name).json): results/$(name).json))

$(BUILD)/notebooks/%.ipynb: notebooks/%.ipynb $(HELPERS) report/execute.py requirements.lock | $(READY) $(BUILD)/checked
	@echo "Executing $<"
	@$(BIN)/python report/execute.py execute --profile $(PROFILE) $< $@

# Changes when a lesson comes or goes.
$(BUILD)/lessons: always
	@mkdir -p $(@D)
	@echo $(LESSONS) > $@.new
	@$(KEEP)

# Lessons, figures and the PDF are replaced only when every lesson succeeded.
$(BUILD)/published: $(EXECUTED)
ifeq ($(PROFILE),full)
	@$(BIN)/python report/execute.py publish $(EXECUTED)
	@touch $(BUILD)/checked  # the lessons are newer now, but nobody edited them
endif
	@touch $@

# --------------------------------------------------------------------- report
$(BUILD)/figures: $(BUILD)/published $(BUILD)/lessons $(TYPESETTING)
	@$(BIN)/python report/build.py figures --output $(FIGURES) $(EXECUTED)
	@touch $@

# What the title page names; figures first, because they and the lessons can make a version "dirty".
$(BUILD)/facts: always | $(BUILD)/figures
	@{ git describe --always --tags --dirty 2>/dev/null || echo unversioned; cksum requirements.lock; } > $@.new
	@$(KEEP)

$(PDF): $(BUILD)/published $(BUILD)/lessons $(BUILD)/facts $(TYPESETTING)
	@$(BIN)/python report/build.py pdf --output $@ --profile $(PROFILE) $(EXECUTED)

$(SITE)/index.html: $(BUILD)/published $(BUILD)/lessons $(BUILD)/facts $(TYPESETTING)
	@$(BIN)/python report/build.py site --output $(SITE) --profile $(PROFILE) $(EXECUTED)
