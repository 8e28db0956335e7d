# `make run` starts unplugd in the foreground; `make test` runs every check. Both set up what they need.
PYTHON ?= python3
VENV := .venv

.PHONY: run demo test check bench clean

run: $(VENV)/installed
	$(VENV)/bin/unplugd run

demo: $(VENV)/installed
	$(VENV)/bin/unplugd demo

test: $(VENV)/installed-for-tests
	sh tests/debian-packages
	$(MAKE) check
	$(VENV)/bin/python -m pytest

check: $(VENV)/installed-for-tests
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy --platform linux
	$(VENV)/bin/mypy --platform darwin

bench: $(VENV)/installed-for-tests
	$(VENV)/bin/python -m tests.bench

$(VENV)/installed: pyproject.toml tests/make-venv
	PYTHON="$(PYTHON)" sh tests/make-venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/installed-for-tests: $(VENV)/installed
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $@

clean:
	rm -rf $(VENV) build dist
