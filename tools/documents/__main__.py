"""`python -m tools.documents`, or `make documents`: write the man page, the completions and the icons."""

from __future__ import annotations

from tools.documents import SHARE, make_documents
from tools.documents.windows_icon import make_icon
from unplugd_service.icon import ICON, WINDOWS_ICON

for path, text in make_documents().items():
    file = SHARE / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    print(f"wrote share/{path}")
WINDOWS_ICON.write_bytes(make_icon(ICON.read_text(encoding="utf-8")))
print(f"wrote {WINDOWS_ICON.name}")
