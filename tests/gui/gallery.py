"""Every state on every page, light and dark, as pictures to leaf through.

python -m tests.gui.gallery FOLDER [--large] [--right-to-left] [--language de]
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
if "--language" in sys.argv:  # before the texts are imported, which are made only once
    os.environ["PERENNIAL_LANGUAGE"] = sys.argv[sys.argv.index("--language") + 1]

from PySide6.QtCore import QCoreApplication, QEvent, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication, QWidget

from gui.stories.home import Action, tell
from gui.tokens import font
from gui.widgets.basics import Page
from gui.widgets.mark import ICON_SIZES, draw_app_icon
from gui.widgets.signs import SIGNS, sign_pixmap
from gui.window import Window, Wishes
from tests.gui.conftest import dress
from tests.gui.samples import HOME, NOW, samples

PAGES = ("home", "updates", "resources")


def nothing(*_: object) -> None:
    """A wish that is not fulfilled in a picture."""


def window() -> Window:
    return Window(
        Wishes(
            act=nothing,
            grow=nothing,
            close=nothing,
            seen=nothing,
            pause=nothing,
            resume=nothing,
            change=nothing,
        )
    )


def dispose(one: QWidget) -> None:
    """Delete a window now: outside of a running loop ``deleteLater`` alone never happens."""
    one.hide()
    one.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def shoot(app: QApplication, one: Window, path: Path, *, whole: Page | None = None) -> None:
    one.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
    one.show()
    for _ in range(4):
        app.processEvents()
    if whole is not None:  # the whole of this page, however long
        bar = whole.verticalScrollBar()
        for _ in range(3):
            one.resize(one.width(), one.height() + bar.maximum())
            for _ in range(4):
                app.processEvents()
    one.grab().save(str(path))


def icons(path: Path) -> None:
    sheet = QImage(900, 420, QImage.Format.Format_RGB32)
    p = QPainter(sheet)
    p.setRenderHint(QPainter.RenderHint.Antialiasing)
    for half, (ground, ink) in enumerate((("#F3F3F3", "#22302A"), ("#202020", "#E9EDE5"))):
        left = half * 450
        p.fillRect(left, 0, 450, 420, QColor(ground))
        p.setPen(QColor(ink))
        p.setFont(font("small"))
        for i, sign in enumerate(SIGNS):
            x = left + 20 + i * 70
            for size, y in ((16, 24), (22, 56), (32, 94)):
                p.drawPixmap(x, y, sign_pixmap(sign, size))
            p.drawPixmap(x, 144, sign_pixmap(sign, 16).scaled(56, 56))
            p.drawText(QRectF(x - 10, 206, 76, 20), Qt.AlignmentFlag.AlignCenter, sign)
        x = left + 20
        for size in ICON_SIZES[:-1]:
            p.save()
            p.translate(x, 260)
            draw_app_icon(p, size)
            p.restore()
            x += size + 14
    p.end()
    sheet.save(str(path))


def main() -> None:
    from tests.gui.gallery_pages import shoot_pages  # which are made of what is above
    from tests.gui.gallery_welcome import shoot_welcome

    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    app = QApplication(["perennial"])
    if "--right-to-left" in sys.argv:
        app.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    for look in ("light", "dark"):
        dress(app, is_dark=look == "dark", points=13.5 if "--large" in sys.argv else 10.5)
        shoot_welcome(app, folder, look)
        for sample in samples():
            one = window()
            offer: Action | None = "start" if sample.name in ("lost", "never") else None
            story = tell(sample.seen, NOW, offer=offer, refusal=sample.refusal, refused=sample.refused)
            one.show_main()
            one.go(sample.page)
            one.show_story(story, story.sign)
            shoot(
                app,
                one,
                folder / f"{PAGES[sample.page]}-{sample.name}-{look}.png",
                whole=(one.home, one.updates, one.resources)[sample.page] if sample.page != HOME else None,
            )
            dispose(one)
        shoot_pages(app, folder, look)
    icons(folder / "icons.png")


if __name__ == "__main__":
    main()
