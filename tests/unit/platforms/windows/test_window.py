"""The hidden window, whose thread calls what it is asked to call."""

from __future__ import annotations

from queue import Queue
from typing import TYPE_CHECKING, Any

from unplugd.platforms.windows.window import RUN, Window
from unplugd.win32 import kernel32, user32

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest


class Messages:
    """Windows' functions, as far as the window uses them: `lost` messages never arrive."""

    def __init__(self) -> None:
        self.lost = 0
        self._posted: Queue[int] = Queue()
        self._procedure: Callable[..., int] = lambda *_: 0

    def __getattr__(self, name: str) -> Callable[..., int]:
        functions: dict[str, Callable[..., int]] = {
            "RegisterClassExW": self.register,
            "PostMessageW": self.post,
            "GetMessageW": self.get,
            "DispatchMessageW": self.dispatch,
            "DestroyWindow": lambda handle: self._procedure(handle, user32.DESTROY, 0, 0),
            "PostQuitMessage": lambda code: self.post(1, code),
        }
        return functions.get(name, lambda *_: 1)

    def register(self, given: Any) -> int:
        self._procedure = given._obj.procedure
        return 1

    def post(self, _handle: int, message: int, *_: int) -> int:
        if message == RUN and self.lost:
            self.lost -= 1
        else:
            self._posted.put(message)
        return 1

    def get(self, given: Any, *_: object) -> int:
        given._obj.message = self._posted.get()
        return int(given._obj.message)

    def dispatch(self, given: Any) -> int:
        return self._procedure(1, given._obj.message, 0, 0)


def test_a_message_that_is_lost_delays_one_call_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise every call from then on would be one late, and each reminder too late to count."""
    messages = Messages()
    for library in (user32, kernel32):
        monkeypatch.setattr(library, "load", lambda: messages)
    called: list[str] = []
    window = Window("test", lambda *_: 0)
    messages.lost = 1
    window.call(lambda: called.append("first"))
    window.call(lambda: called.append("second"))
    window.close()
    assert called == ["first", "second"]
