"""What platforms that cannot see which program has a device open have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unplugd.rules.model import DeviceUse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from unplugd.rules.devices import Device
    from unplugd.rules.model import Running
    from unplugd.rules.uploaders import Uploader


class UnseenUse:
    """The part of the platform protocol that is about use."""

    def find_usage(
        self,
        watched: Sequence[Device],
        _software: Sequence[Uploader],
        _running: Running | None,
        _at: float,
    ) -> tuple[DeviceUse, ...]:
        """Return every device as idle; the rules make running upload software delay reminders."""
        return tuple(map(DeviceUse, watched))

    def list_unwatched_nodes(self) -> None:
        """Return None: no use is announced."""

    def check_use_detection(self) -> tuple[str, str] | None:
        """Return None: there is nothing to check that `mechanisms` does not say."""
        return None
