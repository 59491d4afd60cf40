# Everything installs what it needs itself; beforehand there need be Python 3.11 or newer and make.
.DEFAULT_GOAL := help
.PHONY: help demo demo-sso demo-reset test test-sso lint format bench soak district shell lock

PY := .venv/bin/python
export PYTHONPATH := $(CURDIR):$(CURDIR)/platform
export PYTHONUTF8 := 1
export DJANGO_SETTINGS_MODULE := dangjian.config.settings
# Packages are installed uncompiled and compiled as they are first imported; without that each start would do it again.
unexport PYTHONDONTWRITEBYTECODE
# Given on the command line (make district NAME=…), these reach the recipes through the environment alone, so
# that a name with spaces or quotes stays one name.
export NAME DISTRICT ONLY

.venv/runtime.stamp: requirements.lock scripts/venv
	@scripts/venv $< $@

.venv/dev.stamp: requirements-dev.lock scripts/venv
	@scripts/venv $< $@

help: ## this list
	@echo 'make demo                  two districts, their people and a year of posts, on http://huiji.localhost:8000/'
	@echo '                           (PORT=9000 for another port; LIVE=2 for two server processes on it;'
	@echo '                           Ctrl-C stops it; the data stays)'
	@echo 'make demo-sso              the demo with people signing in at a real Keycloak (KEYCLOAK_PORT=8081)'
	@echo 'make demo-reset            forget what the demo holds; the next start builds it afresh'
	@echo 'make district NAME=新郑市   a new district in the running demo, answering at once'
	@echo 'make shell                 a Python shell on the running demo (DISTRICT=huiji opens one district)'
	@echo 'make test                  lint, then every test, then a summary'
	@echo 'make test-sso              the tests against a real Keycloak alone (KEYCLOAK_URL=… for one you have)'
	@echo 'make lint                  the linters alone'
	@echo 'make format                let the formatters rewrite what they can'
	@echo 'make bench                 the benchmarks: ratios, measured side by side in one run (ONLY=live: one part)'
	@echo 'make soak                  kill -9 of processes under load, two hundred times; a quarter of an hour (KILLS=1000)'
	@echo 'make lock                  pin anew what pyproject.toml asks for'

# Recipes of long-running commands are one plain command each: make then starts it without a shell in between
# and hands a SIGTERM on to it.
demo: .venv/runtime.stamp
	@$(PY) -m dangjian.local.demo

demo-sso: export IDENTITY := keycloak
demo-sso: .venv/runtime.stamp
	@$(PY) -m dangjian.local.demo

demo-reset: .venv/runtime.stamp
	@$(PY) -m dangjian.local.reset

district: .venv/runtime.stamp
	@$(PY) -m dangjian.local.district

shell: .venv/runtime.stamp
	@$(PY) -m dangjian.local.shell

test: .venv/dev.stamp
	@scripts/chromium
	@scripts/keycloak
	@$(PY) scripts/check.py lint tests

test-sso: .venv/dev.stamp
	@scripts/chromium
	@scripts/keycloak
	@$(PY) -m pytest tests/sso

lint: .venv/dev.stamp
	@$(PY) scripts/check.py lint

format: .venv/dev.stamp
	@$(PY) scripts/theme.py
	@$(PY) -m ruff check --quiet --fix .
	@$(PY) -m ruff format --quiet .

bench: .venv/dev.stamp
	@$(PY) -m tests.benchmarks

soak: .venv/dev.stamp
	@$(PY) -m tests.soak --kills $(or $(KILLS),200)

# No annotations and no index line: a lock names packages and digests, never the host they came from.
LOCK := $(PY) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-header --no-emit-index-url --no-emit-find-links pyproject.toml

lock: .venv/dev.stamp
	@$(LOCK) --extra local --output-file requirements.lock
	@$(LOCK) --extra local --extra dev --constraints requirements.lock --output-file requirements-dev.lock
