"""The look in one place: colours for light and dark, type scale, spacing, radii, and the style sheet.

No other file names a colour, except for the skies of the garden and the tones of the plants.  Which
look is in force is kept by Qt itself, as the palette of the application; ``look()`` reads it.  Where the desktop asks
for high contrast the palette is the desktop's own, and the look is made of it: without colour nothing is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontInfo, QPalette
from PySide6.QtWidgets import QApplication

GAP_4: Final = 4
GAP_8: Final = 8
GAP_12: Final = 12
GAP_16: Final = 16
GAP_24: Final = 24
GAP_32: Final = 32
GAP_48: Final = 48
RADIUS_CONTROL: Final = 8
RADIUS_CARD: Final = 14
RADIUS_PICTURE: Final = 18

Role = Literal["display", "figure", "title", "lead", "head", "body", "small"]
Tone = Literal["ink", "faint", "leaf", "sky", "honey", "berry", "dusk"]

BASE_PX: Final = 14  # the size of the system font for which the window's own size was drawn
SMALLEST_PX: Final = 11
READABLE: Final = 4.5  # the least contrast of a text with its ground
_OF_SYSTEM: Final = "takes the system's colours"  # property of the application
_BOLD: Final = QFont.Weight.DemiBold
_TYPE: Final[dict[Role, tuple[float, QFont.Weight]]] = {
    "display": (1.86, _BOLD),
    "figure": (1.57, _BOLD),
    "title": (1.29, _BOLD),
    "lead": (1.07, QFont.Weight.Normal),
    "head": (1.0, _BOLD),
    "body": (1.0, QFont.Weight.Normal),
    "small": (0.9, QFont.Weight.Normal),
}


@dataclass(frozen=True, slots=True)
class Look:
    """The colours of one theme.  A ``soft`` is the ground of its own colour's mark, never a sign by itself."""

    is_dark: bool
    paper: str  # window
    shade: str  # sidebar
    card: str  # raised surface
    hair: str  # decoration only, never the one bearer of a meaning
    edge: str  # a line that means something: 3:1
    line: str  # the outline of a card or a menu; decoration, but where high contrast is asked for
    ink: str  # text
    faint: str  # second text, still 4.5:1
    idle: str  # text of what cannot be used now
    leaf: str  # fine, accent
    leaf_soft: str
    on_leaf: str
    sky: str  # a new version
    sky_soft: str
    honey: str  # needs you, taken back
    honey_soft: str
    berry: str  # problem, thrown away, the limit
    berry_soft: str
    dusk: str  # paused, starting, unknown, not proven
    dusk_soft: str
    soil: str  # the bed under the plant
    on_soil: str
    soil_track: str
    soil_fill: str
    is_of_system: bool = False  # made of the desktop's own colours, because it asks for high contrast

    def tone(self, name: Tone) -> str:
        return {
            "ink": self.ink,
            "faint": self.faint,
            "leaf": self.leaf,
            "sky": self.sky,
            "honey": self.honey,
            "berry": self.berry,
            "dusk": self.dusk,
        }[name]

    def soft(self, name: Tone) -> str:
        """The ground on which a mark of this tone stands."""
        return {
            "leaf": self.leaf_soft,
            "sky": self.sky_soft,
            "honey": self.honey_soft,
            "berry": self.berry_soft,
        }.get(name, self.dusk_soft)


LIGHT: Final = Look(
    is_dark=False,
    paper="#F7F5EF",
    shade="#EEEBE1",
    card="#FFFEFB",
    hair="#E2DDD0",
    edge="#827D70",
    line="#E2DDD0",
    ink="#22302A",
    faint="#58635C",
    idle="#58635C",
    leaf="#2A7648",
    leaf_soft="#E0EEDD",
    on_leaf="#FFFFFF",
    sky="#2A6BA6",
    sky_soft="#E0ECF5",
    honey="#8F5B00",
    honey_soft="#FBEBCB",
    berry="#AE362E",
    berry_soft="#F9E2DD",
    dusk="#5A6672",
    dusk_soft="#E6E8E8",
    soil="#4A3A2F",
    on_soil="#F6EEE2",
    soil_track="#695647",
    soil_fill="#B5DA97",
)
DARK: Final = Look(
    is_dark=True,
    paper="#171C19",
    shade="#121613",
    card="#1F2622",
    hair="#303A34",
    edge="#7C897F",
    line="#303A34",
    ink="#E9EDE5",
    faint="#A9B5AC",
    idle="#A9B5AC",
    leaf="#7CC796",
    leaf_soft="#24392C",
    on_leaf="#0E1A13",
    sky="#86B8EA",
    sky_soft="#203345",
    honey="#E9B85A",
    honey_soft="#3D321B",
    berry="#F0958A",
    berry_soft="#432522",
    dusk="#A7B2BD",
    dusk_soft="#2B3236",
    soil="#2A211B",
    on_soil="#EFE6DA",
    soil_track="#4B3D33",
    soil_fill="#9CC881",
)


