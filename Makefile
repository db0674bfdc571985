# The report on convolutional networks. `make help` lists the commands.
# Data flows one way: data -> records in results/ -> executed lessons -> figures -> report.
# All that is made lies below build/; only `make publish` writes into notebooks/ and figures/.

PROFILE ?= full
PYTHON ?= python3
VENV ?= .venv
BUILD ?= build

PROFILES := $(shell sed -n 's/^\[\([a-z]*\)\].*/\1/p' notebooks/profiles.toml)
ifeq ($(filter $(PROFILE),$(PROFILES)),)
$(error PROFILE=$(PROFILE) is unknown; choose one of: $(PROFILES))
endif

ifneq ($(PROFILE),full)
ifneq ($(filter publish,$(MAKECMDGOALS)),)
$(error make publish takes no PROFILE: what the lessons hold comes from the full one)
endif
endif

BIN := $(VENV)/bin
READY := $(VENV)/ready
WORK := $(BUILD)/$(PROFILE)
ifeq ($(PROFILE),full)
RESULTS := results
PDF := $(BUILD)/report.pdf
BOOK := $(BUILD)/lessons.pdf
SITE := $(BUILD)/site
SLIDES := $(BUILD)/slides
else
RESULTS := $(WORK)/results
PDF := $(WORK)/report.pdf
BOOK := $(WORK)/lessons.pdf
SITE := $(WORK)/site
SLIDES := $(WORK)/slides
endif

# The last first: later lessons take longer, and the long ones should not start last.
LESSONS := $(shell ls -r notebooks | grep -E '^[0-9][0-9]_[a-z0-9_]+\.ipynb$$')
EXECUTED := $(LESSONS:%=$(WORK)/notebooks/%)
# Files stand in for "this lesson has to be executed"; one call then executes several at once.
OUTDATED := $(LESSONS:%=$(WORK)/outdated/%)
HELPERS := $(shell find helpers -name '*.py' -o -name '*.mplstyle')
TYPESETTING := $(filter-out report/execute.py report/lessons.py,$(shell find report -type f -not -name '*.pyc'))

ifeq ($(MAKELEVEL),0)
MAKEFLAGS += --jobs=2
endif
MAKEFLAGS += --keep-going --no-builtin-rules --no-print-directory
# Makes what was written to $@.new the target, unless that is the same: then it stays as old as it is.
KEEP = if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
ALONE := report book slides exercises grade notebooks figures publish results retrain verify
.PHONY: help $(ALONE) bench elsewhere gpu compare test lint lab lock lowest clean always

# Two calls at once would write the same files, so the second waits: these goals run in a make of
# their own that holds a lock.
ifndef LOCKED
FIRST := $(firstword $(filter $(ALONE),$(MAKECMDGOALS)))
ifneq ($(FIRST),)
$(FIRST): $(READY)
	@$(PYTHON) commands/lock.py $(BUILD)/$(PROFILE).lock $(MAKE) LOCKED=1 $(filter $(ALONE),$(MAKECMDGOALS))
$(filter-out $(FIRST),$(ALONE)): $(FIRST) ; @:
endif
else
-include $(WORK)/depends.mk

report: $(PDF) ## a short report and all lessons: build/report.pdf, build/lessons.pdf
	@echo "The report is up to date: $(PDF), and all lessons as a book: $(BOOK)"

book: $(SITE)/index.html ## the web pages: build/site/index.html
	@echo "The web pages are up to date: $(SITE)/index.html"

slides: $(SLIDES)/made ## the lectures, a deck for each lesson: build/slides/
	@echo "The slides are up to date: $(SLIDES)/01_naive_convolution.html"

exercises: $(READY) ## the exercises for students, and the solved ones: build/exercises/
	@$(BIN)/python report/exercises.py make --build $(BUILD)/exercises

grade: $(READY) ## three made-up submissions graded by nbgrader: build/exercises/graded/
	@$(BIN)/python tests/exercises/graded.py $(BUILD)/exercises/graded

notebooks: $(WORK)/executed ## execute the lessons that changed, into build/full/notebooks/

figures: $(WORK)/figures/README.md ## every picture, into build/full/figures/

publish: $(WORK)/executed $(WORK)/figures/README.md ## bring notebooks/ and figures/ up to date
	@$(BIN)/python report/execute.py publish $(EXECUTED)
	@$(BIN)/python report/build.py figures --output figures $(EXECUTED)

