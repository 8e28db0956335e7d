"""The configuration: what it accepts, and that every error in it is reported at once, each with its line."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.rig.zone import ANOTHER_ZONE, set_zone
from unplugd import durations, sanitize
from unplugd.config.checks import CHECKS, _check_process
from unplugd.config.file import load_settings, parse_settings
from unplugd.config.settings import QuietHours, Settings
from unplugd.config.write import TEMPLATE, format_device, format_settings, format_uploader
from unplugd.errors import ConfigurationError, Problem
from unplugd.rules import devices, uploaders
from unplugd.rules.events import CHANNELS
from unplugd.rules.model import Policy

if TYPE_CHECKING:
    from pathlib import Path

NOBODY = 65534


def problems(text: str) -> list[str]:
    """Return the errors in `text`."""
    with pytest.raises(ConfigurationError) as raised:
        parse_settings(text)
    return [str(problem) for problem in raised.value.problems]


# --- what is accepted


def test_no_file_means_the_defaults(tmp_path: Path) -> None:
    """The file is optional."""
    assert load_settings(tmp_path / "none.toml") == parse_settings("") == Settings()


def test_the_template_says_the_defaults() -> None:
    """The file that `config init` writes changes nothing, and each line of it is a default once it is uncommented."""
    assert parse_settings(TEMPLATE) == Settings()
    general = TEMPLATE.partition("# A device to watch")[0]
    uncommented = re.sub(r"(?m)^# (?=\w+ = )", "", general)
    assert parse_settings(uncommented).policy == Policy()
    assert parse_settings(uncommented).channels == CHANNELS
    assert parse_settings(uncommented).look_every == Settings().look_every


def test_the_template_shows_every_setting() -> None:
    """Nobody has to guess a name: each key that is checked stands in the template, and its examples are right."""
    uncommented = re.sub(r"(?m)^# (?=\w+ = |\[)", "", TEMPLATE)
    for section, keys in CHECKS.items():
        assert re.search(rf"(?m)^\[+{section}\]+$", uncommented)
        for key in keys:
            assert re.search(rf"(?m)^{key} = ", uncommented), key
    parsed = parse_settings(uncommented)
    assert parsed.quiet_hours == (QuietHours(22 * 60, 7 * 60),)
    assert parsed.watches[0] == devices.Watch("CareLink USB 2.4", 0x0A21, 0x8002, built_in=False)
    assert parsed.uploaders[0] == uploaders.Uploader("My uploader", ("my-uploader",), script=True)


def test_every_setting_is_used() -> None:
    """What the file says is what the rules get."""
    parsed = parse_settings("""
        [remind]
        after_plug_in = "1s"
        after_use = "2s"
        running_counts_for = "3s"
        repeat = ["4s", "5s"]
        critical_after = 6
        snooze = "7s"
        snooze_limit = "8s"
        quiet_hours = ["22:00-07:00", "12:30-13:00"]
        [watch]
        look_every = "9s"
        [notify]
        channels = ["terminal", "desktop"]
        [[device]]
        id = "0A21:8002"
        name = "One"
        [[device]]
        name = "Two"
        id = "0001:0002"
        [[uploader]]
        name = "Up"
        process = ["up", "/opt/up", "java:up.jar", "java:/opt/up.jar", "python3:a/up.py"]
    """)
    assert parsed.policy == Policy(1, 2, 3, (4, 5), 6, 7, 8, retry=9)
    assert parsed.quiet_hours == (QuietHours(1320, 420), QuietHours(750, 780))
    assert (parsed.look_every, parsed.channels) == (9, ("terminal", "desktop"))
    own = [(w.name, w.vendor, w.product, w.on) for w in parsed.watches if not w.built_in]
    assert own == [("One", 0x0A21, 0x8002, True), ("Two", 1, 2, True)]
    assert parsed.uploaders[0] == uploaders.Uploader(
        "Up", ("up", "/opt/up", "java:up.jar", "java:/opt/up.jar", "python3:a/up.py"), script=True
    )
    assert parsed.watches[2:] == devices.BUILT_IN
    assert parsed.uploaders[1:] == uploaders.BUILT_IN


# --- what is refused

LINES = {
    # text, and for each problem: where, what, and a part of what is allowed
    "[remind\n": [("config.toml:1", "not TOML", 'key = "value"')],
    "[remind]\nx = 1\nx = 2": [("config.toml", "not TOML", "sections")],
    "a = " + "[" * 9999: [("config.toml", "not TOML", "")],
    "[reminder]": [
        ("config.toml:1", 'unknown section "reminder"', "[remind], [watch], [notify], [[device]]")
    ],
    "after_use = '1s'": [("config.toml", 'unknown section "after_use"', "[remind]")],
    "\n[remind]\nafter = '1s'": [("config.toml:3", 'unknown key "after"', "after_plug_in, after_use")],
    "[remind]\nafter_use = '-5m'": [("config.toml:2", 'remind.after_use = "-5m"', '"0s" to "24h"')],
    "[remind]\nafter_use = 5": [("config.toml:2", "remind.after_use = 5", '"0s" to "24h"')],
    "[remind]\nafter_use = true": [("config.toml:2", "remind.after_use = true", '"90s"')],
    "[remind]\nafter_use = '25h'": [("config.toml:2", 'remind.after_use = "25h"', '"24h"')],
    "[remind]\nsnooze = '0s'": [("config.toml:2", 'remind.snooze = "0s"', '"50ms"')],
    "[remind]\nrepeat = []": [("config.toml:2", "remind.repeat = []", "at least one")],
    "[remind]\nrepeat = '5m'": [("config.toml:2", 'remind.repeat = "5m"', "a list")],
    "[remind]\nrepeat = ['5m', '0s']": [("config.toml:2", "remind.repeat", '"50ms"')],
    "[remind]\ncritical_after = 0": [("config.toml:2", "remind.critical_after = 0", "1 to 1000")],
    "[remind]\ncritical_after = 1.5": [("config.toml:2", "remind.critical_after = 1.5", "whole number")],
    "[remind]\ncritical_after = true": [("config.toml:2", "remind.critical_after = true", "whole number")],
    "[remind]\nquiet_hours = ['22-7']": [("config.toml:2", "remind.quiet_hours", "22:00-07:00")],
    "[remind]\nquiet_hours = ['24:00-07:00']": [("config.toml:2", "remind.quiet_hours", "22:00-07:00")],
    "[remind]\nquiet_hours = ['07:00-07:00']": [("config.toml:2", "remind.quiet_hours", "22:00-07:00")],
    "[remind]\nquiet_hours = '22:00-07:00'": [("config.toml:2", "remind.quiet_hours", "a list")],
    "[watch]\nlook_every = '61m'": [("config.toml:2", "watch.look_every", '"1h"')],
    "[notify]\nchannels = []": [("config.toml:2", "notify.channels = []", "at least one")],
    "[notify]\nchannels = ['mail']": [("config.toml:2", "notify.channels", "desktop, plyer, terminal")],
    "[notify]\nchannels = [['desktop']]": [("config.toml:2", "notify.channels", "desktop, plyer, terminal")],
    "remind = 1": [("config.toml", '"remind" is not a section', "[remind]")],
    "[device]\nname = 'x'\nid = '0001:0002'": [("config.toml:1", '"device" is not a section', "[[device]]")],
    "[[remind]]": [("config.toml:1", '"remind" is not a section', "write it as [remind]")],
    "[[device]]\nname = 'x'": [("config.toml:1", "[[device]] has no id", "add it")],
    "[[device]]": [("config.toml:1", "[[device]] has no name and no id", "add them")],
    "[[device]]\nid = '0a21'\nname = ''": [
        ("config.toml:2", 'device.id = "0a21"', "0a21:8001"),
        ("config.toml:3", 'device.name = ""', "a name"),
    ],
    "[[device]]\nid = 5\nname = 5": [
        ("config.toml:2", "device.id = 5", "0a21:8001"),
        ("config.toml:3", "device.name = 5", "a name"),
    ],
    "[[uploader]]\nname = 'x'\nprocess = ['*']": [("config.toml:3", "uploader.process", "names")],
    "[[uploader]]\nname = 'x'\nprocess = ['Uploader/up']": [
        ("config.toml:3", "uploader.process", "full paths")
    ],
    "[[uploader]]\nname = 'x'\nprocess = ['Uploader\\up.exe']": [
        ("config.toml:3", "uploader.process", "full paths")
    ],
    "[[uploader]]\nname = 'x'\nprocess = []": [("config.toml:3", "uploader.process", "at least one")],
    "[[uploader]]\nname = 'x'\nprocess = [' ']": [("config.toml:3", "uploader.process", "names")],
    "[[device]]\nname = 'a'\nid = '0001:0002'\n[[device]]\nname = 'b'\nid = 'x'": [
        ("config.toml:6", 'device.id = "x"', "0a21:8001")
    ],
    "[remind]\nafter_use = 5\nsnooze = 5\n[watch]\nx = 1\n[y]": [
        ("config.toml:2", "remind.after_use = 5", ""),
        ("config.toml:3", "remind.snooze = 5", ""),
        ("config.toml:5", 'unknown key "x"', "look_every"),
        ("config.toml:6", 'unknown section "y"', ""),
    ],
    # A number of 5000 digits, which Python does not like to read or to write.
    "[remind]\ncritical_after = " + "1" * 5000: [("config.toml", "", "")],
    "[remind]\ncritical_after = 0x" + "f" * 5000: [
        ("config.toml:2", "remind.critical_after", "whole number")
    ],
}


@pytest.mark.parametrize("text", LINES, ids=lambda text: repr(text[:50]))
def test_every_problem_names_file_line_value_and_what_is_allowed(text: str) -> None:
    """All problems at once, in the order of the file, each on one line."""
    found = problems(text)
    assert len(found) == len(LINES[text])
    for problem, (where, what, allowed) in zip(found, LINES[text], strict=True):
        assert problem.startswith(f"{where}: {what}" if ":" in where else where)
        assert what in problem
        assert allowed in problem.partition("; ")[2]
        assert len(problem) < 400


def test_a_value_is_shown_harmless_and_short() -> None:
    """An escape sequence in the file does not reach the terminal that shows the error."""
    (problem,) = problems('[remind]\nafter_use = "\\u001b[31m' + "x" * 10_000 + '"')
    assert "\x1b" not in problem
    assert len(problem) < 250


ANYTHING = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
VALUES = st.sampled_from(
    [
        "1",
        "-1",
        "1.5",
        "nan",
        "true",
        '"5m"',
        "[]",
        '["5m"]',
        "[1, {}]",
        "{}",
        "2022-09-20",
        "07:00:00",
        '"\\u001b"',
    ]
)
DOCUMENTS = st.lists(
    st.one_of(
        st.sampled_from(
            ["[remind]", "[watch]", "[[device]]", "[[uploader]]", "[notify]", "[x]", "remind.snooze = 1"]
        ),
        st.tuples(
            st.sampled_from(["after_use", "repeat", "channels", "name", "id", "process", "y"]), VALUES
        ).map(" = ".join),
        ANYTHING,
    ),
    max_size=8,
).map("\n".join)


@given(DOCUMENTS)
@example("\x00")
@example("a.b = 1\na.b.c = 2")
@example('device = [{name = "x", id = "0001:0002"}, 1]')
def test_any_text_is_settings_or_problems(text: str) -> None:
    """Any text is either valid or a list of errors, each on one line without control characters."""
    found: list[Problem] = []
    try:
        parse_settings(text)
    except ConfigurationError as error:
        found = error.problems or [Problem("", 0, "\x00", "an error without a problem")]
    for problem in map(str, found):
        assert sanitize.one_line(problem, 2000) == problem


# --- from a file


def refused(path: Path) -> str:
    with pytest.raises(ConfigurationError) as raised:
        load_settings(path)
    (problem,) = raised.value.problems
    return str(problem)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """Bytes, a folder, a file of megabytes: one line each, without the path, which holds the user's name."""
    file = tmp_path / "config.toml"
    file.write_bytes(b"# \xff\xfe")
    assert refused(file).startswith("config.toml: the file is not text; save it as UTF-8")
    file.write_bytes(b"#" * 1_000_001)
    assert refused(file).startswith("config.toml: the file is too long")
    file.unlink()
    file.mkdir()
    assert refused(file).startswith("config.toml: it is a folder, not a file; ")


