"""Where unplugd's icon is, for what shows it from there."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ICON: Final = Path(__file__).with_name("unplugd.svg")
SYMBOLIC_ICON: Final = ICON.with_name("unplugd-symbolic.svg")
"""The same for places where icons have one color, such as GNOME's top bar."""
WINDOWS_ICON: Final = ICON.with_suffix(".ico")
"""The same in the sizes that Windows' taskbar and desktop need; `make documents` draws it."""