results: $(READY) ## train the runs that results/ lacks; ONLY='final*' some of them
	$(BIN)/python -m commands.train --profile $(PROFILE) --results $(RESULTS) $(if $(ONLY),--only '$(ONLY)')

retrain: $(READY) ## train anew into build/retrained/ and compare with results/
	$(BIN)/python -m commands.retrain $(if $(ONLY),--only '$(ONLY)')

verify: $(READY) ## train the first steps of every record again and compare
	$(BIN)/python -m commands.verify --results $(RESULTS) $(if $(ONLY),--only '$(ONLY)')
endif

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'
	@echo "  PROFILE=quick      with any of them: everything from scratch on little data, in build/quick/"

compare: $(READY) ## do the lessons give what notebooks/ holds, with other instructions as well?
	@$(MAKE) notebooks
	@$(BIN)/python report/compare.py notebooks $(BUILD)/full/notebooks
	@mkdir -p $(BUILD)/sse && cp -r $(BUILD)/full/parameters $(BUILD)/sse
	@$(BIN)/python report/execute.py run --build $(BUILD)/sse --instructions default $(LESSONS:%=notebooks/%)
	@$(BIN)/python report/compare.py $(BUILD)/full/notebooks $(BUILD)/sse/notebooks

bench: $(READY) ## measure all speeds anew, for results/*.json (on an idle machine)
	@OMP_NUM_THREADS=1 KINETO_LOG_LEVEL=9 $(BIN)/python -m commands.bench.convolution
	@OMP_NUM_THREADS=1 KINETO_LOG_LEVEL=9 $(BIN)/python -m commands.bench.compiled --results results
	@OMP_NUM_THREADS=1 $(BIN)/python -m commands.bench.engine
	@OMP_NUM_THREADS=1 $(BIN)/python -m commands.bench.batching
	@$(BIN)/python -m commands.bench.training

elsewhere: ## ask other libraries for the same convolutions, for results/elsewhere.json (downloads 3 GB)
	@$(PYTHON) -m commands.elsewhere --build $(BUILD)/elsewhere

gpu: $(READY) ## check and time layer and sweep on a GPU, for results/gpu.json (8 minutes at most)
	@OMP_NUM_THREADS=1 $(BIN)/python -m commands.gpu

test: $(READY) ## every test, and every lesson executed from scratch with little data
	@$(MAKE) report PROFILE=quick
	@$(MAKE) exercises
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --dist loadgroup --numprocesses $$($(BIN)/python -m commands.processes)

lint: $(READY) ## style of the code and of the notebooks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lab: $(READY) ## JupyterLab on this computer; OPTIONS='--no-browser' passes options on
	PYTHONPATH="$(CURDIR)" $(BIN)/jupyter lab --ip=localhost $(if $(filter 0,$(shell id -u)),--allow-root) $(OPTIONS)

lock: $(READY) ## choose new exact versions within pyproject.toml's ranges
	@mkdir -p $(BUILD)
	$(BIN)/uv pip compile --quiet --universal --upgrade --no-header --no-annotate --no-emit-index-url \
		--python-version 3.11 --all-extras --output-file $(BUILD)/requirements.lock pyproject.toml
	mv $(BUILD)/requirements.lock requirements.lock

lowest: $(READY) ## install the lower bounds of pyproject.toml below build/ and import everything
	@rm -rf $(BUILD)/lowest
	$(BIN)/uv venv --quiet --python $(BIN)/python $(BUILD)/lowest
	$(BIN)/uv pip install --quiet --python $(BUILD)/lowest/bin/python --resolution lowest-direct '.[report,test]'
	$(BUILD)/lowest/bin/python tests/import_everything.py

clean: ## remove what make made; keep results/, figures/ and interrupted runs (build/checkpoints/)
	[ ! -d $(BUILD) ] || find $(BUILD) -mindepth 1 -maxdepth 1 ! -name checkpoints -exec rm -rf {} +
	rm -rf .venv *.egg-info .pytest_cache .ruff_cache .hypothesis

