# `make run` starts unplugd in the foreground; `make test` runs every check; `make install` installs it for yourself.
# Each sets up what it needs.
PYTHON ?= python3
VENV := .venv
PREFIX ?= $(HOME)/.local
INSTALLED := $(PREFIX)/share/unplugd/venv
SHARED := man/man1/unplugd.1 bash-completion/completions/unplugd zsh/site-functions/_unplugd \
	fish/vendor_completions.d/unplugd.fish applications/unplugd.desktop \
	icons/hicolor/scalable/apps/unplugd.svg icons/hicolor/symbolic/apps/unplugd-symbolic.svg \
	metainfo/local.unplugd.unplugd.metainfo.xml
# The tests of the review; any other folder in tests/integration counts as a test of the running program.
THEN := $(addprefix tests/integration/,journal review html_report)
# Takes a desktop each; `make test` has dunst and GNOME only.
DESKTOPS := tests/integration/desktops/test_every_desktop.py
# What is never imported on Windows.
NOT_ON_WINDOWS := platforms/(linux|macos)/|platforms/portable|(launchd|doctor_facts_macos)\.py
PIP_INSTALL := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --timeout=60
# A download may break off.
twice = $(1) || $(1)
# Group the output of parallel jobs, if this make can (that of macOS cannot).
ONE_BY_ONE := $(if $(filter output-sync,$(.FEATURES)),--output-sync)

# What a Mac can test with nobody in front of it; the rest is in `unplugd doctor --report`.
MAC := $(addprefix test-mac-,unit registry applet service report)
ifneq ($(filter test-mac%,$(MAKECMDGOALS)),)
ifneq ($(shell uname),Darwin)
$(error $(MAKECMDGOALS) needs macOS)
endif
endif

.PHONY: run demo install uninstall test test-fast test-integration test-now test-then test-vm test-windows test-desktops test-mac $(MAC) \
	check documents catalogues pictures bench fuzz clean

run: $(VENV)/installed
	$(VENV)/bin/unplugd run

demo: $(VENV)/installed
	$(VENV)/bin/unplugd demo

install:
	PYTHON="$(PYTHON)" sh tools/make-venv "$(INSTALLED)" install
	"$(INSTALLED)/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade .
	mkdir -p "$(PREFIX)/bin"
	ln -sf "$(INSTALLED)/bin/unplugd" "$(PREFIX)/bin/unplugd"
	sh tools/shared-files link "$(INSTALLED)/share" "$(PREFIX)/share" $(SHARED)
	@sh tools/show-next-step "$(PREFIX)/bin/unplugd"

uninstall:
	-"$(PREFIX)/bin/unplugd" service uninstall
	rm -f "$(PREFIX)/bin/unplugd"
	sh tools/shared-files unlink "$(INSTALLED)/share" "$(PREFIX)/share" $(SHARED)
	rm -rf "$(INSTALLED)"
	-rmdir "$(dir $(INSTALLED))"

test: $(VENV)/installed-for-tests
	PYTHON="$(PYTHON)" sh tools/debian-packages
	$(MAKE) --jobs=6 --keep-going --no-print-directory $(ONE_BY_ONE) check test-fast test-now test-then test-vm \
		test-windows

test-fast: $(VENV)/installed-for-tests
	sh tools/run-tests $@ nice $(VENV)/bin/python -m pytest --numprocesses=2 tests/unit

# Tests of the running program must not run in parallel: a daemon looks at all processes of the machine and would see
# another test's upload software. The other goals start none. Some measure times, so everything else is niced.
test-now: $(VENV)/installed-for-tests
	sh tools/run-tests $@ $(VENV)/bin/python -m pytest tests/integration $(addprefix --ignore=,$(THEN) $(DESKTOPS))

test-then: $(VENV)/installed-for-tests
	sh tools/run-tests $@ nice $(VENV)/bin/python -m pytest $(THEN)

test-integration: test-now test-then

test-vm: $(VENV)/installed-for-tests
	sh tools/run-tests $@ nice $(VENV)/bin/python -m pytest tests/vm

