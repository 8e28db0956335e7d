"""`python -m tools.documents`, or `make documents`: write what is shipped besides the program."""

from __future__ import annotations

from tools.documents import SHARE, written

for place, text in written().items():
    file = SHARE / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    print(f"wrote share/{place}")
