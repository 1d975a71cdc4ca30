"""Writes the icon of the app and the six tray signs as files, for installers and the handbook.

python -m tests.gui.write_icons [FOLDER]
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication

from gui.widgets.mark import ICON_SIZES, app_icon_pixmap
from gui.widgets.signs import SIGNS, sign_pixmap

ICONS = Path(__file__).parents[2] / "resources" / "icons"
SIGN_SIZES = (16, 22, 32)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ICONS
    app = QApplication(["perennial"])
    for size in ICON_SIZES:
        app_icon_pixmap(size).save(str(folder / f"perennial-{size}.png"))
    for sign in SIGNS:
        for size in SIGN_SIZES:
            sign_pixmap(sign, size).save(str(folder / f"tray-{sign}-{size}.png"))
    app.quit()


if __name__ == "__main__":
    main()
