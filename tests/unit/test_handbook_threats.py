"""The handbook's chapter on attacks names tests: all of them exist, and no attack that is carried out is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.architecture.sources import ROOT, sources

CHAPTER = ROOT / "resources" / "handbook" / "threat-model.md"


def defined(*folders: str) -> Iterator[str]:
    """The names of all tests below these folders."""
    for source in sources(*folders):
        yield from re.findall(r"^ *(?:async )?def (test_\w+)", source.text, re.MULTILINE)


def named() -> set[str]:
    return set(re.findall(r"\btest_\w+", CHAPTER.read_text(encoding="utf-8")))


def test_every_test_that_the_chapter_names_exists() -> None:
    assert named() - set(defined("tests/")) == set()


def test_every_attack_that_is_carried_out_is_in_the_chapter() -> None:
    assert set(defined("tests/attacks/")) - named() == set()
