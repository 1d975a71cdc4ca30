"""How high a statement may be numbered by a certain time.  Pure.

Nothing ever goes back: so if thieves of a threshold of keys could number a statement as high as numbers go, nothing
could follow it, and no root that drops their keys would bring updates back.  Honest numbers grow by one for each
statement, and there are far fewer statements than seconds.  So no number may be ahead of the seconds since 1970, by the
farm's own clock, by more than a day.  That bound grows by one a second: what thieves signed at it can be followed by
the next number a second later.

The clock is the farm's own alone.  One that is lifted to the time at which pods say that they signed would be lifted by
the thieves along with the bound.  A clock that is behind matters only after such an attack: the farm waits until it is
right.  One that is ahead lets thieves number as much higher.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from node.trust.errors import NumberedAhead

AHEAD_MAX: Final = timedelta(days=1)  # clocks of those who sign and of farms differ by less


def check_not_ahead(what: str, numbers: Iterable[int], clock: datetime | None) -> None:
    """Check numbers that a threshold has signed; ``clock`` is this computer's, None where there is no time to go by.

    Raises:
        NumberedAhead: One of them is too high by now.
    """
    if clock is not None and max(numbers, default=0) > highest_by(clock):
        raise NumberedAhead(f"{what} is numbered so high that it cannot be right by now")


def highest_by(clock: datetime) -> int:
    """The highest number that a statement may have at that time."""
    return int((clock + AHEAD_MAX).timestamp())
