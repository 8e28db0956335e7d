"""What is told besides reminders is true when it is shown."""

from __future__ import annotations

from typing import Any

from unplugd.notify.message import Message
from unplugd.watch.news import News

FULL = Message("The disk is full", ())
OTHER = Message("Something else", ())


class Shown:
    """Takes the place of the channels."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def show(self, _number: int, message: Message) -> None:
        self.messages.append(message)


def show(news: News) -> list[Message]:
    shown: Any = Shown()
    news.show_again()
    news.show(shown)
    messages: list[Message] = shown.messages
    return messages


def test_what_no_longer_holds_is_not_shown() -> None:
    """A reminder came first, and by its end there is space again."""
    news = News()
    news.announce_once("full", FULL)
    assert show(news) == [FULL]
    news.take_back("full")
    assert show(news) == []


def test_other_news_stays() -> None:
    """Only what it is about is taken back."""
    news = News(OTHER)
    news.take_back("full")
    assert show(news) == [OTHER]
