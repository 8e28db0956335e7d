"""What `unplugd doctor --report` asks a person to do and to look at, in the order in which it is asked."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from unplugd.cli.terminal import say

if TYPE_CHECKING:
    from unplugd.cli.doctor_words import Words

MAC: Final = "darwin"
YES_OR_NO: Final = "y/n"
ANY: Final = "Enter to skip"
SKIP: Final = "s"
STOP: Final = "q"


@dataclass(frozen=True, slots=True)
class Question:
    """A question. Only a `free` one takes more than yes and no. `system`: the only `sys.platform` where it is asked."""

    text: str
    free: bool = False
    system: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do, after which the facts named `facts` are collected and the questions are asked.

    `system`: the only `sys.platform` where it is done.
    """

    title: str
    what: str
    facts: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    system: str = ""


STEPS: Final = (
    Step(
        "A device",
        "Plug the stick or the meter in: directly, without a hub, and with no upload software running.",
        ("devices", "use", "registry"),
        (Question("Did macOS ask whether the accessory may connect?", system=MAC),),
    ),
    Step(
        "The service",
        "In another terminal, run: unplugd service install (again, if it is installed already)",
        ("service", "agent"),
        (
            Question("Did a notification say that unplugd is running?"),
            Question("Did macOS ask whether unplugd may send notifications?", system=MAC),
            Question("Which name did “Background Items Added” show?", free=True, system=MAC),
        ),
    ),
    Step(
        "A notification",
        "When you press Enter, a test notification comes.",
        ("notification",),
        (
            Question("Did you see it?"),
            Question("Did you hear it?"),
            Question("Under which name, and with which icon?", free=True),
            Question("What happened when you clicked on it?", free=True),
            Question("Is unplugd listed in System Settings, Notifications?", system=MAC),
            Question("Is Script Editor listed there?", system=MAC),
        ),
    ),
    Step(
        "During an upload",
        "Start an upload with your usual program, and press Enter while it transfers.",
        ("use", "registry"),
        (Question("Which program is it, and which version?", free=True),),
    ),
    Step(
        "After the upload",
        "Press Enter when the upload is over, with the program's window still open.",
        ("use", "registry"),
    ),
    Step(
        "A crash",
        "When you press Enter, unplugd is killed, to see whether it is started again (this takes up to 45 seconds).",
        ("crash",),
        system=MAC,
    ),
    Step(
        "launchctl",
        "Nothing to do: launchctl is asked for what it refuses, to learn its words. Nothing is changed.",
        ("refusals",),
        system=MAC,
    ),
    Step(
        "Switched off",
        "In System Settings, General, Login Items & Extensions, switch unplugd off.",
        ("switch",),
        system=MAC,
    ),
    Step(
        "Switched on",
        "Switch it on again there. Then, in another terminal, run: unplugd service start",
        ("switch", "service"),
        system=MAC,
    ),
    Step(
        "Sleep",
        "Let the computer sleep for two minutes, and wake it.",
        ("clocks", "journal"),
    ),
    Step(
        "In and out",
        "Unplug the device and plug it in again, five times; the last time with its hub, if it has one.",
        ("devices", "journal", "log"),
    ),
    Step(
        "Anything else",
        "Look at what unplugd status says, and think of what surprised you.",
        ("timing", "service"),
        (Question("What else should be known?", free=True),),
    ),
)


class StoppedError(Exception):
    """The person wants no more questions, or has closed the input."""


class Person:
    """The person in front of the terminal."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def do(self, step: Step, number: int, count: int) -> bool:
        """Have the person do a step; return whether it was done and not skipped. StoppedError ends all."""
        say(f"\n{number} of {count}: {step.title}\n{step.what}")
        answer = self._read(f"Press Enter when done ({SKIP} to skip, {STOP} to stop)").casefold()
        if answer == STOP:
            raise StoppedError
        return answer != SKIP

    def ask(self, question: Question) -> str:
        """Return the answer, "" if the question was skipped."""
        while True:
            answer = self._read(f"{question.text} ({ANY if question.free else f'{YES_OR_NO}, {ANY}'})")
            if question.free or not answer:
                return self._words.hide_names(answer)
            for known in ("yes", "no"):
                if known.startswith(answer.casefold()):
                    return known

    def _read(self, prompt: str) -> str:
        print(f"{prompt}: ", end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line:
            say("")
            raise StoppedError
        return line.strip()
