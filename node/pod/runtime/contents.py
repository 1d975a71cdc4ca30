"""What of each package becomes part of a Linux runtime, and where it lies there.

Of CPython and the wheels all is kept that is not named here, so that a new version runs; of Qt only what is named,
because most of it is for others.  ``tests.installed`` starts what is left.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import Final

from node.pod.runtime.wheels import LICENCES, Wheels

PLATFORM: Final = "linux-x86_64"
SYSTEM: Final = "linux"
PYTHON: Final = "3.11"
STDLIB: Final = f"lib/python{PYTHON}"
WHEELS: Final = "lib/python3/dist-packages"  # where Debian's interpreter looks for what is installed
LIBRARIES: Final = "lib"
QT_LIBRARIES: Final = f"{WHEELS}/PySide6/Qt/lib"  # where Qt's own binaries look first
INTERPRETER: Final = "bin/python3"
# Written into the interpreter as DT_RPATH, so that what it loads finds these folders before anything of the host.
SEARCHED: Final = f"$ORIGIN/../{LIBRARIES}:$ORIGIN/../{QT_LIBRARIES}"

PYTHON_PACKAGES: Final = ("python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib")
# Package -> where its libraries go, and which it is taken for.  What not every desktop has: the rest is in HOST.
LIBRARY_PACKAGES: Final = {
    "libffi8": (LIBRARIES, ("libffi.so.8",)),
    "libssl3": (LIBRARIES, ("libcrypto.so.3", "libssl.so.3")),
    "libwayland-cursor0": (QT_LIBRARIES, ("libwayland-cursor.so.0",)),
    "libxcb-cursor0": (QT_LIBRARIES, ("libxcb-cursor.so.0",)),
    "libxcb-icccm4": (QT_LIBRARIES, ("libxcb-icccm.so.4",)),
    "libxcb-image0": (QT_LIBRARIES, ("libxcb-image.so.0",)),
    "libxcb-keysyms1": (QT_LIBRARIES, ("libxcb-keysyms.so.1",)),
    "libxcb-render-util0": (QT_LIBRARIES, ("libxcb-render-util.so.0",)),
    "libxcb-shape0": (QT_LIBRARIES, ("libxcb-shape.so.0",)),
    "libxcb-util1": (QT_LIBRARIES, ("libxcb-util.so.1",)),
    "libxcb-xkb1": (QT_LIBRARIES, ("libxcb-xkb.so.1",)),
    # These two know each other's insides, so they come together.
    "libxkbcommon-x11-0": (QT_LIBRARIES, ("libxkbcommon-x11.so.0",)),
    "libxkbcommon0": (QT_LIBRARIES, ("libxkbcommon.so.0",)),
}
# The texts of the licences that several packages only name.
LICENCE_PACKAGE: Final = "base-files"
LICENCE_TEXTS: Final = ("Apache-2.0", "GPL-2", "GPL-3", "LGPL-2.1", "LGPL-3")
TOOL_PACKAGES: Final = ("patchelf",)
DEBIAN_PACKAGES: Final = tuple(sorted((*PYTHON_PACKAGES, *LIBRARY_PACKAGES, LICENCE_PACKAGE, *TOOL_PACKAGES)))

# Every library that the host gives, by what it is part of.  Its drivers load some of them too, and two copies of
# them in one process would not get on.
HOST: Final = frozenset(
    {
        *("libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "libresolv.so.2"),
        "ld-linux-x86-64.so.2",  # all these are the C library
        *("libgcc_s.so.1", "libstdc++.so.6"),  # every compiled program
        *("libz.so.1", "libexpat.so.1", "libzstd.so.1"),  # the drivers of every screen
        *("libglib-2.0.so.0", "libgthread-2.0.so.0", "libdbus-1.so.3", "libgssapi_krb5.so.2"),  # every desktop
        *("libfontconfig.so.1", "libfreetype.so.6", "libbrotlidec.so.1", "libbrotlicommon.so.1"),  # its fonts
        *("libGL.so.1", "libEGL.so.1", "libwayland-client.so.0"),  # its screen
        *("libX11.so.6", "libX11-xcb.so.1", "libxcb.so.1", "libxcb-randr.so.0", "libxcb-render.so.0"),
        *("libxcb-shm.so.0", "libxcb-sync.so.1", "libxcb-xfixes.so.0"),
    }
)

# Of the standard library: other programs' tools, tests, and what needs a library of its own that nothing here uses.
_STDLIB_DROPPED: Final = (
    *("config-3*", "curses", "dbm", "distutils", "ensurepip", "idlelib", "lib2to3", "pydoc_data", "sqlite3", "test"),
    *("tkinter", "turtle.py", "turtledemo", "unittest", "venv", "xmlrpc", "wsgiref", "pdb.py", "pydoc.py"),
    *("doctest.py", "sitecustomize.py", "_sysconfigdata__linux_x86_64-linux-gnu.py", "EXTERNALLY-MANAGED", "LICENSE*"),
)
_MODULES_DROPPED: Final = re.compile(
    r"lib-dynload/(_bz2|_codecs_.*|_crypt|_ctypes_test|_curses.*|_dbm|_gdbm|_lzma|_sqlite3|_test.*|_tkinter|_uuid|_xx.*|xx.*|audioop"
    r"|nis|ossaudiodev|readline|spwd)\..*"
)
_QT_KEPT: Final = (
    *("PySide6/__init__.py", "PySide6/_config.py", "PySide6/_git_pyside_version.py", "PySide6/support/*"),
    *("PySide6/libpyside6.abi3.so.*", "PySide6/QtCore.abi3.so", "PySide6/QtGui.abi3.so", "PySide6/QtWidgets.abi3.so"),
    "PySide6/QtNetwork.abi3.so",
    *("PySide6/Qt/lib/libQt6Core.so.6", "PySide6/Qt/lib/libQt6Gui.so.6", "PySide6/Qt/lib/libQt6Widgets.so.6"),
    *("PySide6/Qt/lib/libQt6Network.so.6", "PySide6/Qt/lib/libQt6DBus.so.6", "PySide6/Qt/lib/libQt6XcbQpa.so.6"),
    *("PySide6/Qt/lib/libQt6WaylandClient.so.6", "PySide6/Qt/lib/libicu*.so.*"),
    *("PySide6/Qt/plugins/platforms/libqxcb.so", "PySide6/Qt/plugins/platforms/libqwayland.so"),
    "PySide6/Qt/plugins/platforms/libqoffscreen.so",
    "PySide6/Qt/plugins/platformthemes/libqxdgdesktopportal.so",
    "PySide6/Qt/plugins/platforminputcontexts/libcomposeplatforminputcontextplugin.so",
    "PySide6/Qt/plugins/platforminputcontexts/libibusplatforminputcontextplugin.so",
    "PySide6/Qt/plugins/wayland-shell-integration/libxdg-shell.so",
    "PySide6/Qt/plugins/wayland-decoration-client/libbradient.so",
    *("PySide6/Qt/translations/qtbase_de.qm", "PySide6/Qt/translations/qtbase_en.qm"),
)
_WHEELS: Final = Wheels(WHEELS, _QT_KEPT, dropped=("iroh/*.a",))


def place_debian(package: str, path: str) -> str | None:
    """Where a file of a Debian package lies in the tree; None if it is not part of it.  ``path`` has no leading /."""
    if path == f"usr/share/doc/{package}/copyright" and package not in TOOL_PACKAGES:
        return f"{LICENCES}/{package}/copyright"
    if package in LIBRARY_PACKAGES:
        folder, names = LIBRARY_PACKAGES[package]
        name = path.removeprefix("usr/lib/x86_64-linux-gnu/")
        return f"{folder}/{name}" if name != path and name in names else None
    if package == LICENCE_PACKAGE:
        name = path.removeprefix("usr/share/common-licenses/")
        return f"{LICENCES}/{name}" if name != path and name in LICENCE_TEXTS else None
    if path == "usr/bin/python3.11":
        return INTERPRETER
    inner = path.removeprefix("usr/lib/python3.11/")
    if package not in PYTHON_PACKAGES or inner == path or "__pycache__" in inner or _MODULES_DROPPED.fullmatch(inner):
        return None
    is_dropped = any(fnmatchcase(inner.split("/")[0], pattern) for pattern in _STDLIB_DROPPED)
    return None if is_dropped else f"{STDLIB}/{inner}"


def place_wheel(distribution: str, path: str) -> str | None:
    """Where a file of a wheel lies in the tree; None if it is not part of it."""
    return _WHEELS.place(distribution, path)
