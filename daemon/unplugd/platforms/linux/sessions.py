"""The person's login sessions as known to logind: whether the person is in front of this computer.

A person may have several sessions: one in front, one that was left open when somebody else logged in, one over ssh. A
notification is shown in the graphical ones, so only they count; those on a seat count if none is graphical. The person
is in front if one of them is active and not locked. If logind does not tell, the person counts as in front: a reminder
that nobody sees is better than none.

Any change makes us ask for everything again, which needs no bookkeeping of sessions that come, go or become another. It
happens a few times an hour: other people's sessions count, too, and those of cron.

org.freedesktop.login1(5) describes the interfaces. `/user/self` is the user who asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jeepney.low_level import HeaderFields
from jeepney.wrappers import DBusAddress

if TYPE_CHECKING:
    from collections.abc import Callable

    from jeepney.low_level import Message

    from unplugd.platforms.linux.bus_source import BusSource
    from unplugd.rules.events import Absence

NAME: Final = "org.freedesktop.login1"
PATH: Final = "/org/freedesktop/login1"
PROPERTIES: Final = "org.freedesktop.DBus.Properties"
RULES: Final = (
    f"type='signal',sender='{NAME}',interface='{PROPERTIES}',path_namespace='{PATH}/session'",
    f"type='signal',sender='{NAME}',interface='{NAME}.Manager',member='SessionNew'",
    f"type='signal',sender='{NAME}',interface='{NAME}.Manager',member='SessionRemoved'",
)
"""What announces that a session has come, gone or changed."""
SIGNALS: Final = frozenset({"PropertiesChanged", "SessionNew", "SessionRemoved"})
GRAPHICAL: Final = frozenset({"x11", "wayland", "mir"})
MAX_SESSIONS: Final = 64
"""Maximum number of sessions that are asked about; the rest is ignored."""


class Sessions:
    """Tracks the sessions through `bus`; `on_change` is called when `away` or `seats` changes."""

    def __init__(self, bus: BusSource, on_change: Callable[[], None]) -> None:
        self._bus = bus
        self._on_change = on_change
        self.away: Absence | None = None
        """Why the person is not in front, None if the person is, or if nothing tells."""
        self.seats: frozenset[str] | None = None
        """The seats at which the person has a session, None if that is not known, or if one is at no seat."""
        self._round = 0
        """Counts the questions: answers to an earlier one are ignored."""
        self.is_asking = False
        """Whether answers are still due."""
        self.is_known = False
        """Whether the last answers told if the person is in front."""
        self._ask_again = False
        self._unanswered = 0
        self._sessions: list[dict[str, Any]] = []

    def ask(self) -> None:
        """Ask for the sessions; if that is under way, ask once more afterwards."""
        if self.is_asking:
            self._ask_again = True
            return
        self._round += 1
        self.is_asking, self._ask_again = True, False
        self._sessions = []
        number = self._round
        user = DBusAddress(f"{PATH}/user/self", NAME, PROPERTIES)
        self._bus.call(
            user,
            "Get",
            "ss",
            (f"{NAME}.User", "Sessions"),
            lambda body, _error: self._on_sessions(number, body),
            reply_signature="v",
            on_late_answer=lambda _body: self.ask(),
        )

    def handle_signal(self, signal: Message) -> None:
        """Ask again if the signal says that a session has come, gone or changed."""
        if signal.header.fields.get(HeaderFields.member) in SIGNALS:
            self.ask()

    def forget(self) -> None:
        """Forget everything because logind or the bus is gone."""
        self._round += 1
        self.is_asking = self.is_known = self._ask_again = False
        self._update(None, None)

    def _on_sessions(self, number: int, body: tuple[Any, ...] | None) -> None:
        if number != self._round:
            return
        signature, sessions = body[0] if body else ("", ())
        paths = [path for _id, path in sessions[:MAX_SESSIONS]] if signature == "a(so)" else []
        self._unanswered = len(paths)
        if not paths:
            self._decide()
        for path in paths:
            self._bus.call(
                DBusAddress(path, NAME, PROPERTIES),
                "GetAll",
                "s",
                (f"{NAME}.Session",),
                lambda body, _error: self._on_session(number, body),
                reply_signature="a{sv}",
                on_late_answer=lambda _body: self.ask(),
            )

    def _on_session(self, number: int, body: tuple[Any, ...] | None) -> None:
        if number != self._round:
            return
        # A session without an answer has just ended.
        if body:
            self._sessions.append({name: value for name, (_signature, value) in body[0].items()})
        self._unanswered -= 1
        if not self._unanswered:
            self._decide()

    def _decide(self) -> None:
        self.is_asking = False
        self.is_known = bool(_find_relevant(self._sessions))
        self._update(find_absence(self._sessions), find_seats(self._sessions))
        if self._ask_again:
            self.ask()

    def _update(self, away: Absence | None, seats: frozenset[str] | None) -> None:
        if (away, seats) != (self.away, self.seats):
            self.away, self.seats = away, seats
            self._on_change()


def find_absence(sessions: list[dict[str, Any]]) -> Absence | None:
    """Return why a person with these sessions (their properties) is not in front, None if the person is."""
    relevant = _find_relevant(sessions)
    if not relevant:
        return None
    active = [session for session in relevant if session.get("Active") is not False]
    if not active:
        return "inactive"
    return "locked" if all(session.get("LockedHint") is True for session in active) else None


def find_seats(sessions: list[dict[str, Any]]) -> frozenset[str] | None:
    """Return at which seats a person with these sessions is, None if one is at no seat, or if there is none."""
    seats = frozenset(_find_seat(session) for session in _find_relevant(sessions))
    return seats if seats and "" not in seats else None


def _find_relevant(sessions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the sessions that show notifications."""
    open_ = [
        session
        for session in sessions
        # A session that is closing has only left programs behind. "user-light" and the like are users, too.
        if str(session.get("Class", "")).startswith("user") and session.get("State") != "closing"
    ]
    graphical = [session for session in open_ if str(session.get("Type")) in GRAPHICAL]
    return graphical or [session for session in open_ if _find_seat(session)]


def _find_seat(session: dict[str, Any]) -> str:
    """Return the seat of a session, "" if it is at none."""
    seat = session.get("Seat")
    return str(seat[0]) if isinstance(seat, tuple) and seat else ""
