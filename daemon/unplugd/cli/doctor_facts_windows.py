"""What `unplugd doctor --report` says of Windows."""

from __future__ import annotations

import os
import platform
import re
import sys
from typing import TYPE_CHECKING, Final

from unplugd.cli.doctor_facts import ANOTHER, NOT_KNOWN, choose

if TYPE_CHECKING:
    from unplugd.cli.doctor_facts import Facts

EDITIONS: Final = (
    *("Core", "CoreN", "CoreSingleLanguage", "CoreCountrySpecific", "Professional", "ProfessionalN"),
    *(
        "ProfessionalWorkstation",
        "ProfessionalEducation",
        "Enterprise",
        "EnterpriseN",
        "EnterpriseS",
        "Education",
    ),
    *("EducationN", "IoTEnterprise", "IoTEnterpriseS", "Cloud", "ServerStandard", "ServerDatacenter"),
)

if sys.platform == "win32":

    def describe_windows() -> Facts:
        """Return the version and edition of Windows, and the kind of session."""
        version = sys.getwindowsversion()
        session = re.sub(r"[#\d].*", "", os.environ.get("SESSIONNAME", ""))
        return [
            ("Windows", f"{version.major}.{version.minor}, build {version.build}"),
            ("edition", choose(platform.win32_edition() or "", EDITIONS, NOT_KNOWN)),
            ("session", choose(session, ("Console", "RDP-Tcp", "ICA-tcp"), ANOTHER if session else "none")),
        ]
