"""`python -m tools.documents`, or `make documents`: write the man page and the completions."""

from __future__ import annotations

from tools.documents import SHARE, make_documents

for path, text in make_documents().items():
    file = SHARE / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    print(f"wrote share/{path}")
