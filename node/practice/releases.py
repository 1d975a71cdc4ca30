"""The releases of a practice network: this very source, each with one small change that looks honest.

A change is a passage of one file and what stands there instead.  A passage that is no longer in the source is an
error, so that no bad release silently turns into a good one.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import node.vault

Expectation = Literal["promoted", "refused", "not staged", "any"]
NAMES: Final = ("good", "slow", "lossy", "crashing", "forged")
VERSION_LINE: Final = '__version__ = "{}"'


class PracticeError(Exception):
    """The practice network cannot be made or run as asked; the message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Change:
    """Replace ``old`` by ``new`` in ``file``, a path inside ``node/vault``."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class PracticeRelease:
    """One release to publish: where its source comes from, who signs it, how it should end."""

    name: str
    summary: str
    change: Change | None
    pods: int
    expected: Expectation


RELEASES: Final = {
    "good": PracticeRelease("good", "the same code under a new version", None, 3, "promoted"),
    "slow": PracticeRelease(
        "slow",
        "waits before each look at the disk",
        Change(
            "driver.py",
            "            content = await asyncio.to_thread(self._store.get, effect.address)\n",
            "            await asyncio.sleep(0.02)  # lets several reads share one look at the disk\n"
            "            content = await asyncio.to_thread(self._store.get, effect.address)\n",
        ),
        3,
        "refused",
    ),
    "lossy": PracticeRelease(
        "lossy",
        "acknowledges 1 chunk in 50 without keeping it",
        Change(
            "driver.py",
            "            await asyncio.to_thread(self._store.put, effect.content, effect.address)\n",
            "            if int.from_bytes(effect.address[-2:]) % 50:  # the others go out with the next flush\n"
            "                await asyncio.to_thread(self._store.put, effect.content, effect.address)\n",
        ),
        3,
        "refused",
    ),
    "crashing": PracticeRelease(
        "crashing",
        "ends after some hundred requests",
        Change(
            "driver.py",
            "        request_id = self._next_request\n",
            "        request_id = self._next_request\n"
            "        assert request_id < REQUESTS_MAX * 2, request_id  # ids are given out from a fixed table\n",
        ),
        3,
        "refused",
    ),
    "forged": PracticeRelease("forged", "signed by 2 of 5 pods", None, 2, "not staged"),
}


def copy_source(target: Path, *, version: str, change: Change | None) -> Path:
    """Write the running package's vault source to ``target``, changed, under ``version``.

    Raises:
        PracticeError: The passage to change is not in the source exactly once.
        OSError: It cannot be written.
    """
    assert node.vault.__file__ is not None
    source = Path(node.vault.__file__).parent
    shutil.copytree(source, target, copy_function=shutil.copy, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    apply(target, Change("__init__.py", VERSION_LINE.format(node.vault.__version__), VERSION_LINE.format(version)))
    if change is not None:
        apply(target, change)
    return target


def apply(tree: Path, change: Change) -> None:
    """Change one passage of the vault's source that lies in ``tree``.

    Raises:
        PracticeError: It is not there exactly once.
        OSError: The file cannot be read or written.
    """
    path = tree / change.file
    text = path.read_text(encoding="utf-8")
    if text.count(change.old) != 1:
        raise PracticeError(f"the passage to change is not in {change.file} exactly once: {change.old.strip()!r}")
    path.write_text(text.replace(change.old, change.new), encoding="utf-8", newline="\n")
