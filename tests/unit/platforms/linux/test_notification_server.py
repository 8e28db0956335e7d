"""Who the notification server is and what it can do, however late the bus and the server answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.rig.turning import Clock
from unplugd.platforms.linux.bus import NO_ANSWER
from unplugd.platforms.linux.bus_source import BusSource
from unplugd.platforms.linux.notification_server import NO_OWNER, NOT_RUNNING, SILENT, NotificationServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Unpack

    from jeepney import DBusAddress

    from unplugd.platforms.linux.bus import CallOptions


class Call(NamedTuple):
    """A call that the test answers."""

    to: str | None
    method: str
    on_answer: Callable[[tuple[Any, ...] | None, str], None]
    on_late_answer: Callable[[tuple[Any, ...]], None] | None


class Rig(BusSource):
    """The bus as the test plays it, and all that was reported."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.name_questions: list[Call] = []
        """The calls that ask for the server's name, which nothing waits for."""
        self.reports: list[Any] = []
        self.server = NotificationServer(
            self,
            Clock(),
            on_owner=lambda before: self.reports.append(("owner", before)),
            on_change=lambda: self.reports.append("change"),
            on_capabilities=lambda: self.reports.append("capabilities"),
            on_error=self.reports.append,
        )

    def call(
        self,
        to: DBusAddress,
        method: str,
        signature: str | None,
        body: tuple[Any, ...],
        on_answer: Callable[[tuple[Any, ...] | None, str], None],
        **options: Unpack[CallOptions],
    ) -> None:
        del signature, body
        calls = self.name_questions if method == "GetServerInformation" else self.calls
        calls.append(Call(to.bus_name, method, on_answer, options.get("on_late_answer")))

    def take(self, method: str) -> Call:
        """Return the oldest call, which is this one."""
        call = self.calls.pop(0)
        assert call.method == method
        return call

    def take_reports(self) -> list[Any]:
        """Return what was reported since the last time."""
        reports = [*self.reports]
        self.reports.clear()
        return reports


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Rig:
    """Return a server in a graphical session that nothing is known of yet."""
    monkeypatch.setenv("DISPLAY", ":0")
    return Rig()


def test_a_bus_that_is_slow_once_is_asked_again(rig: Rig) -> None:
    """No answer does not mean that nobody owns the name: the owner stays unknown until the bus has answered."""
    rig.server.find_owner()
    rig.server.find_owner()
    rig.take("GetNameOwner").on_answer(None, NO_ANSWER)
    assert rig.calls == []
    assert rig.server.owner is None
    # Whoever wants to show something may ask again at once.
    assert rig.take_reports() == ["change"]
    rig.server.find_owner()
    rig.take("GetNameOwner").on_answer((":1.5",), "")
    assert rig.server.owner == ":1.5"
    assert rig.take_reports() == [("owner", None)]


def test_a_late_owner_is_the_owner(rig: Rig) -> None:
    """The answer counts whenever it comes, and the server is then asked what it can do."""
    rig.server.find_owner()
    late = rig.take("GetNameOwner")
    late.on_answer(None, NO_ANSWER)
    assert late.on_late_answer
    late.on_late_answer((":1.5",))
    assert rig.server.owner == ":1.5"
    assert rig.take("GetCapabilities").to == ":1.5"


@pytest.mark.parametrize("name", ["[1.42", ":1", "org.example.Server", ":1.5\n", ":1." + "5" * 300])
def test_an_owner_that_no_bus_can_name_is_passed_over(rig: Rig, name: str) -> None:
    """Nobody can be called by it, so the owner stays unknown and can be asked for again."""
    rig.server.find_owner()
    rig.take("GetNameOwner").on_answer((name,), "")
    assert rig.server.owner is None
    assert rig.calls == []
    rig.server.find_owner()
    rig.take("GetNameOwner").on_answer((":1.5",), "")
    assert rig.take("GetCapabilities").to == ":1.5"


def test_only_an_error_of_the_bus_says_that_there_is_no_server(rig: Rig) -> None:
    """A connection that breaks says nothing."""
    rig.server.find_owner()
    rig.take("GetNameOwner").on_answer(None, "the bus connection was lost")
    assert rig.server.owner is None
    assert rig.take_reports() == []
    rig.server.find_owner()
    rig.take("GetNameOwner").on_answer(None, NO_OWNER)
    assert rig.server.owner == ""
    assert rig.take_reports() == [("owner", None), "change"]


