"""Which devices are watched, and what the list of devices says about each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unplugd.rules import devices
from unplugd.rules.devices import BUILT_IN, Device, Watch

HUB = Device("1-1", 0x05E3, 0x0608, device_class=9)
STICK = Device("1-1.2", 0x0A21, 0x8001)
METER = Device("1-1.3", 0x1A79, 0x6210)


@pytest.mark.parametrize(
    ("usb_id", "name", "on"),
    [
        ("0a21:8001", "CareLink USB", True),
        ("0a21:8002", "CareLink USB", True),
        ("1a79:6210", "Contour Next Link 2.4", True),
        ("1a79:6200", "Contour Next Link (mg/dL)", False),
        ("1a79:6300", "Contour Next Link (mmol/L)", False),
        ("1a79:7410", None, False),
        ("10c4:ea60", None, False),
        ("046d:c077", None, False),
    ],
)
def test_the_built_in_list(usb_id: str, name: str | None, on: bool) -> None:
    """The parts of the 600 series are watched; other meters and common serial chips are not."""
    watch = devices.find_watch(*devices.parse_id(usb_id), BUILT_IN)
    assert (watch.name if watch else None, bool(watch and watch.on)) == (name, on)


def test_the_configuration_comes_before_the_built_in_list() -> None:
    """An entry of the configuration wins over a built-in one, in any order."""
    own = Watch("My old meter", 0x1A79, 0x6200, built_in=False)
    assert devices.find_watch(0x1A79, 0x6200, (own, *BUILT_IN)) is own
    assert devices.find_watch(0x1A79, 0x6200, (*BUILT_IN, own)) is own


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0a21",
        "0a21:",
        ":8001",
        "a21:8001",
        "0a21:80012",
        "0a21-8001",
        "0x21:8001",
        " 0a21:8001",
        "0a21:8001\n",
        "0a21:80:1",
        "0a21:8o01",
        "\u0660a21:8001",
        "+a21:8001",
        "0_21:8001",
    ],
)
def test_what_is_no_id_is_refused(text: str) -> None:
    """Four hexadecimal digits, a colon, four more, and nothing else."""
    with pytest.raises(ValueError, match="is not a USB id"):
        devices.parse_id(text)


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF))
def test_an_id_reads_back(vendor: int, product: int) -> None:
    """`parse_id` undoes `Device.id`, in capitals too."""
    written = Device("1-1", vendor, product).id
    assert devices.parse_id(written) == devices.parse_id(written.upper()) == (vendor, product)


# --- the list of devices


def test_every_device_is_listed_with_the_reason() -> None:
    """Watched ones first, hubs last, each with why it is or is not watched."""
    own = Watch("My stick", 0x0483, 0x5740, built_in=False)
    found = [
        HUB,
        Device("1-1.1", 0x10C4, 0xEA60),
        Device("1-1.4", 0x1A79, 0x6300),
        Device("1-1.5", 0x046D, 0xC077),
        STICK,
        Device("1-1.6", 0x0483, 0x5740),
    ]
    listed = devices.explain(found, (own, *BUILT_IN), lambda _port: "")
    assert [(one.device.port, one.watched, one.why.partition(": ")[2]) for one in listed] == [
        ("1-1.2", True, "CareLink USB"),
        ("1-1.6", True, "My stick, in your configuration"),
        ("1-1.1", False, "an id that many different devices have"),
        (
            "1-1.4",
            False,
            "Contour Next Link (mmol/L), which the notice of 20 September 2022 does not name",
        ),
        ("1-1.5", False, "not on the list"),
        ("1-1", False, "a hub"),
    ]
    assert all(one.why.startswith("watched:" if one.watched else "not watched:") for one in listed)


def test_a_devices_own_words_are_listed_harmless() -> None:
    """A product name with escape sequences or ten thousand letters becomes one short line."""
    words = {"1-1.2": "\x1b]0;owned\x07<b>\nx", "1-1.3": "y" * 10_000}
    shown = {
        one.device.port: one.product for one in devices.explain([STICK, METER], BUILT_IN, words.__getitem__)
    }
    assert shown["1-1.2"] == "]0;owned<b> x"
    assert len(shown["1-1.3"]) == 60
