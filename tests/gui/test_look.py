"""The look: contrast, signs that differ, names for those who do not see, nothing cut off."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QColor, QImage, QPainter
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QScrollArea, QScrollBar, QWidget

from gui.stories.home import Seen, Sign, tell
from gui.tokens import DARK, LIGHT, Look, look
from gui.widgets import plant
from gui.widgets.basics import label
from gui.widgets.land import SKIES
from gui.widgets.mark import ICON_SIZES, app_icon_pixmap
from gui.widgets.nav import beside
from gui.widgets.picture import Picture
from gui.widgets.signs import SIGNS, TONES, draw_sign, sign_pixmap
from gui.window import Window
from tests.gui.conftest import dress
from tests.gui.gallery import dispose, window
from tests.gui.gallery_welcome import SCENES
from tests.gui.samples import HOME, NEXT, NOW, UPDATES, Sample, live, samples, status, update
from tests.gui.write_icons import ICONS, SIGN_SIZES

ROOT = Path(__file__).resolve().parents[2]
BARS = ("#F3F3F3", "#202020")
TEXT = [
    (ink, ground)
    for ink in ("ink", "faint", "leaf", "sky", "honey", "berry", "dusk")
    for ground in ("paper", "card", "shade")
]
TEXT += [
    ("on_leaf", "leaf"),
    ("on_soil", "soil"),
    ("ink", "leaf_soft"),
    ("ink", "hair"),
    ("ink", "dusk_soft"),
    ("faint", "hair"),
]
PICTURE = [("edge", ground) for ground in ("paper", "card", "shade")]
PICTURE += [(tone, f"{tone}_soft") for tone in ("leaf", "sky", "honey", "berry", "dusk")]
PICTURE += [
    ("soil_fill", "soil"),
    ("soil_fill", "soil_track"),
    ("berry", "leaf_soft"),
    ("dusk", "leaf_soft"),
    ("dusk", "berry_soft"),
]


def luminance(name: str) -> float:
    colour = QColor(name)
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (colour.redF(), colour.greenF(), colour.blueF())
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("c", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_pictures_stand_out_from_their_ground(c: Look):
    for pairs, least in ((TEXT, 4.5), (PICTURE, 3.0)):
        for ink, ground in pairs:
            assert contrast(getattr(c, ink), getattr(c, ground)) >= least, (ink, ground)


def test_plants_stand_out_from_every_sky_and_hill():
    for (hour, is_dark), sky in SKIES.items():
        greens = {
            "dawn": [plant.GREENS[is_dark]],
            "dull": [plant.WILTED[is_dark]],
        }.get(hour, [plant.GREENS[is_dark], plant.SPRING[is_dark]])
        for green in greens:
            for ground in (sky.bottom, sky.far_hill, sky.near_hill):
                assert contrast(green.deep, ground) >= 3.0, (hour, is_dark, ground)


def test_the_check_of_contrast_itself_finds_a_fault():
    assert contrast("#EEEEEE", "#FFFFFF") < 1.2
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)


def test_tray_signs_stand_out_on_a_light_and_on_a_dark_bar():
    for sign in SIGNS:
        for bar in BARS:
            assert contrast(TONES[sign], bar) >= 3.0, (sign, bar)


@pytest.mark.parametrize("size", [16, 22])
def test_signs_differ_pairwise_in_shape_and_not_only_in_colour(desk: QApplication, size: int):
    shapes = {sign: covered(sign_pixmap(sign, size).toImage()) for sign in SIGNS}

    for one, other in combinations(SIGNS, 2):
        differing = len(shapes[one] ^ shapes[other])
        assert differing >= 0.09 * size * size, (one, other, differing)


@pytest.mark.parametrize("sign", SIGNS)
def test_a_sign_keeps_clear_of_the_sides_of_its_icon_where_panels_cut_it_off(desk: QApplication, sign: Sign):
    size, clear = 320, 4
    sheet = QImage(size, size, QImage.Format.Format_ARGB32)
    sheet.fill(Qt.GlobalColor.transparent)
    p = QPainter(sheet)
    draw_sign(p, sign, size, TONES[sign])
    p.end()

    assert all(clear <= x < size - clear for x, _ in covered(sheet))


def covered(image: QImage) -> set[tuple[int, int]]:
    return {(x, y) for x in range(image.width()) for y in range(image.height()) if image.pixelColor(x, y).alpha() > 128}


def test_the_app_icon_has_all_its_sizes(desk: QApplication):
    for size in ICON_SIZES:
        image = app_icon_pixmap(size).toImage()
        assert (image.width(), image.height()) == (size, size)
        assert image.pixelColor(size // 2, size // 2).alpha() == 255


def test_the_icon_files_are_those_that_the_app_paints(desk: QApplication):
    for size in ICON_SIZES:
        painted, written = app_icon_pixmap(size).toImage(), QImage(str(ICONS / f"perennial-{size}.png"))
        assert alike(painted, written), size
    for sign in SIGNS:
        for size in SIGN_SIZES:
            assert alike(sign_pixmap(sign, size).toImage(), QImage(str(ICONS / f"tray-{sign}-{size}.png"))), sign


def channels(colour: QColor) -> tuple[int, int, int, int]:
    return colour.red(), colour.green(), colour.blue(), colour.alpha()


def alike(one: QImage, other: QImage) -> bool:
    """The same picture but for rounding, which differs between versions of Qt."""
    if one.size() != other.size():
        return False
    step = max(1, one.width() // 32)
    places = [(x, y) for x in range(0, one.width(), step) for y in range(0, one.height(), step)]
    differing = sum(
        abs(a - b) > 24
        for x, y in places
        for a, b in zip(channels(one.pixelColor(x, y)), channels(other.pixelColor(x, y)), strict=True)
    )
    return differing <= 0.01 * 4 * len(places)


def shown(sample: Sample, size: tuple[int, int] | None = None) -> Window:
    one = window()
    story = tell(sample.seen, NOW, offer="start", refusal=sample.refusal, refused=sample.refused)
    one.show_main()
    one.go(sample.page)
    one.show_story(story, story.sign)
    return settled(one, size)


def settled(one: Window, size: tuple[int, int] | None = None) -> Window:
    if size is not None:
        one.resize(*size)
    one.show()
    for _ in range(4):
        QApplication.processEvents()
    return one


def faults(root: QWidget) -> list[str]:
    """What is cut off, and what has no name."""
    found = []
    for one in root.findChildren(QWidget):
        if not one.isVisibleTo(root):
            continue
        if isinstance(one, QLabel) and one.text():
            need = one.heightForWidth(one.width()) if one.wordWrap() else one.sizeHint().height()
            is_narrow = not one.wordWrap() and one.width() + 1 < one.sizeHint().width()
            if one.height() + 1 < need or is_narrow:
                found.append(f"cut off: {one.text()!r} {one.width()}x{one.height()} needs {need}")
        if isinstance(one, QAbstractButton) and one.width() + 1 < one.sizeHint().width():
            found.append(f"button too small: {one.text()!r}")
        if isinstance(one, QAbstractButton) and not isinstance(one, QScrollBar) and one.height() < 26:
            found.append(f"hard to hit: {one.text()!r}")
        inner = one.widget() if isinstance(one, QScrollArea) else None
        if isinstance(one, QScrollArea) and inner and inner.minimumSizeHint().width() > one.viewport().width():
            found.append(f"wider than its window: {one.accessibleName()}")
        if isinstance(one, QAbstractButton) and not accessible(one):
            found.append(f"no name: {one}")
        if isinstance(one, Picture) and type(one).__name__ not in ("Glyph", "Pictogram") and not one.accessibleName():
            found.append(f"picture without words: {type(one).__name__}")
        if isinstance(one, Picture) and one.height() < one.heightForWidth(one.width()):
            found.append(f"picture cut off: {type(one).__name__} {one.width()}x{one.height()}")
    return found


def accessible(one: QWidget) -> str:
    return QAccessible.queryAccessibleInterface(one).text(QAccessible.Text.Name)


@pytest.fixture(scope="module", params=[False, True], ids=["light", "dark"])
def same_window(qapp: QApplication, request: pytest.FixtureRequest) -> Iterator[Window]:
    """One window for all that is said in one look, as a person has it; nothing of one state may stay in the next."""
    dress(qapp, is_dark=request.param)
    one = window()
    one.show_main()
    yield one
    dispose(one)


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.name)
def test_nothing_is_cut_off_and_everything_has_a_name(same_window: Window, sample: Sample):
    story = tell(sample.seen, NOW, offer="start", refusal=sample.refusal, refused=sample.refused)
    same_window.go(sample.page)
    same_window.show_story(story, story.sign)

    assert faults(settled(same_window)) == []


@pytest.mark.parametrize("points", [9.0, 14.0])
@pytest.mark.parametrize("name", ["attention", "lost", "trial-late", "refused-lossy"])
def test_it_fits_the_smallest_window_and_a_small_and_a_large_font(qapp: QApplication, name: str, points: float):
    dress(qapp, is_dark=False, points=points)

    one = shown(next(sample for sample in samples() if sample.name == name), (720, 560))

    assert faults(one) == []
    dispose(one)
    dress(qapp, is_dark=False)


@pytest.mark.parametrize("points", [9.0, 13.5])
@pytest.mark.parametrize("word", ["0a" * 32, "/slots/app/" + "0a" * 32 + "/node/cli", "x" * 200], ids=len)
def test_a_word_longer_than_a_line_is_broken_rather_than_cut_off(qapp: QApplication, points: float, word: str):
    dress(qapp, is_dark=False, points=points)
    one, what = window(), f"/home/ada{word} is damaged: it is not there."
    notes = msgspec.structs.replace(update("0.1.1", NEXT, "announced", word), notes=word)
    for page, seen in ((HOME, Seen("lost")), (UPDATES, live(status(), (notes,)))):
        story = tell(seen, NOW, trouble=what, refusal=what)
        one.show_main()
        one.go(page)
        one.show_story(story, story.sign)

        assert faults(settled(one, (720, 560))) == [], page
    assert one.home.refusal.text() == what
    dispose(one)


def test_what_can_be_copied_is_copied_as_it_stands(desk: QApplication):
    folder = "/media/ada/" + "x" * 40
    one = label(folder, is_selectable=True)

    one.setSelection(0, len(folder))

    assert one.selectedText() == folder


def test_in_german_nothing_is_cut_off_in_the_way_or_left_in_english():
    """Also with large type in the smallest window, and mirrored as where people write from the right."""
    command = [sys.executable, "-m", "tests.gui.in_german"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


@pytest.mark.parametrize("points", [9.0, 14.0])
def test_the_first_run_fits_in_all_that_it_says(qapp: QApplication, points: float):
    dress(qapp, is_dark=False, points=points)
    one = window()
    for name, show in SCENES.items():
        show(one)
        assert faults(settled(one, (720, 560))) == [], name
    dispose(one)
    dress(qapp, is_dark=False)


def test_the_check_of_faults_itself_finds_them(desk: QApplication):
    one = shown(samples()[2])
    one.home.headline.setFixedHeight(5)
    one.home.garden.setAccessibleName("")

    assert len(faults(one)) == 2
    dispose(one)


def test_the_pictures_say_what_they_show(desk: QApplication):
    one = shown(next(sample for sample in samples() if sample.name == "trial"))

    assert one.home.garden.accessibleName() == "Everything is fine."
    assert "12 MB of 256 MB in use" in one.home.garden.accessibleDescription()
    assert "0.1.1 is being tried out" in one.home.garden.accessibleDescription()
    dispose(one)


def test_each_state_has_its_own_picture(desk: QApplication):
    pictures = {}
    for sample in samples():
        if sample.page == 0 and sample.name in ("starting", "fine", "trial", "paused", "problem"):
            one = shown(sample)
            one.home.garden.resize(400, 200)
            pictures[sample.name] = one.home.garden.grab().toImage()
            dispose(one)

    assert all(pictures[a] != pictures[b] for a, b in combinations(pictures, 2))


def test_a_change_of_the_theme_reaches_what_is_painted(qapp: QApplication):
    dress(qapp, is_dark=False)
    one = shown(samples()[2])
    light = one.grab().toImage().pixelColor(one.width() - 6, 6).name()

    dress(qapp, is_dark=True)
    settled(one)
    dark = one.grab().toImage().pixelColor(one.width() - 6, 6).name()

    assert (light.upper(), dark.upper()) == (LIGHT.paper, DARK.paper)
    assert look() is DARK
    dispose(one)
    dress(qapp, is_dark=False)


def test_what_is_painted_in_the_sidebar_is_mirrored_where_people_write_from_the_right(desk: QApplication):
    one = QWidget()
    one.resize(200, 40)

    picture, words = beside(one, 12, 20, 10)
    one.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    mirrored_picture, mirrored_words = beside(one, 12, 20, 10)

    assert (picture.left(), words.left(), words.right()) == (12, 42, 200)
    assert (mirrored_picture.right(), mirrored_words.left(), mirrored_words.right()) == (188, 0, 158)
    dispose(one)


def test_painting_leaves_the_painter_as_it_was(desk: QApplication):
    image = QImage(64, 64, QImage.Format.Format_ARGB32)
    p = QPainter(image)
    plant.grown(p, p.viewport().center().toPointF(), 40, is_dark=False)
    assert p.transform().isIdentity()
    p.end()
