"""What was found: one line for each row and seed, on the disk as soon as it is known."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from tests.candidates.rows import End, ModelledRow, Row, digest


class Line(msgspec.Struct, frozen=True):
    """``source``: the tree of ``node/`` that was tried.  ``asked``: ``rows.digest``.  ``load``: of the machine."""

    row: str
    seed: int
    source: str
    asked: str
    complaints: tuple[str, ...]
    ends: tuple[End, ...]
    seconds: float
    load: float


class Results:
    """The lines of one file.  Lines about other source are kept, and count only with ``is_any_source``."""

    def __init__(self, file: Path, source: str, *, is_any_source: bool) -> None:
        self._file = file
        self._source = source
        self._is_any_source = is_any_source
        self._lines = _read(file)

    def found(self, row: Row | ModelledRow, seed: int) -> Line | None:
        """The newest line that counts."""
        asked = digest(row)
        lines = (line for line in reversed(self._lines) if (line.row, line.seed, line.asked) == (row.name, seed, asked))
        return next((line for line in lines if self._is_any_source or line.source == self._source), None)

    def add(self, line: Line) -> None:
        """Append it, durably; a line that was torn off before it stays alone."""
        is_torn = self._file.exists() and self._file.stat().st_size and not self._file.read_bytes().endswith(b"\n")
        with self._file.open("ab") as file:
            file.write(b"\n" * bool(is_torn) + msgspec.json.encode(line) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self._lines.append(line)


def _read(file: Path) -> list[Line]:
    lines = []
    for content in file.read_bytes().splitlines() if file.exists() else ():
        try:
            lines.append(msgspec.json.decode(content, type=Line))
        except msgspec.DecodeError:
            continue  # torn off by whatever ended the run
    return lines


def source_hash(folder: Path) -> str:
    """The hash of all Python below ``folder``.  Blocking."""
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        whole.update(f"{path.relative_to(folder)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def table(rows: Iterable[Row | ModelledRow], results: Results, seeds: range) -> list[str]:
    """One line for each row: how many seeds ended as they should, and how they ended; complaints below."""
    text = []
    for row in rows:
        lines = [line for seed in seeds if (line := results.found(row, seed)) is not None]
        right = sum(not line.complaints for line in lines)
        verdicts = ", ".join(sorted({end.verdict or "undecided" for line in lines for end in line.ends}))
        note = f"; {row.unseen}" if isinstance(row, Row) and row.unseen else ""
        text.append(f"{right}/{len(lines)}  {row.name}: {verdicts or 'not played'}{note}")
        text += [f"      seed {line.seed}: {complaint}" for line in lines for complaint in line.complaints]
    return text


def line_of(
    row: Row | ModelledRow, seed: int, source: str, ends: tuple[End, ...], found: list[str], seconds: float
) -> Line:
    return Line(
        row.name, seed, source, digest(row), tuple(found), ends, round(seconds, 1), round(os.getloadavg()[0], 1)
    )
