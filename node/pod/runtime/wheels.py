"""What of a wheel becomes part of a runtime, and where it lies there, on any system.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

LICENCES: Final = "licences"

_DISTRIBUTIONS_DROPPED: Final = frozenset({"setuptools"})  # builds packages
# What only compilers and type checkers read, and what a system's own tools would run.
_SUFFIXES_DROPPED: Final = (
    *(".pyi", ".pxd", ".pxi", ".pyx", ".c", ".cpp", ".h", ".hpp", ".lib", ".typed", ".map", ".md", ".rst"),
    *(".pth", ".exe", ".pyc"),
)
_DROPPED: Final = (
    *("*/test_data/*", "*/tests/*", "pygments/lexers/*", "shiboken6/include/*", "shiboken6/lib/*"),
    *("zstandard/_cffi.*", "zstandard/backend_cffi.py"),  # the same once more, for other Pythons
)


@dataclass(frozen=True, slots=True)
class Wheels:
    """The wheels of one system: all of them is kept in ``folder`` but for what nobody needs, or nobody there.

    ``qt_kept``: of Qt it is these only, because most of it is for others.
    """

    folder: str
    qt_kept: tuple[str, ...]
    dropped: tuple[str, ...]

    def place(self, distribution: str, path: str) -> str | None:
        """Where a file of a wheel lies in the runtime; None if it is not part of it."""
        top, _, inner = path.partition("/")
        if distribution in _DISTRIBUTIONS_DROPPED:
            return None
        if top.endswith(".dist-info"):
            return self._place_described(distribution, path, inner)
        if top.endswith(".data") or path.endswith(_SUFFIXES_DROPPED):
            return None
        if top == "PySide6":
            return f"{self.folder}/{path}" if _is_any(path, self.qt_kept) else None
        return None if _is_any(path, _DROPPED) or _is_any(path, self.dropped) else f"{self.folder}/{path}"

    def _place_described(self, distribution: str, path: str, inner: str) -> str | None:
        """Of what is said about a package: what is looked up while the program runs, and the licences."""
        if inner in {"METADATA", "entry_points.txt"}:
            return f"{self.folder}/{path}"
        name = inner.removeprefix("licenses/")
        is_licence = name != inner or inner.startswith(("LICENSE", "LICENCE", "COPYING", "NOTICE", "AUTHORS"))
        return f"{LICENCES}/{distribution}/{name}" if is_licence else None


def _is_any(path: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in patterns)
