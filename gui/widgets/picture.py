"""The base of everything painted by hand."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.tokens import Look, look

ANY_WIDTH: Final = 200  # for the question whether a height follows from a width at all


class Picture(QWidget):
    """A painted widget.  What it shows is also said: in its accessible name and description.

    A subclass fills in ``paint`` and ``wanted``; one whose height depends on its width also ``height_for``.
    """

    def __init__(self, name: str = "", description: str = "") -> None:
        super().__init__()
        self.describe(name, description)

    def describe(self, name: str, description: str = "") -> None:
        """Say anew what is to be seen, and paint it anew."""
        self.setAccessibleName(name)
        self.setAccessibleDescription(description)
        self.update()

    def paint(self, p: QPainter, c: Look) -> None:
        """Paint the whole of it in the look ``c``."""
        raise NotImplementedError

    def wanted(self) -> QSize:
        return QSize(-1, -1)

    def smallest(self) -> QSize:
        return self.wanted()

    def height_for(self, width: int) -> int:
        return -1

    def fix_height(self) -> None:
        """As wide as there is room, as high as ``wanted``, or as its width asks for: that may be more."""
        follows = self.hasHeightForWidth()
        high = QSizePolicy.Policy.Minimum if follows else QSizePolicy.Policy.Fixed
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, high)
        policy.setHeightForWidth(follows)
        self.setSizePolicy(policy)

    # From here on the names are Qt's own.

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802  (Qt's name)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.paint(painter, look())

    def sizeHint(self) -> QSize:  # noqa: N802  (Qt's name)
        return self.wanted()

    def minimumSizeHint(self) -> QSize:  # noqa: N802  (Qt's name)
        return self.smallest()

    def hasHeightForWidth(self) -> bool:  # noqa: N802  (Qt's name)
        return self.height_for(ANY_WIDTH) >= 0

    def heightForWidth(self, width: int) -> int:  # noqa: N802  (Qt's name)
        return self.height_for(width)
