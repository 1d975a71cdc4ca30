"""The index of the decisions names every page, calls it by its title, and says what became of it as the page does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from gui.handbook import DECISIONS, handbook_folder, text_of

FOLDER: Final = handbook_folder() / DECISIONS
LINE: Final = re.compile(r"^\| \[(\d{4})\]\(([^)]+)\) \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)
STATE: Final = re.compile(r"holds|(?:amended|replaced) by \[\d{4}\]\([^)]+\)(?:(?:, | and )\[\d{4}\]\([^)]+\))*")
FIRST_LINES: Final = 5
OVERTAKEN: Final = re.compile(r"^(Amended|Replaced) by (page.+)$", re.MULTILINE)


def pages() -> dict[str, Path]:
    return {path.name: path for path in sorted(FOLDER.glob("*.md")) if path.name != "README.md"}


def lines() -> list[tuple[str, str, str, str, str]]:
    """Number, file, title, sentence and state."""
    return LINE.findall((FOLDER / "README.md").read_text(encoding="utf-8"))


def overtaken_by(first_lines: str) -> tuple[str, ...]:
    """What the top of a page says became of it: how, and by which pages."""
    said = OVERTAKEN.search(first_lines)
    return (said[1].lower(), *re.findall(r"\b\d{4}\b", said[2])) if said else ("holds",)


def test_every_page_has_one_line_and_every_line_its_page():
    assert sorted(file for _, file, *_ in lines()) == list(pages())


def test_a_line_calls_its_page_by_number_and_title():
    for number, file, title, sentence, _ in lines():
        assert file.startswith(f"{number}-")
        assert re.sub(r"^# (\d+\. )?", "", pages()[file].read_text(encoding="utf-8").partition("\n")[0]) == title
        assert sentence.endswith(".")


def test_the_numbers_without_a_page_are_said_to_have_none():
    numbers = [int(name[:4]) for name in pages()]
    said = re.search(r"there is no ([\d, or]+),", (FOLDER / "0001-layout.md").read_text(encoding="utf-8"))
    assert said is not None
    assert {int(number) for number in re.findall(r"\d{4}", said[1])} == set(range(1, max(numbers))) - set(numbers)


def test_a_page_that_was_overtaken_says_so_in_its_first_lines_as_the_index_does():
    for number, file, _, _, state in lines():
        assert STATE.fullmatch(state), (number, state)
        top = "\n".join(pages()[file].read_text(encoding="utf-8").splitlines()[:FIRST_LINES])
        assert overtaken_by(top) == (state.split(" ")[0], *re.findall(r"\[(\d{4})\]", state)), number
        assert all(later in pages() for later in re.findall(r"\((.+?\.md)\)", state)), number


def test_the_handbook_in_the_app_shows_the_index():
    assert text_of(handbook_folder(), DECISIONS) == (FOLDER / "README.md").read_text(encoding="utf-8")