# Windows' own Python under Wine: what of the unit tests can be there, and what starts unplugd. At its end the first
# names what it has left out, with the reasons.
test-windows: $(VENV)/installed-for-tests
	sh tools/run-tests $@ nice $(VENV)/bin/python -m tests.rig.wine -m pytest tests/unit
	sh tools/run-tests $@ nice $(VENV)/bin/python -m pytest tests/windows

test-mac: $(MAC)

# What is Linux's own cannot be imported there.
test-mac-unit: $(VENV)/installed-for-tests
	$(VENV)/bin/python -m pytest --numprocesses=auto tests/unit --ignore=tests/unit/platforms/linux

test-mac-registry test-mac-applet test-mac-service: test-mac-%: $(VENV)/installed-for-tests
	$(VENV)/bin/python -m pytest tests/real_mac/test_$*.py

test-mac-report: $(VENV)/installed
	$(VENV)/bin/unplugd doctor --report report.md < /dev/null
	cat report.md

# The same story on every desktop that is installed; the pictures are in tests/artifacts. What a desktop needs is in
# tests/rig/desktops.py; all of them: xfce4-notifyd xfwm4 elementary-xfce-icon-theme mate-notification-daemon openbox
# x11-xserver-utils lxqt-notificationd sway mako-notifier sway-notification-center grim notification-daemon notify-osd
# plasma-desktop kwin-x11 breeze-icon-theme cinnamon budgie-core
test-desktops: $(VENV)/installed-for-tests
	nice $(VENV)/bin/python -m pytest $(dir $(DESKTOPS))

check: $(VENV)/installed-for-tests
	nice $(VENV)/bin/ruff check .
	nice $(VENV)/bin/ruff format --check .
	nice $(VENV)/bin/lint-imports
	nice $(VENV)/bin/python tools/shape.py
	nice $(VENV)/bin/python -m tools.catalogues check
	nice $(VENV)/bin/mypy --platform linux
	nice $(VENV)/bin/mypy --platform darwin
	nice $(VENV)/bin/mypy --platform win32 --follow-imports=silent --exclude '$(NOT_ON_WINDOWS)' daemon service tests/windows tests/real_windows
	nice $(VENV)/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	nice $(VENV)/bin/check-jsonschema --builtin-schema custom.github-workflows-require-timeout .github/workflows/*.yml

documents: $(VENV)/installed-for-tests
	$(VENV)/bin/python -m tools.documents

# It needs plasma-desktop, kwin-x11 and breeze-icon-theme, too.
pictures: $(VENV)/installed-for-tests
	PYTHON="$(PYTHON)" sh tools/debian-packages
	$(VENV)/bin/python -m tests.rig.pictures

# After a change to what is translated, or to a translation.
catalogues: $(VENV)/installed-for-tests
	$(VENV)/bin/python -m tools.catalogues

bench: $(VENV)/installed-for-tests
	PYTHON="$(PYTHON)" sh tools/debian-packages
	$(VENV)/bin/python -m tests.bench

# atheris is not made for every Python, so it is no dependency of the tests.
fuzz: $(VENV)/installed-for-tests
	$(PIP_INSTALL) atheris
	nice $(VENV)/bin/python -m tests.fuzz all $(or $(SECONDS),60)

# A translation is compiled when the package is built.
$(VENV)/installed: pyproject.toml hatch_build.py tools/make-venv $(wildcard daemon/unplugd/languages/*.po)
	PYTHON="$(PYTHON)" sh tools/make-venv $(VENV) "$(MAKECMDGOALS)"
	$(call twice,$(PIP_INSTALL) --editable .)
	touch $@

# Only axe-core is used of axe-playwright-python, not the browsers that it depends on.
$(VENV)/installed-for-tests: $(VENV)/installed
	$(call twice,$(PIP_INSTALL) --editable '.[test]')
	$(call twice,$(PIP_INSTALL) --no-deps 'axe-playwright-python>=0.1.8')
	touch $@

clean:
	rm -rf $(VENV) build dist