@pytest.mark.not_on_windows("file modes mean nothing there")
def test_an_unreadable_file_is_refused(tmp_path: Path) -> None:
    """A file of somebody else's is reported as a problem; the defaults are not used in its place."""
    file = tmp_path / "config.toml"
    file.write_text("")
    file.chmod(0)
    myself = os.geteuid()
    # Root reads everything.
    os.seteuid(myself or NOBODY)
    try:
        assert refused(file).startswith("config.toml: Permission denied; ")
    finally:
        os.seteuid(myself)


def test_a_file_saved_by_a_windows_editor_is_read(tmp_path: Path) -> None:
    """A byte order mark and Windows line ends change nothing."""
    file = tmp_path / "config.toml"
    file.write_bytes(b"\xef\xbb\xbf[remind]\r\nafter_use = '7m'\r\n")
    assert load_settings(file).policy.after_use == 420


# --- there and back

seconds = st.one_of(
    st.integers(0, 86_400).map(float),
    st.integers(0, 86_400_000).map(lambda ms: durations.parse(durations.format_exact(ms / 1000))),
)
some_seconds = seconds.map(lambda number: max(number, 0.05))
policies = st.builds(
    Policy,
    after_plug_in=seconds,
    after_use=seconds,
    running_counts_for=seconds,
    repeat=st.lists(some_seconds, min_size=1, max_size=5).map(tuple),
    critical_after=st.integers(1, 1000),
    snooze=some_seconds,
    snooze_limit=seconds,
)
quiets = st.builds(QuietHours, st.integers(0, 1439), st.integers(0, 1439)).filter(
    lambda q: q.begins != q.ends
)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80)
names = texts.map(sanitize.one_line).filter(bool)
watches = st.builds(
    devices.Watch,
    names,
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFF),
    on=st.just(True),
    built_in=st.just(False),
)