def look() -> Look:
    """The look in force, read from the application's palette."""
    app, palette = QApplication.instance(), QApplication.palette()
    if app is not None and app.property(_OF_SYSTEM):
        return _look_of(palette)
    return DARK if palette.color(QPalette.ColorRole.Window).lightness() < 128 else LIGHT


def use(app: QApplication, *, is_dark: bool) -> None:
    """Put one look in force for the whole application: palette and style sheet."""
    c = DARK if is_dark else LIGHT
    palette = QPalette()
    role = QPalette.ColorRole
    for name, colour in (
        (role.Window, c.paper),
        (role.Base, c.card),
        (role.AlternateBase, c.shade),
        (role.Button, c.card),
        (role.WindowText, c.ink),
        (role.Text, c.ink),
        (role.ButtonText, c.ink),
        (role.ToolTipBase, c.card),
        (role.ToolTipText, c.ink),
        (role.Highlight, c.leaf),
        (role.HighlightedText, c.on_leaf),
        (role.PlaceholderText, c.faint),
        (role.Link, c.leaf),
    ):
        palette.setColor(name, QColor(colour))
    for name in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, name, QColor(c.faint))
    app.setProperty(_OF_SYSTEM, False)
    app.setPalette(palette)
    app.setStyleSheet(style_sheet(c))


def use_system(app: QApplication, palette: QPalette | None = None) -> None:
    """Put the desktop's own colours in force, as whoever asked it for high contrast has chosen them."""
    app.setProperty(_OF_SYSTEM, True)
    app.setPalette(QPalette() if palette is None else palette)  # an empty one: back to the desktop's
    app.setStyleSheet(style_sheet(look()))


def _look_of(palette: QPalette) -> Look:
    """Text and lines in the desktop's colour for text, all on its ground; its accent where that can be read there.

    The tones are one: what they tell is told by word and shape as well.  The soil stays a part of the picture.
    """
    paper, ink = _name(palette, "Window"), _name(palette, "WindowText")
    leaf, on_leaf = _name(palette, "Highlight"), _name(palette, "HighlightedText")
    if min(contrast(leaf, paper), contrast(leaf, on_leaf)) < READABLE:
        leaf, on_leaf = ink, paper
    grounds = dict.fromkeys(
        ("paper", "shade", "card", "hair", "leaf_soft", "sky_soft", "honey_soft", "berry_soft", "dusk_soft"), paper
    )
    inks = dict.fromkeys(("edge", "line", "ink", "faint", "sky", "honey", "berry", "dusk"), ink)
    others = {"leaf": leaf, "on_leaf": on_leaf, "idle": _name(palette, "WindowText", "Disabled")}
    return replace(DARK if QColor(paper).lightness() < 128 else LIGHT, **grounds, **inks, **others, is_of_system=True)  # type: ignore[arg-type]


def _name(palette: QPalette, role: str, group: str = "Active") -> str:
    return palette.color(QPalette.ColorGroup[group], QPalette.ColorRole[role]).name()


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, 1 to 21.  Source: WCAG 2.2, contrast ratio."""
    darker, lighter = sorted((_luminance(QColor(one)), _luminance(QColor(other))))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: QColor) -> float:
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (colour.redF(), colour.greenF(), colour.blueF())
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def base_px() -> int:
    """The height of the user's own font; all other sizes are factors of it."""
    return max(12, QFontInfo(QApplication.font()).pixelSize())


def scale() -> float:
    """By how much the user's font is larger than the one the sizes were drawn for; at least 1."""
    return max(1.0, base_px() / BASE_PX)


def font(role: Role = "body") -> QFont:
    """The system's font in the size and weight of one role; figures of equal width."""
    factor, weight = _TYPE[role]
    result = QFont(QApplication.font())
    result.setPixelSize(max(SMALLEST_PX, round(base_px() * factor)))
    result.setWeight(weight)
    if role in ("figure", "small", "body"):
        result.setFeature(QFont.Tag("tnum"), 1)  # figures that stand under one another
    return result


def fixed_font() -> QFont:
    """The system's font of equal widths, for commands, logs and what must be copied exactly."""
    result = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    result.setPixelSize(max(SMALLEST_PX, round(base_px() * _TYPE["small"][0])))
    return result


