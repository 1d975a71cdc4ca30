"""The way of a release as a garden row: a checked seed, a seedling beside the plant, the plant in use.

Between the stops stands no per cent and no date: the end is random.  Stops differ by picture, word and ring,
never by colour alone.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen

from gui.stories.releases import Way
from gui.texts.release import step
from gui.tokens import Look, Tone, font
from gui.widgets import plant
from gui.widgets.evidence import dotted
from gui.widgets.icons import Shape, draw_shape
from gui.widgets.picture import Picture

_RADIUS = 42.0
_TOP = 46.0
_WRAPPED = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
_ENDED: dict[str, tuple[Shape, Tone]] = {
    "thrown_away": ("cross", "berry"),
    "not_proven": ("equal", "dusk"),
    "taken_back": ("back", "honey"),
}


class ReleasePath(Picture):
    def __init__(self) -> None:
        super().__init__()
        self._way: Way | None = None
        self.fix_height()

    def show_way(self, way: Way | None) -> None:
        self._way = way
        if way is None:
            self.describe("")
        else:
            here = way.stops[way.stage]
            steps = "; ".join(step(i, stop.word, stop.under) for i, stop in enumerate(way.stops, 1))
            self.describe(f"{here.word}, {here.under}".rstrip(" ,"), steps)
        self.updateGeometry()

    def wanted(self) -> QSize:
        return QSize(500, self.height_for(500))

    def smallest(self) -> QSize:
        return QSize(380, self.height_for(500))

    def height_for(self, width: int) -> int:
        word_height, under_height = self._text_heights(width / 3 - 12)
        return round(_TOP + _RADIUS + 12 + word_height + under_height)

    def _text_heights(self, width: float) -> tuple[float, float]:
        """How high the words, and the lines under them, become in a column so wide."""
        stops = self._way.stops if self._way else ()
        words = [stop.word for stop in stops] or [" "]
        unders = [stop.under or " " for stop in stops] or [" "]
        room = QRectF(0, 0, width - 3, 400)  # a little less: drawing rounds otherwise than measuring
        heights = [
            max(QFontMetricsF(face).boundingRect(room, int(_WRAPPED), text).height() for text in texts) + 2
            for face, texts in ((font("head"), words), (font("small"), unders))
        ]
        return heights[0], heights[1]

    def paint(self, p: QPainter, c: Look) -> None:
        if (way := self._way) is None:
            return
        width = float(self.width())
        xs = [width * part for part in (1 / 6, 1 / 2, 5 / 6)]
        for i in (0, 1):
            self._paint_link(p, c, xs[i], xs[i + 1], is_behind=i < way.stage)
        for i, x in enumerate(xs):
            self._paint_stop(p, c, i, QPointF(x, _TOP), way)
            self._paint_words(p, c, i, x, width / 3 - 12, way)

    def _paint_link(self, p: QPainter, c: Look, left: float, right: float, *, is_behind: bool) -> None:
        start, span = left + _RADIUS + 8, right - left - 2 * _RADIUS - 16
        link = QPainterPath(QPointF(start, _TOP + 8))
        link.cubicTo(start + span * 0.35, _TOP - 2, start + span * 0.65, _TOP + 18, start + span, _TOP + 8)
        p.setBrush(Qt.BrushStyle.NoBrush)
        if not is_behind:
            p.setPen(dotted(c.edge, 2, 3.2))
            p.drawPath(link)
            return
        p.setPen(QPen(QColor(c.leaf), 2.4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        p.drawPath(link)
        green = plant.Greens(c.leaf, c.leaf, c.leaf)
        for share, up in ((0.36, 10.0), (0.66, -10.0)):
            at = link.pointAtPercent(share)
            plant.leaf(p, at, at + QPointF(7, up), 3, green)

    def _paint_stop(self, p: QPainter, c: Look, i: int, at: QPointF, way: Way) -> None:
        is_here, is_done = i == way.stage, i < way.stage
        ended = _ENDED.get(way.outcome) if is_here else None
        tone: Tone = ended[1] if ended else "sky" if is_here and way.outcome == "open" and i < 2 else "leaf"
        is_reached = is_here or is_done
        style = Qt.PenStyle.SolidLine if is_reached else Qt.PenStyle.DotLine
        p.setPen(QPen(QColor(c.tone(tone) if is_reached else c.edge), 3 if is_here else 1.6, style))
        p.setBrush(QColor(c.soft(tone) if is_reached else c.card))
        p.drawEllipse(at, _RADIUS, _RADIUS)
        p.save()
        inside = QPainterPath()
        inside.addEllipse(at, _RADIUS - 2, _RADIUS - 2)
        p.setClipPath(inside)
        ground = at.y() + _RADIUS * 0.52
        earth = QRectF(at.x() - _RADIUS, ground, 2 * _RADIUS, _RADIUS)
        p.fillRect(earth, QColor(c.soil if is_reached else c.soil_track))
        self._paint_growth(p, c, i, QPointF(at.x(), ground), is_reached=is_reached, has_ended=ended is not None)
        p.restore()
        if i == 0:
            shape: Shape = "down" if way.is_fetching else "tick"
            colour = c.leaf if is_done else c.sky
            draw_shape(p, shape, QRectF(at.x() - 17, at.y() - _RADIUS * 0.78, 34, 34), colour, 2.2)
        if ended:
            badge = QPointF(at.x() + _RADIUS * 0.72, at.y() - _RADIUS * 0.66)
            p.setPen(QPen(QColor(c.card), 3))
            p.setBrush(QColor(c.tone(tone)))
            p.drawEllipse(badge, 15, 15)
            draw_shape(p, ended[0], QRectF(badge.x() - 9, badge.y() - 9, 18, 18), c.card, 2.4)

    def _paint_growth(self, p: QPainter, c: Look, i: int, root: QPointF, *, is_reached: bool, has_ended: bool) -> None:
        pencilled = None if is_reached else plant.PENCILLED[c.is_dark]
        if i == 0:
            plant.seed(p, QPointF(root.x(), root.y() + 8), 7, c.soil_fill)
        elif i == 1:
            spring = plant.WILTED[c.is_dark] if has_ended else pencilled
            plant.grown(
                p,
                QPointF(root.x() - _RADIUS * 0.34, root.y()),
                _RADIUS * 1.22,
                is_dark=c.is_dark,
                bloom=1.0 if is_reached else 0.0,
                tones=pencilled,
            )
            plant.seedling(
                p, QPointF(root.x() + _RADIUS * 0.42, root.y()), _RADIUS * 0.72, is_dark=c.is_dark, tones=spring
            )
        else:
            tones = plant.WILTED[c.is_dark] if has_ended else pencilled
            bloom = 1.0 if is_reached and not has_ended else 0.0
            droop = 0.8 if has_ended else 0.0
            plant.grown(p, root, _RADIUS * 1.3, is_dark=c.is_dark, bloom=bloom, droop=droop, tones=tones)

    def _paint_words(self, p: QPainter, c: Look, i: int, x: float, width: float, way: Way) -> None:
        face, y = font("body"), _TOP + _RADIUS + 12
        face.setWeight(QFont.Weight.DemiBold if i == way.stage else QFont.Weight.Normal)
        p.setFont(face)
        p.setPen(QColor(c.ink if i <= way.stage else c.faint))
        word_height, under_height = self._text_heights(width)
        p.drawText(QRectF(x - width / 2, y, width, word_height), int(_WRAPPED), way.stops[i].word)
        p.setFont(font("small"))
        p.setPen(QColor(c.faint))
        p.drawText(QRectF(x - width / 2, y + word_height, width, under_height), int(_WRAPPED), way.stops[i].under)