def is_allowed(process: str) -> bool:
    try:
        return bool(_check_process(process))
    except ValueError:
        return False


processes = texts.filter(is_allowed)
programs = st.builds(
    uploaders.Uploader, names, st.lists(processes, min_size=1, max_size=3).map(tuple), script=st.just(True)
)


@st.composite
def all_settings(draw: st.DrawFn) -> Settings:
    policy = draw(policies)
    look_every = draw(
        st.integers(50, 600_000).map(lambda ms: durations.parse(durations.format_exact(ms / 1000)))
    )
    values = {entry.name: getattr(policy, entry.name) for entry in fields(Policy)}
    return Settings(
        policy=Policy(**{**values, "retry": look_every}),
        quiet_hours=tuple(draw(st.lists(quiets, max_size=3))),
        look_every=look_every,
        channels=tuple(draw(st.lists(st.sampled_from(CHANNELS), min_size=1, max_size=3))),
        watches=(*draw(st.lists(watches, max_size=3)), *devices.BUILT_IN),
        uploaders=(*draw(st.lists(programs, max_size=3)), *uploaders.BUILT_IN),
    )


@given(all_settings())
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_shown_reads_back(chosen: Settings) -> None:
    """`config show` is a complete file that means the same."""
    assert parse_settings(format_settings(chosen)) == chosen


