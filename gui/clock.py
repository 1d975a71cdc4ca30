"""The time of day where the computer is."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, tzinfo


class Here(tzinfo):
    """The zone of this computer, summer and winter: what was at noon in July is told so in December, too."""

    def fromutc(self, dt: datetime) -> datetime:
        local = dt.replace(tzinfo=UTC).astimezone()
        here = local.replace(tzinfo=self)
        return here if here.utcoffset() == local.utcoffset() else here.replace(fold=1)  # the hour that comes twice

    def utcoffset(self, dt: datetime | None) -> timedelta | None:
        if dt is None:
            return None
        try:
            return dt.replace(tzinfo=None).astimezone().utcoffset()
        except (OSError, OverflowError):  # before 1970, of which Windows knows nothing
            return timedelta(seconds=-time.timezone)

    def dst(self, dt: datetime | None) -> timedelta | None:
        return None  # not told apart from the rest of the offset

    def tzname(self, dt: datetime | None) -> str | None:
        return None if dt is None else dt.replace(tzinfo=None).astimezone().tzname()


HERE = Here()


def now() -> datetime:
    """With its zone; a process would else keep the one in which it was started, wherever it is carried."""
    if hasattr(time, "tzset"):
        time.tzset()
    return datetime.now(HERE)