@pytest.mark.parametrize("answer", [1, 2])
def test_a_server_that_runs_after_all_is_found(rig: Rig, answer: int) -> None:
    """The bus says that it has started it, or that it runs already, and no signal has said who it is."""
    rig.server.find_owner()
    rig.take("GetNameOwner").on_answer(None, NO_OWNER)
    assert rig.server.start(15)
    rig.take("StartServiceByName").on_answer((answer,), "")
    assert NOT_RUNNING not in rig.take_reports()
    rig.take("GetNameOwner").on_answer((":1.5",), "")
    assert rig.server.owner == ":1.5"


def test_a_start_that_is_not_answered_in_time_is_followed_up(rig: Rig) -> None:
    """It is not repeated within a minute, but whoever wants to show something asks the bus who the server is."""
    rig.server.find_owner()
    rig.take("GetNameOwner").on_answer(None, NO_OWNER)
    assert rig.server.start(15)
    rig.take_reports()
    rig.take("StartServiceByName").on_answer(None, NO_ANSWER)
    assert rig.take_reports() == [SILENT]
    assert not rig.server.start(15)
    assert rig.take_reports() == [NOT_RUNNING]
    rig.take("GetNameOwner").on_answer((":1.5",), "")
    assert rig.server.owner == ":1.5"
    assert rig.take("GetCapabilities").to == ":1.5"


def find(rig: Rig, owner: str) -> None:
    """Let the bus say who the server is."""
    rig.server.find_owner()
    rig.calls.pop().on_answer((owner,), "")
    rig.take_reports()


def test_late_capabilities_count_once(rig: Rig) -> None:
    """A server that answers late has answered; that it answers the repeated question too is no news."""
    find(rig, ":1.5")
    late = rig.take("GetCapabilities")
    late.on_answer(None, NO_ANSWER)
    assert rig.take_reports() == [SILENT]
    rig.server.ask_capabilities()
    assert late.on_late_answer
    late.on_late_answer((["actions"],))
    rig.take("GetCapabilities").on_answer((["actions"],), "")
    assert rig.server.capabilities == frozenset({"actions"})
    assert rig.take_reports() == ["capabilities"]


@pytest.mark.parametrize("late", [False, True])
def test_capabilities_of_a_server_that_has_gone_never_count(rig: Rig, late: bool) -> None:
    """Neither in time nor late, neither an answer nor an error."""
    find(rig, ":1.5")
    gone = rig.take("GetCapabilities")
    if late:
        gone.on_answer(None, NO_ANSWER)
    find(rig, ":1.6")
    if late:
        assert gone.on_late_answer
        gone.on_late_answer((["actions"],))
    else:
        gone.on_answer((["actions"],), "")
        gone.on_answer(None, "an error")
    assert rig.server.capabilities is None
    assert rig.take_reports() == []
    rig.server.ask_capabilities()
    rig.take("GetCapabilities").on_answer((["body"],), "")
    assert rig.calls == []
    assert rig.server.capabilities == frozenset({"body"})


def test_a_server_that_never_answers_costs_no_memory(rig: Rig) -> None:
    """However often it is asked, one late answer is waited for, of the bus and of the server."""
    waiting = 0
    for method, ask in (
        ("GetNameOwner", rig.server.find_owner),
        ("GetCapabilities", rig.server.ask_capabilities),
    ):
        for _ in range(10):
            ask()
            call = rig.take(method)
            waiting += call.on_late_answer is not None
            call.on_answer(None, NO_ANSWER)
    assert waiting == 2


def test_only_the_name_of_the_server_that_is_there_counts(rig: Rig) -> None:
    """An answer of one that has gone comes too late, and an error says nothing."""
    rig.server._set_owner(":1.1")
    rig.server._set_owner(":1.2")
    first, second = rig.name_questions
    assert (first.to, second.to) == (":1.1", ":1.2")
    first.on_answer(("old", "", "3", ""), "")
    second.on_answer(None, NO_ANSWER)
    assert rig.server.program == ("", 0)
    second.on_answer(("new", "", "48.1", ""), "")
    assert rig.server.program == ("new", 48)
    rig.server._set_owner("")
    assert rig.server.program == ("", 0)


@pytest.mark.parametrize("version", ["", "beta", "-1", "٣.8"])
def test_a_server_may_call_its_version_anything(rig: Rig, version: str) -> None:
    """What is no number counts as none, and a lost bus as a server that is not known."""
    rig.server._set_owner(":1.1")
    rig.name_questions[0].on_answer(("name", "", version, ""), "")
    assert rig.server.program == ("name", 0)
    rig.server.forget()
    assert rig.server.program == ("", 0)