@given(names, st.integers(0, 0xFFFF), st.integers(0, 0xFFFF), texts, processes)
@example('"]\n[remind]\nafter_use = "0s"', 1, 2, "x", '"\\')
def test_what_is_added_is_one_entry(name: str, vendor: int, product: int, called: str, process: str) -> None:
    """A hostile product name that `devices learn` writes into the file stays a name."""
    shown = sanitize.one_line(name)
    text = format_device(shown, f"{vendor:04x}:{product:04x}")
    assert parse_settings(text).watches[0] == devices.Watch(shown, vendor, product, built_in=False)
    called = sanitize.one_line(called) or "x"
    text = format_uploader(called, (process,))
    assert parse_settings(text) == Settings(
        uploaders=(uploaders.Uploader(called, (process,), script=True), *uploaders.BUILT_IN)
    )


# --- quiet hours

BERLIN, NEW_YORK, LORD_HOWE, KOLKATA = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone()


NIGHT = QuietHours(22 * 60, 7 * 60)


@pytest.mark.parametrize(
    ("place", "quiet", "now", "until"),
    [
        (BERLIN, NIGHT, "2025-06-10T23:00+02:00", "2025-06-11T07:00+02:00"),
        (BERLIN, NIGHT, "2025-06-11T06:59:59+02:00", "2025-06-11T07:00+02:00"),
        (BERLIN, NIGHT, "2025-06-10T22:00+02:00", "2025-06-11T07:00+02:00"),
        (BERLIN, NIGHT, "2025-06-11T07:00+02:00", None),
        (BERLIN, NIGHT, "2025-06-10T21:59:59+02:00", None),
        (BERLIN, QuietHours(750, 780), "2025-06-10T12:45+02:00", "2025-06-10T13:00+02:00"),
        (BERLIN, QuietHours(750, 780), "2025-06-10T13:00+02:00", None),
        (BERLIN, QuietHours(0, 1439), "2025-06-10T00:00+02:00", "2025-06-10T23:59+02:00"),
        # The night of the change has eight hours or ten.
        (BERLIN, NIGHT, "2025-03-29T22:00+01:00", "2025-03-30T07:00+02:00"),
        (BERLIN, NIGHT, "2025-10-25T22:00+02:00", "2025-10-26T07:00+01:00"),
        pytest.param(
            *(NEW_YORK, NIGHT, "2025-03-09T00:00-05:00", "2025-03-09T07:00-04:00"), marks=ANOTHER_ZONE
        ),
        pytest.param(
            *(NEW_YORK, NIGHT, "2025-11-02T01:30-05:00", "2025-11-02T07:00-05:00"), marks=ANOTHER_ZONE
        ),
        # Half an hour.
        pytest.param(
            *(LORD_HOWE, NIGHT, "2025-04-05T23:00+11:00", "2025-04-06T07:00+10:30"), marks=ANOTHER_ZONE
        ),
        (KOLKATA, NIGHT, "2025-03-30T03:00+05:30", "2025-03-30T07:00+05:30"),
    ],
)
def test_quiet_hours_end_on_the_persons_clock(
    place: str, quiet: QuietHours, now: str, until: str | None
) -> None:
    """They begin and end when the clock on the wall says so, across midnight and daylight-saving changes."""
    set_zone(place)
    assert quiet.until(local(now)) == (local(until) if until else None)


