"""The words of notifications: what happened, and what it means for you.  Two lines at most, and no exclamation mark."""

from __future__ import annotations

from typing import Final

TITLE_CHARACTERS_MAX: Final = 70  # what desktops show on one or two lines
NEEDS_YOU: Final = "Perennial needs you"
NOT_RUNNING: Final = "Perennial does not run"
NOT_RUNNING_BODY: Final = "Your computer does not help at the moment. Open Perennial to start it again."
PROBLEM_BODY: Final = "It keeps trying by itself. Open Perennial to see what can be done."
ELSE_GOES_ON: Final = "Everything else goes on by itself."
TOOK_OVER: Final = "A new version took over"
OPEN: Final = "Open"


def took_over(version: str, tried: str) -> str:
    """Why it took over, if it was tried out; a version taken without a proof is not said to have done well."""
    did = f"did well for {tried} and is now" if tried else "is now"
    return f"Version {version} {did} in use. There is nothing you need to do."
