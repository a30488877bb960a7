# Two commands are enough: `make run` and `make test`. Each sets up what it needs; the machine must
# have make, Python 3.11 or newer and, on Debian, the package python3-venv.

PY ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DATA ?= data
UP ?= --demo

PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes
UV := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-strip-extras --quiet --upgrade

# Each face of the web may have a stylesheet to compile: web/site/css/input.css and so on.
INPUTS := $(wildcard src/wispgate/web/*/css/input.css)
FACES := $(patsubst src/wispgate/web/%/css/input.css,%,$(INPUTS))
SHEETS := $(foreach face,$(FACES),src/wispgate/web/$(face)/static/$(face)/$(face).css)

# What each request runs through can be compiled, and need not be (docs/why/codec.md).
COMPILED := build/compiled
HOT_SOURCES := $(shell find src/wispgate/kernel src/wispgate/wire src/wispgate/domain \
	src/wispgate/store src/wispgate/network -name '*.py')

.PHONY: run test check audit bench bench-million e2e nightly docs lock setup setup-dev setup-peers compile fresh clean

run: setup $(COMPILED)
	$(BIN)/wispgate up $(UP) --data $(DATA)

setup: $(VENV)/.run $(BIN)/wispgate $(SHEETS)

setup-dev: setup $(VENV)/.dev

$(VENV)/.run: requirements/run.lock
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "WISPGate needs Python 3.11 or newer; name one with: make PY=python3.11"; exit 2; }
	@test -x $(BIN)/python -a -x $(BIN)/pip || $(PY) -m venv --clear $(VENV) || \
		{ echo "A virtual environment cannot be made. On Debian and Ubuntu: apt install python3-venv"; \
		rm -rf $(VENV); exit 2; }
	$(PIP) -r $<
	@touch $@

$(VENV)/.dev: requirements/dev.lock $(VENV)/.run
	$(PIP) -r $<
	@touch $@

# The package is run where it stands: a path file and a small program need no build tools.
$(BIN)/wispgate: $(VENV)/.run
	@echo "$(CURDIR)/src" > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/wispgate.pth"
	@printf '#!/bin/sh\nexec "$(abspath $(BIN))/python" -P -m wispgate.main.cli "$$@"\n' > $@
	@chmod 755 $@

define SHEET
src/wispgate/web/$(1)/static/$(1)/$(1).css: src/wispgate/web/$(1)/css/input.css $(VENV)/.run \
		$$(shell find src/wispgate/web -name '*.html' -o -name '*.py' -path '*/web/*')
	@mkdir -p $$(@D)
	$(BIN)/tailwindcss --input $$< --output $$@ --minify
endef
$(foreach face,$(FACES),$(eval $(call SHEET,$(face))))

compile: $(COMPILED)

$(COMPILED): setup.py tools/compile.py requirements/build.lock $(HOT_SOURCES) | $(VENV)/.run
	@$(BIN)/python tools/compile.py --venv $(VENV) --stamp $@

# Compiled modules hide their sources: those that are older than a change must not be tested.
fresh: | $(VENV)/.run
	@$(BIN)/python tools/compile.py --forget-stale --stamp $(COMPILED)

test: setup-dev fresh
	$(BIN)/python -m pytest -q -n 2 -m "not browser"

# Every fault that a machine can see, without running the tests.
check: setup-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m django makemigrations --check --dry-run --settings wispgate.main.django_settings

# Known holes of the locked packages. Needs a source of vulnerabilities: a file of them, or the network.
audit: setup-dev
	$(BIN)/python tools/audit_dependencies.py requirements/run.lock requirements/dev.lock

bench: setup-dev
	$(BIN)/python -m bench

# Takes a quarter of an hour, and ten gigabytes of disk for as long.
bench-million: setup-dev
	$(BIN)/python -m bench.million

e2e: setup-dev fresh
	$(BIN)/python -m pytest -q -m browser

nightly: setup-dev fresh
	$(BIN)/python -m pytest -q -n 2 --hypothesis-profile=nightly

docs: setup
	$(BIN)/python -m wispgate.main.reference docs/reference

lock: setup-dev
	$(UV) requirements/run.in -o requirements/run.lock
	$(UV) -c requirements/run.lock requirements/dev.in -o requirements/dev.lock
	$(UV) -c requirements/dev.lock requirements/build.in -o requirements/build.lock

# Foreign implementations and tools for the tests that are skipped without them (Debian, Ubuntu).
setup-peers: setup-dev
	apt-get install --no-install-recommends -y chromium freediameter freeradius-utils tshark
	$(BIN)/python -m pip install --quiet --disable-pip-version-check python-diameter==0.9.0

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage $(SHEETS)
	find src -name '*.so' -delete
	find src tests bench tools -name __pycache__ -type d -prune -exec rm -rf {} +