moments = st.integers(0, 730 * 86_400).map(
    lambda seconds: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
changes = st.builds(
    lambda change, minutes: datetime.fromisoformat(change) + timedelta(minutes=minutes),
    st.sampled_from(["2025-03-30T01:00+00:00", "2025-10-26T01:00+00:00", "2025-11-02T06:00+00:00"]),
    st.integers(-1500, 1500),
)


@given(
    quiets,
    moments | changes,
    st.sampled_from([BERLIN, KOLKATA, *((NEW_YORK, LORD_HOWE) if sys.platform != "win32" else ())]),
    st.floats(0, 0.999),
)
@example(QuietHours(120, 60), datetime(2025, 3, 29, 23, 59, tzinfo=UTC), BERLIN, 0.0)
@settings(deadline=None)
def test_quiet_hours_always_end(quiet: QuietHours, moment: datetime, place: str, part: float) -> None:
    """Within a day, at the same moment whenever they are asked about."""
    set_zone(place)
    now = moment.astimezone()
    until = quiet.until(now)
    minute = now.hour * 60 + now.minute
    span = (quiet.ends - quiet.begins) % 1440
    if until is None:
        # Around a change the clock says some times twice or never, so only ordinary days are certain.
        ordinary = len({(now + timedelta(hours=h)).astimezone().utcoffset() for h in range(-30, 31, 3)}) == 1
        assert not ordinary or (minute - quiet.begins) % 1440 >= span
        return
    assert now < until <= now + timedelta(hours=25)
    between = (now + (until - now) * part).astimezone()
    assert quiet.until(between) == until
    assert quiet.until(until.astimezone()) is None