# ---------------------------------------------------------------- environment
# $(READY) holds what was installed: files that are only newer, as in another checkout that shares
# the environment, install nothing. nbgrader's menus are for teachers: notebooks/exercises/README.md.
WANTED = cat pyproject.toml requirements.lock
INSTALL = if $(WANTED) | cmp -s - $(READY); then touch $(READY) 2>/dev/null || true; else \
	echo "Installing the packages into $(VENV); the first time this takes some minutes." && \
	$(PYTHON) -m venv $(VENV) && \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--constraint requirements.lock --editable ".[report,test]" && \
	{ $(BIN)/jupyter labextension disable --level=sys_prefix @jupyter/nbgrader >/dev/null 2>&1 || true; } && \
	$(WANTED) > $(READY); fi

$(READY): pyproject.toml requirements.lock
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "$(PYTHON) was not found: install Python 3.11 or newer, or name it with make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$$($(PYTHON) --version) is too old: install Python 3.11 or newer, or name it with make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make virtual environments: install its venv module (Debian and Ubuntu: python3-venv)" >&2; exit 1; }
	@$(PYTHON) commands/lock.py $(VENV)/lock sh -c '$(INSTALL)'

# -------------------------------------------------------------------- records
# What training imports; results/. besides the records: its time changes when one comes or goes.
ENGINE := $(wildcard helpers/networks.py helpers/data/*.py helpers/experiments/*.py)
$(WORK)/trained: $(ENGINE) $(wildcard $(RESULTS)/. $(RESULTS)/*.run.json) | $(READY) $(WORK)/depends.mk
	@mkdir -p $(RESULTS)
	@$(BIN)/python -m commands.train --profile $(PROFILE) --results $(RESULTS)
	@touch $@

# Changes only when a record did, so that only then the lessons run again.
$(WORK)/records.sum: $(WORK)/trained
	@cksum $(RESULTS)/*.run.json > $@.new
	@$(KEEP)

# -------------------------------------------------------------------- lessons
# Each lesson's own parameters and prerequisites; the parameters change only when a value did.
$(WORK)/depends.mk: notebooks/profiles.toml $(LESSONS:%=notebooks/%) $(HELPERS) $(shell find helpers -type d -not -name __pycache__) report/lessons.py
	@$(PYTHON) report/lessons.py --profile $(PROFILE) --build $(WORK) --results $(RESULTS)

$(WORK)/outdated/%.ipynb: notebooks/%.ipynb $(WORK)/parameters/%.json report/execute.py commands/environment.py requirements.lock | $(WORK)/depends.mk
	@mkdir -p $(@D)
	@touch $@

$(WORK)/parameters/%.json: | $(WORK)/depends.mk ;

# Lessons are independent of each other: one process each, one thread in each process. Later steps
# follow only when every lesson succeeded.
$(WORK)/executed: $(OUTDATED) $(WORK)/lesson-names | $(READY)
	@$(BIN)/python report/execute.py run --build $(WORK) $(LESSONS:%=notebooks/%)
	@touch $@

# Changes when a lesson comes or goes.
$(WORK)/lesson-names: always
	@mkdir -p $(@D)
	@echo $(LESSONS) > $@.new
	@$(KEEP)

# --------------------------------------------------------------------- report
$(WORK)/figures/README.md: $(WORK)/executed $(TYPESETTING)
	@$(BIN)/python report/build.py figures --output $(@D) $(EXECUTED)
	@touch $@

# What the title page names.
$(WORK)/facts: always
	@mkdir -p $(@D)
	@{ git describe --always --tags --dirty 2>/dev/null || echo unversioned; cksum requirements.lock; } > $@.new
	@$(KEEP)

$(BOOK): $(WORK)/executed $(WORK)/facts $(TYPESETTING)
	@$(BIN)/python report/build.py pdf --output $@ --profile $(PROFILE) $(EXECUTED)

$(PDF): $(BOOK)
	@$(BIN)/python report/build.py paper --output $@ --profile $(PROFILE) --book $(BOOK) $(EXECUTED)

$(SITE)/index.html: $(PDF) $(wildcard notebooks/exercises/*.ipynb helpers/explorables/js/* LICENSE CITATION.cff)
	@$(BIN)/python report/build.py site --output $(SITE) --profile $(PROFILE) --book $(BOOK) --paper $(PDF) $(EXECUTED)

$(SLIDES)/made: $(WORK)/executed $(TYPESETTING) $(wildcard notebooks/slides/*.md)
	@$(BIN)/python report/build.py slides --output $(@D) $(EXECUTED)
	@touch $@
