"""What a release changes, in plain words: files and lines, and what it may do that another one might not."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from node.pod.build import Built
from node.vault.share.tree import TreeFile

LINES_MAX: Final = 20_000  # of one file


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file that differs.  Lines are None where they cannot be counted: no text, or too much of it."""

    path: str
    kind: str  # added, removed or changed
    lines_added: int | None
    lines_removed: int | None

    def __str__(self) -> str:
        if self.lines_added is None or self.lines_removed is None:
            return f"{self.kind} {self.path}: not comparable by lines"
        return f"{self.kind} {self.path}: +{self.lines_added} -{self.lines_removed} lines"


def changes(before: Built | None, after: Built) -> list[FileChange]:
    """The files in which ``after`` differs, sorted by path; all of them if there is nothing before."""
    old = {file.path: file for file in before.files} if before else {}
    new = {file.path: file for file in after.files}
    found = []
    for path in sorted({**old, **new}):
        there, here = old.get(path), new.get(path)
        if there is None or here is None or (there.sha256, there.is_executable) != (here.sha256, here.is_executable):
            kind = "added" if there is None else "removed" if here is None else "changed"
            added, removed = _lines(_content(before, there), _content(after, here))
            found.append(FileChange(path, kind, added, removed))
    return found


def gained(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The capabilities in ``after`` that ``before`` does not have, each in a few words, sorted."""
    found = []
    for name in sorted(after):
        old, new = before.get(name), after[name]
        if isinstance(new, list):
            there = old if isinstance(old, list) else []
            found += [f"{name}: {item}" for item in new if item not in there]
        elif isinstance(new, bool) or not isinstance(new, int):
            found += [name if new is True else f"{name}: {new}"] if new not in (old, False, None) else []
        elif type(old) is not int or new > old:
            found.append(f"{name}: {new} instead of {old if type(old) is int else 0}")
    return found


def _content(built: Built | None, file: TreeFile | None) -> bytes:
    return built.content(file) if built and file else b""


def _lines(old: bytes, new: bytes) -> tuple[int | None, int | None]:
    try:
        before, after = old.decode().splitlines(), new.decode().splitlines()
    except UnicodeDecodeError:
        return None, None
    if max(len(before), len(after)) > LINES_MAX:
        return None, None
    # Lines that occur very often are not matched: that may count too many as changed, never too few.
    blocks = difflib.SequenceMatcher(None, before, after).get_matching_blocks()
    same = sum(block.size for block in blocks)
    return len(after) - same, len(before) - same
