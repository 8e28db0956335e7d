"""A page as its elements, read strictly: what is not closed, or closed in the wrong order, fails."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

EMPTY = frozenset({"meta", "link", "br"})
"""Elements that hold nothing and are never closed."""


@dataclass(eq=False)
class Element:
    """One element, with what it holds in order."""

    tag: str
    attributes: dict[str, str]
    parent: Element | None = None
    children: list[Element] = field(default_factory=list)
    inside: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text inside it, as it is read."""
        return " ".join("".join(self.inside).split())

    @property
    def classes(self) -> list[str]:
        """Its classes."""
        return self.attributes.get("class", "").split()

    def within(self) -> Iterator[Element]:
        """Yield what is inside it, in order."""
        for child in self.children:
            yield child
            yield from child.within()

    def ancestors(self) -> list[Element]:
        """Return itself and what it is in."""
        return [self, *(self.parent.ancestors() if self.parent else [])]


class Tree(HTMLParser):
    """The elements of a page, in order."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(source)
        self.close()
        assert not self._open, self._open[-1].tag

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an element."""
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, names)
        element = Element(
            tag, {name: value or "" for name, value in attrs}, self._open[-1] if self._open else None
        )
        self.elements.append(element)
        if element.parent:
            element.parent.children.append(element)
        if tag not in EMPTY:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an element of a picture that closes itself."""
        self.handle_starttag(tag, attrs)
        if tag not in EMPTY:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element, which has to be this one."""
        assert self._open, tag
        assert self._open.pop().tag == tag, tag

    def handle_data(self, data: str) -> None:
        """Take text, for everything that it is in."""
        for element in self._open:
            element.inside.append(data)

    def all(self, tag: str, *classes: str) -> list[Element]:
        """Return the elements with this tag and these classes."""
        return [one for one in self.elements if one.tag == tag and set(classes) <= set(one.classes)]

    def by_id(self, name: str) -> Element:
        """Return the one element with this id."""
        (found,) = [one for one in self.elements if one.attributes.get("id") == name]
        return found

    def inside(self, element: Element, tag: str) -> list[Element]:
        """Return the elements with this tag inside another."""
        return [one for one in element.within() if one.tag == tag]

    def value(self, element: Element) -> float:
        """Return the first figure inside an element, as it is for machines."""
        return float(self.inside(element, "data")[0].attributes["value"])
