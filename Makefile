# `make run` starts unplugd in the foreground; `make test` runs every check; `make install` installs it for yourself.
# Each sets up what it needs.
PYTHON ?= python3
VENV := .venv
PREFIX ?= $(HOME)/.local
INSTALLED := $(PREFIX)/share/unplugd/venv
SHARED := man/man1/unplugd.1 bash-completion/completions/unplugd zsh/site-functions/_unplugd \
	fish/vendor_completions.d/unplugd.fish

.PHONY: run demo install uninstall test check documents bench clean

run: $(VENV)/installed
	$(VENV)/bin/unplugd run

demo: $(VENV)/installed
	$(VENV)/bin/unplugd demo

install:
	PYTHON="$(PYTHON)" sh tests/make-venv "$(INSTALLED)"
	"$(INSTALLED)/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade .
	mkdir -p "$(PREFIX)/bin" $(foreach file,$(SHARED),"$(PREFIX)/share/$(dir $(file))")
	ln -sf "$(INSTALLED)/bin/unplugd" "$(PREFIX)/bin/unplugd"
	$(foreach file,$(SHARED),ln -sf "$(INSTALLED)/share/$(file)" "$(PREFIX)/share/$(file)" &&) true
	@echo "Installed $(PREFIX)/bin/unplugd. To have it started whenever you log in: unplugd service install"

uninstall:
	-"$(PREFIX)/bin/unplugd" service uninstall
	rm -f "$(PREFIX)/bin/unplugd" $(foreach file,$(SHARED),"$(PREFIX)/share/$(file)")
	rm -rf "$(INSTALLED)"
	-rmdir "$(dir $(INSTALLED))"

test: $(VENV)/installed-for-tests
	sh tests/debian-packages
	$(MAKE) check
	$(VENV)/bin/python -m pytest

check: $(VENV)/installed-for-tests
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy --platform linux
	$(VENV)/bin/mypy --platform darwin

documents: $(VENV)/installed-for-tests
	$(VENV)/bin/python -m tests.documents

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
