"""What the app says in other languages: all of it, with everything that stands in it, and as the app reads it."""

from __future__ import annotations

import re
import string
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PySide6.QtCore import QTranslator

from gui import speaking
from gui.language import FOLDER, number, translate
from gui.texts.app import PAUSE_SHORT
from installers.translate import LANGUAGES, ROOT, Text, release, texts

SAID = {one for path in (ROOT / "gui").rglob("*.py") for one in texts(path.read_text(encoding="utf-8"), path.name)}


@dataclass(frozen=True, slots=True)
class Entry:
    """A text and what it is in one language: one form, or one for each number that the language tells apart."""

    text: Text
    forms: tuple[str, ...]
    is_open: bool


def catalogue(language: str) -> list[Entry]:
    tree = ET.parse(FOLDER / f"perennial_{language}.ts")
    found = []
    for context in tree.getroot().iter("context"):
        for message in context.iter("message"):
            has_plural, told = message.get("numerus") == "yes", message.find("translation")
            assert told is not None
            text = Text(words(context, "name"), words(message, "source"), words(message, "comment"), has_plural)
            forms = tuple(form.text or "" for form in told.iter("numerusform")) or (told.text or "",)
            found.append(Entry(text, forms, told.get("type") == "unfinished"))
    return found


def words(element: ET.Element, name: str) -> str:
    return element.findtext(name) or ""


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def faults(entries: list[Entry], said: set[Text]) -> list[str]:
    """What is missing, too much, or differs from what the app says."""
    known = {entry.text for entry in entries}
    found = [f"not said any more: {one.text}" for one in known - said]
    found += [f"not in the catalogue: {one.text}" for one in said - known]
    for entry in entries:
        text = entry.text.text
        if entry.is_open or not all(form.strip() for form in entry.forms):
            found.append(f"not translated: {text}")
        elif any(fields(form) != fields(text) for form in entry.forms):
            found.append(f"other places than in {text}")
        elif any(form.endswith(".") != text.endswith(".") for form in entry.forms) and len(text) > 1:
            found.append(f"no sentence, or one too much: {text}")
        if entry.text.has_plural and (len(entry.forms) < 2 or not all("%n" in form for form in entry.forms[1:])):
            found.append(f"no count in the plural: {text}")
    return found


def test_everything_has_a_german_text_with_all_that_stands_in_it():
    shown = [entry for entry in catalogue("de") if entry.text.text != MONTHS]
    assert faults(shown, {one for one in SAID if one.text != MONTHS}) == []


def test_the_reasons_of_a_pause_stand_beside_each_other_as_one_kind_of_words():
    german = {entry.text.text: entry.forms[0] for entry in catalogue("de")}

    for reason in PAUSE_SHORT.values():
        assert german[reason].split()[0] in ("im", "außerhalb"), reason


MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"


def test_the_months_are_twelve():
    german = next(entry.forms[0] for entry in catalogue("de") if entry.text.text == MONTHS)
    assert len(german.split()) == 12


def test_every_plural_has_its_english_forms():
    assert faults(catalogue("en"), {one for one in SAID if one.has_plural}) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_app_reads_what_stands_in_the_catalogue(tmp_path: Path, language: str):
    release(language, tmp_path / "made.qm")

    assert (tmp_path / "made.qm").read_bytes() == (FOLDER / f"perennial_{language}.qm").read_bytes()


def test_every_language_has_its_catalogue():
    assert set(speaking.LANGUAGES) == set(LANGUAGES)


def test_a_span_in_a_german_reason_stands_where_many_days_are_tagen():
    told = [form for entry in catalogue("de") if entry.text.context == "reasons" for form in entry.forms]

    wrong = [
        form for form in told if "{span}" in form and not re.search(r"\b(in|nach|von) \{span\}", form, re.IGNORECASE)
    ]

    assert not wrong


def test_what_is_shut_off_is_called_the_same_in_every_german_sentence_on_it():
    told = [form for entry in catalogue("de") if entry.text.context == "sandbox" for form in entry.forms]

    assert not [form for form in told if re.search(r"\b[Ee]r\b", form)]  # it is "es", as in the sentence before it


def test_german_tells_one_from_many():
    german = QTranslator()
    assert german.load(str(FOLDER / "perennial_de.qm"))

    assert [german.translate("app", "%n piece(s)", "", count) for count in (0, 1, 2)] == [
        "%n Stücke", "%n Stück", "%n Stücke",
    ]  # fmt: skip


def test_english_writes_its_numbers_as_ever():
    assert (number(1204), number(0.15, 1), translate("app", "%n piece(s)", "", 1204)) == (
        "1,204",
        "0.1",
        "1,204 pieces",
    )


@pytest.mark.parametrize(
    ("wanted", "spoken"),
    [
        (["de-AT", "en"], "de"),
        (["fr", "de_CH"], "de"),
        (["fr"], "en"),
        ([], "en"),
        (["en-GB", "de"], "en"),
        (["C"], "en"),
    ],
)
def test_it_speaks_the_first_language_of_a_person_that_it_knows(wanted: list[str], spoken: str):
    assert speaking.known(wanted) == spoken


def test_no_text_is_made_before_the_language_is_known():
    asked = (
        "import sys, gui.__main__; print(*(name for name in sys.modules if 'texts' in name or name == 'gui.language'))"
    )
    made = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)

    assert made.stdout == "\n"


class TestChoosing:
    def test_what_a_person_wants_goes_before_the_environment(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv(speaking.VARIABLE, "en")
        speaking.choose("de")
        assert speaking.chosen() == "de"

    def test_the_environment_goes_before_the_system(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv(speaking.VARIABLE, "de")
        speaking.choose(None)
        assert speaking.chosen() == "de"

    def test_without_either_the_system_decides(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv(speaking.VARIABLE, "")  # so that it is put back afterwards
        monkeypatch.delenv(speaking.VARIABLE)
        speaking.choose(None)
        assert speaking.chosen() in speaking.LANGUAGES


class TestThePlantedFaultIsFound:
    TEXT = Text("app", "{count} lost.")
    PLURAL = Text("app", "%n piece(s)", has_plural=True)

    @pytest.mark.parametrize("form", ["", "{anzahl} verloren.", "verloren.", "{count} verloren"])
    def test_a_translation_that_is_none(self, form: str):
        assert faults([Entry(self.TEXT, (form,), is_open=False)], {self.TEXT}) != []

    def test_one_that_is_open(self):
        assert faults([Entry(self.TEXT, ("{count} verloren.",), is_open=True)], {self.TEXT}) != []

    def test_a_plural_without_its_count(self):
        assert faults([Entry(self.PLURAL, ("%n Stück", "Stücke"), is_open=False)], {self.PLURAL}) != []

    def test_a_text_that_is_new_and_one_that_is_old(self):
        assert len(faults([Entry(self.TEXT, ("{count} verloren.",), is_open=False)], {self.PLURAL})) == 2

    def test_a_text_that_is_not_there_literally(self):
        with pytest.raises(ValueError, match="literally"):
            list(texts('translate("app", f"{count} lost")', "planted.py"))


def test_a_good_translation_passes():
    text, plural = TestThePlantedFaultIsFound.TEXT, TestThePlantedFaultIsFound.PLURAL
    good = [
        Entry(text, ("{count} verloren.",), is_open=False),
        Entry(plural, ("ein Stück", "%n Stücke"), is_open=False),
    ]
    assert faults(good, {text, plural}) == []
