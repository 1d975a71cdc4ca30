"""What is said in the language of this process.

A text stands in the sources in English, which is also its key: ``translate("app", "Open Perennial")``.  What it is in
a language stands in ``resources/translations``; also the plural forms of English, which a key does not have.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

from gui.speaking import chosen

if TYPE_CHECKING:
    from PySide6.QtGui import QGuiApplication

FOLDER: Final = Path(__file__).resolve().parents[1] / "resources" / "translations"


def _catalogue(language: str) -> QTranslator:
    """What is said in it; without its file everything is said in the words of the sources."""
    read = QTranslator()
    read.load(str(FOLDER / f"perennial_{language}.qm"))
    return read


LANGUAGE: Final = chosen()
_CATALOGUE: Final = _catalogue(LANGUAGE)


def translate(context: str, text: str, comment: str = "", count: int = -1) -> str:
    """The text in the language of this process; ``%n`` becomes ``count``, in the form that belongs to it.

    Context and text must stand here literally, to be found; ``comment`` tells apart what is the same in English.
    """
    said = _CATALOGUE.translate(context, text, comment, count) or text
    return said.replace("%n", number(count)) if count >= 0 else said


def number(value: float, digits: int = 0) -> str:
    """A number as it is written: 1,204 and 1.2 in English."""
    return figure(f"{value:,.{digits}f}")


def figure(english: str) -> str:
    """A number that was written in English."""
    thousands = translate("app", ",", "between thousands")
    point = translate("app", ".", "before tenths")
    return english.translate({ord(","): thousands, ord("."): point})


def let_qt_speak(app: QGuiApplication) -> None:
    """Let the buttons and file dialogs that come with Qt speak the same, and the window run in its direction.

    Where Qt's own texts were not installed they stay English.
    """
    own = QTranslator(app)
    if own.load(f"qtbase_{LANGUAGE}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        QCoreApplication.installTranslator(own)
    QLocale.setDefault(QLocale(LANGUAGE))
    app.setLayoutDirection(QLocale(LANGUAGE).textDirection())
