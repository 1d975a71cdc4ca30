"""Help shows the handbook's own files: its links work, foreign ones open nothing, nothing outside of it is read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QFontMetricsF, QGuiApplication
from PySide6.QtWidgets import QApplication, QTextBrowser, QTreeWidget, QTreeWidgetItem

from gui.handbook import CHAPTER_BYTES_MAX, DECISIONS, Link, contents, follow, handbook_folder, icon_file, slug, text_of
from gui.pages.help import HelpPage
from gui.stories.home import tell
from gui.texts import help as help_texts
from gui.tokens import font
from gui.window import Window
from tests.gui.conftest import dress
from tests.gui.gallery import dispose, window
from tests.gui.samples import NOW, samples
from tests.gui.test_look import faults, settled

LINK = re.compile(r"\]\(([^)]+)\)")


def shown(size: tuple[int, int] | None = None) -> Window:
    one = window()
    story = tell(samples()[3].seen, NOW)
    one.show_main()
    one.show_story(story, story.sign)
    one.show_help()
    return settled(one, size)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    folder = tmp_path / "handbook"
    (folder / "decisions").mkdir(parents=True)
    (folder / "farmer.md").write_text(
        "# For you\n\n## The signs\n\nSee [others](b.md#two-words) or [out](https://a.b/c).\n"
    )
    (folder / "b.md").write_text("# Others\n\n" + "Text.\n\n" * 80 + "## Two words\n\n![x](/etc/hostname)\n\nBack.\n")
    (folder / "a.md").write_text("# Zebras\n")
    (folder / "decisions" / "0001-one.md").write_text("# The first\n\nSee [home](../farmer.md).\n")
    (tmp_path / "secret.md").write_text("# Secret\n")
    return folder


class TestTheFiles:
    def test_those_for_the_person_at_home_come_first_and_the_decisions_last(self, book: Path):
        assert [one.title for one in contents(book)] == ["For you", "Others", "Zebras", "Decisions"]
        assert contents(book)[0].sections == ("The signs",)

    def test_the_decisions_are_listed_by_their_titles(self, book: Path):
        assert text_of(book, DECISIONS) == "# Decisions\n\n- [The first](0001-one.md)\n"
        assert follow(DECISIONS, "0001-one.md") == Link("decisions/0001-one.md")

    def test_a_chapter_is_read_in_the_language_of_the_app_and_is_one_chapter_all_the_same(self, book: Path):
        (book / "b.de.md").write_text("# Andere\n", encoding="utf-8")

        assert (text_of(book, "b.md", "de"), text_of(book, "a.md", "de")) == ("# Andere\n", "# Zebras\n")
        assert text_of(book, "b.md").startswith("# Others")
        assert [one.title for one in contents(book)] == ["For you", "Others", "Zebras", "Decisions"]

    def test_nothing_outside_of_the_handbook_is_read(self, book: Path):
        (book / "link.md").symlink_to(book.parent / "secret.md")
        (book / "notes.txt").write_text("# Not a chapter\n")

        assert text_of(book, "../secret.md") == ""
        assert text_of(book, str(book.parent / "secret.md")) == ""
        assert text_of(book, "link.md") == ""
        assert text_of(book, "notes.txt") == ""
        assert text_of(book, "farmer.md") != ""

    def test_a_file_without_end_is_read_to_its_limit(self, book: Path):
        (book / "long.md").write_bytes(b"# Long\n" + b"\xff" * CHAPTER_BYTES_MAX)

        assert len(text_of(book, "long.md")) == CHAPTER_BYTES_MAX

    @pytest.mark.parametrize(
        ("here", "target", "link"),
        [
            ("farmer.md", "pods.md", Link("pods.md")),
            ("farmer.md", "pods.md#keys", Link("pods.md", "keys")),
            ("farmer.md", "#how-to-get-out", Link(heading="how-to-get-out")),
            ("farmer.md", "decisions/", Link(DECISIONS)),
            ("decisions/0001-one.md", "../pods.md", Link("pods.md")),
            ("decisions/0001-one.md", "0002-two.md", Link("decisions/0002-two.md")),
            ("farmer.md", "https://example.net/a", Link(address="https://example.net/a")),
            ("farmer.md", "//example.net/a.md", Link(address="//example.net/a.md")),
            ("farmer.md", "file:///etc/passwd", Link(address="file:///etc/passwd")),
            ("farmer.md", "/etc/a.md", Link(address="/etc/a.md")),
            ("farmer.md", "../../README.md", Link(address="../../README.md")),
        ],
    )
    def test_a_link_stays_inside_or_is_an_address(self, here: str, target: str, link: Link):
        assert follow(here, target) == link


class TestTheHandbookThatShips:
    def test_the_chapter_for_the_farmer_is_there_and_first(self):
        assert contents(handbook_folder())[0].name == "farmer.md"
        assert contents(handbook_folder())[-1].name == DECISIONS
        assert icon_file().is_file()

    def test_every_link_in_it_leads_somewhere(self):
        folder = handbook_folder()
        names = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.md"))]
        for name in (*names, DECISIONS):
            for target in LINK.findall(re.sub(r"`[^`]*`", "", text_of(folder, name))):
                link = follow(name, target)
                text = text_of(folder, link.chapter or name)
                assert link.address == "" or "://" in link.address, (name, target)
                assert text != "", (name, target)
                headings = {slug(line.lstrip("# ")) for line in text.splitlines() if line.startswith("#")}
                assert link.heading == "" or link.heading in headings, (name, target)

    def test_the_chapter_for_the_farmer_says_the_same_in_every_language(self):
        english, german = (text_of(handbook_folder(), "farmer.md", language) for language in ("en", "de"))

        assert english.splitlines()[0] != german.splitlines()[0]
        for what in (r"^#+ ", r"^- ", r"^\d\. ", r"^\|.*\|$", r"\]\([^)]+\)", r"^\*\*|\*\*$"):
            kinds = [re.findall(what, text, re.MULTILINE) for text in (english, german)]
            assert len(kinds[0]) == len(kinds[1]), what
        assert LINK.findall(english) == LINK.findall(german)

    def test_the_chapter_for_the_farmer_speaks_plainly(self):
        text = re.sub(r"\(([^)]*\.md|decisions/)\)", "", text_of(handbook_folder(), "farmer.md")).lower()

        for word in ("node", "peer", "shard", "promotion", "daemon", "hash", "vault", "chunk", "sacrificial"):
            assert not re.search(rf"\b{word}s?\b", text), word


def entry(tree: QTreeWidget, chapter: int, section: int | None = None) -> QTreeWidgetItem:
    found = tree.topLevelItem(chapter)
    if found is not None and section is not None:
        found = found.child(section)
    assert found is not None
    return found


def opened(book: Path) -> tuple[HelpPage, list[bool]]:
    asked: list[bool] = []
    page = HelpPage(book, lambda: asked.append(True))
    page.resize(700, 560)
    page.show()
    QApplication.processEvents()
    return page, asked


class TestThePage:
    def test_a_link_inside_opens_its_chapter_at_its_heading(self, desk: QApplication, book: Path):
        page, _ = opened(book)
        assert page.reader.accessibleName() == "For you"

        page.reader.anchorClicked.emit(QUrl("b.md#two-words"))

        assert page.reader.accessibleName() == "Others"
        assert page.reader.verticalScrollBar().value() > 0
        page.reader.anchorClicked.emit(QUrl("farmer.md"))
        assert page.reader.verticalScrollBar().value() == 0
        dispose(page)

    def test_a_foreign_link_opens_nothing_and_is_shown_to_be_copied(
        self, desk: QApplication, book: Path, monkeypatch: pytest.MonkeyPatch
    ):
        followed: list[object] = []
        monkeypatch.setattr(QTextBrowser, "setSource", lambda *all_of_it: followed.append(all_of_it))
        monkeypatch.setattr("PySide6.QtGui.QDesktopServices.openUrl", followed.append)
        page, _ = opened(book)

        page.reader.anchorClicked.emit(QUrl("https://a.b/c"))
        assert "https://a.b/c" in page.said.text()
        assert page.said.isVisible()
        page._copy.click()

        assert followed == []
        assert not page.reader.openLinks()
        assert QGuiApplication.clipboard().text() == "https://a.b/c"
        assert page.reader.accessibleName() == "For you"
        page.reader.anchorClicked.emit(QUrl("b.md"))
        assert not page.said.isVisible()
        dispose(page)

    def test_a_link_that_leads_nowhere_says_so(self, desk: QApplication, book: Path):
        page, _ = opened(book)

        page.follow("gone.md")

        assert page.said.text() == help_texts.not_there("gone.md")
        assert not page._copy.isVisible()
        dispose(page)

    def test_the_text_loads_nothing(self, desk: QApplication, book: Path):
        page, _ = opened(book)

        assert page.reader.loadResource(2, QUrl("file:///etc/hostname")) is None
        dispose(page)

    def test_the_contents_lead_to_chapters_and_sections(self, desk: QApplication, book: Path):
        page, _ = opened(book)
        tree = page.contents

        assert [entry(tree, 0, 0).text(0), entry(tree, 1).text(0)] == ["The signs", "Others"]
        tree.setCurrentItem(entry(tree, 1))
        assert page.reader.accessibleName() == "Others"
        tree.setCurrentItem(entry(tree, 1, 0))
        assert page.reader.verticalScrollBar().value() > 0
        dispose(page)

    def test_where_there_is_no_handbook_it_says_where_it_belongs(self, desk: QApplication, tmp_path: Path):
        page, _ = opened(tmp_path / "none")

        assert str(tmp_path / "none") in page.reader.toPlainText()
        dispose(page)

    def test_details_are_reached_from_its_foot_and_belong_to_help(self, desk: QApplication):
        one = shown()

        one.help.details.click()

        assert one.pages.currentWidget() is one.details
        assert [item.isChecked() for item in one.sidebar.group.buttons()][-1]
        assert one.focusWidget() is one.details.back
        one.details.back.click()
        assert one.pages.currentWidget() is one.help
        dispose(one)


@pytest.mark.parametrize("points", [10.5, 14.0])
def test_nothing_is_cut_off_and_everything_has_a_name(qapp: QApplication, points: float):
    dress(qapp, is_dark=points > 12, points=points)

    one = shown((720, 560))

    assert faults(one) == []
    assert one.help.reader.horizontalScrollBar().maximum() == 0
    dispose(one)
    dress(qapp, is_dark=False)


@pytest.mark.parametrize("chapter", ["pods.md", "failures-of-others.md"])
def test_long_commands_and_tables_fit_the_column(desk: QApplication, chapter: str):
    one = shown((720, 560))

    one.help.go(chapter)
    settled(one)

    assert one.help.reader.horizontalScrollBar().maximum() == 0
    dispose(one)


def test_the_reading_column_holds_about_sixty_signs(desk: QApplication):
    one = shown((1400, 700))
    sentence = "Perennial lends a little of your disk and your line to a network of home computers that keep"

    wide = QFontMetricsF(font("body")).horizontalAdvance(sentence) / len(sentence)

    assert 52 <= one.help.reader.viewport().width() / wide <= 72
    dispose(one)


def test_a_change_of_the_theme_reaches_the_text(qapp: QApplication):
    dress(qapp, is_dark=False)
    one = shown()
    before = one.help.reader.textCursor().charFormat().foreground().color().name()

    dress(qapp, is_dark=True)
    settled(one)

    assert one.help.reader.textCursor().charFormat().foreground().color().name() != before
    dispose(one)
    dress(qapp, is_dark=False)