def style_sheet(c: Look) -> str:
    """What the toolkit draws itself, in our colours."""
    tones = "".join(
        f'QLabel[tone="{name}"] {{ color: {c.tone(name)}; }}\n'
        for name in ("faint", "leaf", "sky", "honey", "berry", "dusk")
    )
    dot = 2 * round(4 * scale())  # the middle of a chosen point
    return f"""
    QWidget#window, QStackedWidget, QWidget#page {{ background: {c.paper}; border: 0; }}
    QScrollArea {{ background: {c.paper}; border: 2px solid {c.paper}; }}
    QScrollArea:focus {{ border: 2px solid {c.leaf}; }}
    QFrame#card {{ background: {c.card}; border: 1px solid {c.line}; border-radius: {RADIUS_CARD}px; }}
    QFrame#rule {{ background: {c.line}; border: 0; max-height: 1px; min-height: 1px; }}
    QLabel {{ background: transparent; color: {c.ink}; }}
    {tones}
    QLabel:disabled {{ color: {c.idle}; }}
    QPushButton {{ background: {c.card}; color: {c.ink}; border: 1px solid {c.edge};
        border-radius: {RADIUS_CONTROL}px; padding: 7px 16px; }}
    QPushButton:hover {{ background: {c.shade}; }}
    QPushButton:pressed {{ background: {c.hair}; }}
    QPushButton:focus {{ border: 2px solid {c.leaf}; padding: 6px 15px; }}
    QPushButton:disabled {{ color: {c.idle}; border: 1px solid {c.line}; background: {c.paper}; }}
    QPushButton[kind="main"] {{ background: {c.leaf}; color: {c.on_leaf}; border: 1px solid {c.leaf};
        font-weight: 600; }}
    QPushButton[kind="main"]:focus {{ border: 2px solid {c.ink}; }}
    QPushButton[kind="main"]:disabled {{ color: {c.idle}; background: {c.hair}; border: 1px solid {c.line}; }}
    QLineEdit {{ background: {c.card}; color: {c.ink}; border: 1px solid {c.edge};
        border-radius: {RADIUS_CONTROL}px; padding: 6px 10px; selection-background-color: {c.leaf};
        selection-color: {c.on_leaf}; }}
    QLineEdit:focus {{ border: 2px solid {c.leaf}; padding: 5px 9px; }}
    QLineEdit:disabled {{ color: {c.idle}; border: 1px solid {c.line}; background: {c.paper}; }}
    QRadioButton {{ background: transparent; color: {c.ink}; spacing: 10px; padding: 2px 6px 2px 2px;
        border: 2px solid transparent; border-radius: {RADIUS_CONTROL}px; }}
    QRadioButton:focus {{ border: 2px solid {c.ink}; }}
    QRadioButton:disabled {{ color: {c.idle}; }}
    QRadioButton::indicator {{ width: {dot + 6}px; height: {dot + 6}px; border: 2px solid {c.edge};
        border-radius: {dot // 2 + 5}px; background: {c.card}; }}
    QRadioButton::indicator:checked {{ width: {dot}px; height: {dot}px; border: 5px solid {c.leaf}; }}
    QRadioButton::indicator:checked:disabled {{ border: 5px solid {c.edge}; }}
    QTreeWidget#contents {{ background: {c.paper}; color: {c.ink}; border: 2px solid {c.paper}; outline: 0; }}
    QTreeWidget#contents:focus {{ border: 2px solid {c.leaf}; border-radius: {RADIUS_CONTROL}px; }}
    QTreeWidget#contents::item {{ border-radius: {RADIUS_CONTROL}px; padding: 4px 8px; }}
    QTreeWidget#contents::item:hover {{ background: {c.shade}; }}
    QTreeWidget#contents::item:selected {{ background: {c.leaf_soft}; color: {c.ink}; }}
    QTextBrowser {{ background: {c.paper}; color: {c.ink}; border: 2px solid {c.paper}; }}
    QTextBrowser:focus {{ border: 2px solid {c.leaf}; border-radius: {RADIUS_CONTROL}px; }}
    QPlainTextEdit {{ background: {c.shade}; color: {c.ink}; border: 2px solid {c.shade};
        border-radius: {RADIUS_CONTROL}px; padding: 4px; }}
    QPlainTextEdit:focus {{ border: 2px solid {c.leaf}; }}
    QScrollBar:vertical {{ background: transparent; width: 10px; margin: 2px; }}
    QScrollBar::handle:vertical {{ background: {c.edge}; border-radius: 2px; min-height: 32px; margin: 0 1px; }}
    QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{
        background: none; border: 0; height: 0; }}
    QMenu {{ background: {c.card}; color: {c.ink}; border: 1px solid {c.line}; padding: 4px; }}
    QMenu::item {{ padding: 6px 18px; border-radius: 4px; }}
    QMenu::item:selected {{ background: {c.leaf_soft}; }}
    QMenu::item:disabled {{ color: {c.idle}; }}
    QMenu::separator {{ height: 1px; background: {c.line}; margin: 4px 8px; }}
    QToolTip {{ background: {c.card}; color: {c.ink}; border: 1px solid {c.edge}; padding: 4px; }}
    {_with_contrast(c) if c.is_of_system else ""}
    """


def _with_contrast(c: Look) -> str:
    """Where text stands on another ground than the window's, both are the desktop's pair for it."""
    return f"""
    QPushButton {{ background: palette(button); color: palette(button-text); border: 1px solid palette(button-text); }}
    QLineEdit {{ background: palette(base); color: palette(text); border: 1px solid palette(text); }}
    QPushButton:hover, QPushButton:pressed, QMenu::item:selected, QTreeWidget#contents::item:selected {{
        background: {c.leaf}; color: {c.on_leaf}; }}
    QPushButton[kind="main"]:focus {{ border: 2px dashed {c.on_leaf}; }}
    QPushButton:disabled, QPushButton[kind="main"]:disabled {{ background: {c.paper}; border: 1px solid {c.idle}; }}
    """
