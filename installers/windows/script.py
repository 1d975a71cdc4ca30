"""What is put where, and taken away again, in the words of NSIS.  Pure.

The uninstaller removes exactly the files that the installer brought, each by its name, and folders only when they are
empty: whatever a person has put beside them stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

ESCAPED = {"$": "$$", '"': '$\\"', "`": "$\\`"}


def included(stage: Path, files: Iterable[str], folders: Iterable[str]) -> str:
    """Two macros: ``PlaceFiles`` and ``RemoveFiles``.  ``files``, sorted, and ``folders`` are relative, with ``/``."""
    files = list(files)
    placed: list[str] = []
    for folder, names in groupby(files, key=lambda path: path.rpartition("/")[0]):
        placed.append(f'SetOutPath "{_there(folder)}"')
        placed += [f'File "{_quoted(str(stage / name))}"' for name in names]
    removed = [f'Delete "{_there(path)}"' for path in files] + [f'RMDir "{_there(folder)}"' for folder in folders]
    return _macro("PlaceFiles", placed) + _macro("RemoveFiles", removed)


def _macro(name: str, lines: list[str]) -> str:
    body = "".join(f"  {line}\n" for line in lines)
    return f"!macro {name}\n{body}!macroend\n"


def _there(path: str) -> str:
    """The place of a path on the farmer's computer."""
    return "\\".join(["$INSTDIR", *(_quoted(name) for name in path.split("/") if name)])


def _quoted(text: str) -> str:
    return "".join(ESCAPED.get(character, character) for character in text)
