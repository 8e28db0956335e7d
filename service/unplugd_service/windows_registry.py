r"""Values of the registry of Windows. A key is written as people do: `HKCU\Software`.

Its functions are what `windows.Registry` asks for; on other systems each raises Failure.
"""

from __future__ import annotations

import sys

from unplugd_service.errors import Failure

if sys.platform == "win32":
    import winreg
    from typing import Final

    ROOTS: Final = {"HKCU": winreg.HKEY_CURRENT_USER, "HKLM": winreg.HKEY_LOCAL_MACHINE}

    def read_value(key: str, name: str) -> object:
        """Return a value, None if there is none; Failure if it cannot be read."""
        root, _, rest = key.partition("\\")
        try:
            # The same for programs of 32 bits.
            access = winreg.KEY_READ | winreg.KEY_WOW64_64KEY
            with winreg.OpenKey(ROOTS[root], rest, 0, access) as opened:
                value: object = winreg.QueryValueEx(opened, name)[0]
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _cannot("read", key, error) from None
        return value

    def write_value(key: str, name: str, text: str) -> None:
        """Write a text, and create the key, if there is none; Failure if that fails."""
        root, _, rest = key.partition("\\")
        try:
            with winreg.CreateKeyEx(ROOTS[root], rest, 0, winreg.KEY_SET_VALUE) as opened:
                winreg.SetValueEx(opened, name, 0, winreg.REG_SZ, text)
        except OSError as error:
            raise _cannot("written", key, error) from None

    def delete_value(key: str, name: str) -> None:
        """Delete a value, if there is one; Failure if that fails."""
        root, _, rest = key.partition("\\")
        try:
            with winreg.OpenKey(ROOTS[root], rest, 0, winreg.KEY_SET_VALUE) as opened:
                winreg.DeleteValue(opened, name)
        except FileNotFoundError:
            return
        except OSError as error:
            raise _cannot("changed", key, error) from None

    def _cannot(what: str, key: str, error: OSError) -> Failure:
        return Failure(f"{key} in the registry cannot be {what}: {error.strerror}", "ask your administrator")

else:

    def read_value(_key: str, _name: str) -> object:
        """Raise Failure."""
        raise make_failure()

    def write_value(_key: str, _name: str, _text: str) -> None:
        """Raise Failure."""
        raise make_failure()

    def delete_value(_key: str, _name: str) -> None:
        """Raise Failure."""
        raise make_failure()


def make_failure() -> Failure:
    """Return that this is another system."""
    return Failure("this is not Windows", "unplugd service status, without --manager")
