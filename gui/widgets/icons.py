"""Line pictograms on a grid of 20, and marks on a soft disc.  Each stands beside its word, never instead of it."""

from __future__ import annotations

from typing import Final, Literal

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from gui.tokens import Look, Tone, scale
from gui.widgets.picture import Picture

Shape = Literal[
    "home", "updates", "resources", "tick", "cross", "equal", "back", "bang", "dots", "down", "up", "house",
    "disk", "battery", "meter", "clock", "bars", "network", "help",
]  # fmt: skip

# M move, L line, C curve (all with points), E ellipse (cx cy rx ry), R rounded box (x y w h r), D dot.
_SHAPES: Final[dict[Shape, str]] = {
    "home": "M 10 18 C 10 14 9.6 11 10 9 M 10 12 C 5 12 3 9 3 5 C 7 5 10 7 10 12 "
    "M 10 9.5 C 10 5 13 2.5 17 2.5 C 17 6.5 15 9.5 10 9.5 M 4 18 L 16 18",
    "updates": "M 7 18 L 7 9 M 7 11.5 C 2 11.5 1.5 5 6.6 2 C 11.5 5 11.8 11 7 11.5 "
    "M 14.5 18 L 14.5 13 M 14.5 14.4 C 14.5 11.4 16 10 18.4 10 C 18.4 12.6 17 14.4 14.5 14.4 M 3 18 L 17.5 18",
    "tick": "M 4.5 10.6 L 8.4 14.4 L 15.6 6.2",
    "cross": "M 5.5 5.5 L 14.5 14.5 M 14.5 5.5 L 5.5 14.5",
    "equal": "M 5 7.6 L 15 7.6 M 5 12.4 L 15 12.4",
    "back": "M 5 8 L 12 8 C 17 8 17 15 12 15 L 8 15 M 8 4.6 L 4.6 8 L 8 11.4",
    "bang": "M 10 4.4 L 10 11 D 10 15.2",
    "dots": "D 5 10 D 10 10 D 15 10",
    "down": "M 10 4 L 10 15.4 M 5.6 11 L 10 15.4 L 14.4 11",
    "up": "M 10 15.6 L 10 4.2 M 5.6 8.6 L 10 4.2 L 14.4 8.6",
    "resources": "M 2.5 6 L 10.4 6 M 15.4 6 L 17.5 6 E 12.9 6 2.4 2.4 "
    "M 2.5 14 L 4.6 14 M 9.6 14 L 17.5 14 E 7.1 14 2.4 2.4",
    "disk": "R 2.6 5 14.8 10 2.4 M 6 10.6 L 10 10.6 D 14 10.6",
    "battery": "R 2.4 6.4 13 7.2 1.8 M 17.6 9 L 17.6 11 M 5.6 9 L 5.6 11",
    "meter": "M 2.8 14.6 C 2.8 1.6 17.2 1.6 17.2 14.6 M 10 14.2 L 13.4 8.8 D 10 14.2",
    "clock": "E 10 10 7.2 7.2 M 10 5.8 L 10 10.2 L 13 12",
    "bars": "M 7.2 5 L 7.2 15 M 12.8 5 L 12.8 15",
    "network": "E 10 4.4 2.2 2.2 E 3.9 14.6 2.2 2.2 E 16.1 14.6 2.2 2.2 "
    "M 8 6 C 5.6 7.4 4.2 9.6 4 12.2 M 12 6 C 14.4 7.4 15.8 9.6 16 12.2 M 6 16 C 8.6 17.4 11.4 17.4 14 16",
    "help": "M 10 5.2 C 8 3.6 5 3.2 2.4 3.8 L 2.4 15.4 C 5 14.8 8 15.2 10 16.8 "
    "C 12 15.2 15 14.8 17.6 15.4 L 17.6 3.8 C 15 3.2 12 3.6 10 5.2 M 10 5.2 L 10 16.8",
    "house": "M 3 17 L 3 9 C 3 5 6 3 10 3 C 14 3 17 5 17 9 L 17 17 M 1.6 17 L 18.4 17 M 10 3 L 10 17 M 3 10 L 17 10",
}
_COUNT: Final = {"M": 2, "L": 2, "C": 6, "E": 4, "R": 5, "D": 2}


def draw_shape(p: QPainter, shape: Shape, box: QRectF, colour: str, weight: float = 1.6) -> None:
    p.save()
    p.setRenderHint(QPainter.RenderHint.Antialiasing)
    p.translate(box.topLeft())
    p.scale(box.width() / 20, box.height() / 20)
    path, dots = _read(_SHAPES[shape])
    round_cap, round_join = Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
    p.setBrush(Qt.BrushStyle.NoBrush)
    p.setPen(QPen(QColor(colour), weight, Qt.PenStyle.SolidLine, round_cap, round_join))
    p.drawPath(path)
    p.setPen(QPen(QColor(colour), weight * 1.35, Qt.PenStyle.SolidLine, round_cap))
    for dot in dots:
        p.drawPoint(dot)
    p.restore()


def _read(text: str) -> tuple[QPainterPath, list[QPointF]]:
    path, dots, words = QPainterPath(), [], text.split()
    while words:
        verb = words[0]
        n = [float(word) for word in words[1 : 1 + _COUNT[verb]]]
        words = words[1 + _COUNT[verb] :]
        match verb:
            case "M":
                path.moveTo(*n)
            case "L":
                path.lineTo(*n)
            case "C":
                path.cubicTo(*n)
            case "E":
                path.addEllipse(QPointF(n[0], n[1]), n[2], n[3])
            case "R":
                path.addRoundedRect(n[0], n[1], n[2], n[3], n[4], n[4])
            case _:
                dots.append(QPointF(*n))
    return path, dots


class Glyph(Picture):
    """A pictogram on the soft disc of its colour."""

    def __init__(self, shape: Shape, tone: Tone = "dusk", size: int = 24) -> None:
        super().__init__()
        self._shape: Shape = shape
        self._tone: Tone = tone
        self._side = round(size * scale())
        self.setFixedSize(self._side, self._side)

    def show_shape(self, shape: Shape, tone: Tone) -> None:
        self._shape, self._tone = shape, tone
        self.update()

    def paint(self, p: QPainter, c: Look) -> None:
        box = QRectF(self.rect())
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(QColor(c.soft(self._tone)))
        p.drawEllipse(box)
        inset = box.width() * 0.2
        draw_shape(p, self._shape, box.adjusted(inset, inset, -inset, -inset), c.tone(self._tone), 2.1)

    def wanted(self) -> QSize:
        return QSize(self._side, self._side)


class Pictogram(Picture):
    """A pictogram without a disc, before the name of what it stands for."""

    def __init__(self, shape: Shape, tone: Tone = "leaf", size: int = 20) -> None:
        super().__init__()
        self._shape: Shape = shape
        self._tone: Tone = tone
        self._side = round(size * scale())
        self.setFixedSize(self._side, self._side)

    def paint(self, p: QPainter, c: Look) -> None:
        draw_shape(p, self._shape, QRectF(self.rect()), c.tone(self._tone) if self.isEnabled() else c.edge)

    def wanted(self) -> QSize:
        return QSize(self._side, self._side)
