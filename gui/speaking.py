"""Which language this process speaks: chosen once, before ``gui.language`` and any text is imported.

The choice lies in the environment, where it outlives nothing but the process, and where tests put theirs.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Final

from PySide6.QtCore import QLocale

VARIABLE: Final = "PERENNIAL_LANGUAGE"
LANGUAGES: Final = ("en", "de")  # the first is that of the sources


def choose(wanted: str | None) -> None:
    """Speak what a person wants; else what the environment says already; else what the system speaks."""
    if wanted is not None or VARIABLE not in os.environ:
        os.environ[VARIABLE] = known([wanted] if wanted is not None else QLocale.system().uiLanguages())


def chosen() -> str:
    """What was chosen.  Without a choice English, whatever the system speaks: a test says the same everywhere."""
    return known([os.environ.get(VARIABLE, "")])


def known(wanted: Iterable[str]) -> str:
    """The first of these that the app speaks, such as ``de`` for ``de-AT``; else English."""
    for name in wanted:
        language = name.replace("_", "-").partition("-")[0].lower()
        if language in LANGUAGES:
            return language
    return LANGUAGES[0]
