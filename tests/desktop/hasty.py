"""The tray app with less patience: ``python -m tests.desktop.hasty`` tells after a second what else takes minutes.

All else of it is the app itself; how long it waits is tested where its clock is handed in.
"""

from __future__ import annotations

import sys

from gui import notifier
from gui.__main__ import main
from gui.stories import notifications

if __name__ == "__main__":
    setattr(notifications, "HOLD_S", 1.0)  # noqa: B010  (they are constants everywhere else)
    setattr(notifier, "LOOK_S", 0.5)  # noqa: B010
    sys.exit(main())
