"""The text of a balloon, for which Windows has little room."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from unplugd.notify.message import Message
from unplugd.platforms.windows.balloon import count_units, cut, make_balloon

UPLOADER = "“Some other program” has the Contour Next Link 2.4 open. Close it unless you upload with it."


def test_a_reminder_fits() -> None:
    """What a reminder of one device says is shown in full."""
    message = Message(
        "Unplug the Contour Next Link 2.4",
        (
            "Unused for 5 minutes. Please disconnect it.",
            "Plugged in since 14:05.",
            "You can also charge the meter from a USB wall charger.",
        ),
    )

    balloon = make_balloon(message)

    assert (balloon.title, balloon.text) == (message.title, "\n".join(message.lines))
    assert balloon.tip == message.title


def test_lines_that_do_not_fit_are_left_out_whole() -> None:
    """The beginning says what to do, so it is the end that is left out."""
    balloon = make_balloon(
        Message("Unplug 2 devices", ("Not in use. Please disconnect them.", *[UPLOADER] * 4))
    )

    assert balloon.text == "\n".join(("Not in use. Please disconnect them.", *[UPLOADER] * 2))


def test_a_message_without_lines_has_a_text() -> None:
    """Without one, Windows would show nothing."""
    assert make_balloon(Message("Unplugged", ())).text == "Unplugged"


@given(st.text(), st.lists(st.text()))
def test_no_text_is_too_long_for_windows(title: str, lines: list[str]) -> None:
    """Windows counts in UTF-16 units, ends a text at a zero, and takes an empty one for no balloon."""
    balloon = make_balloon(Message(title, tuple(lines)))

    assert count_units(balloon.title) <= 63
    assert count_units(balloon.tip) <= 127
    assert 0 < count_units(balloon.text) <= 255
    assert "\0" not in balloon.title + balloon.tip + balloon.text


def test_a_character_of_two_units_is_not_cut_in_half() -> None:
    """Half a character is none."""
    assert cut("ab🔌d", 4) == "ab…"
    assert cut("ab🔌", 4) == "ab🔌"
