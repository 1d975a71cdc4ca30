"""Whether the candidate passes on the developers' news: a farm on a version that does not hears of no later one.

Only where the control was seen to do it at the same moment is it held against the candidate.  If neither does, it is
nobody's fault: the network may be silent, or the computer busy.
"""

from __future__ import annotations

import msgspec

from node.trial import verdict as says
from node.trial.events import NewsAsked
from node.trial.profile import Profile


class News(msgspec.Struct):
    """``served``: how often the candidate passed them on.  ``misses``: how often in a row only the control did."""

    served: int = 0
    misses: int = 0
    since_s: float = 0.0  # on the trial's clock, of the first of them

    def hear(self, asked: NewsAsked, at_s: float, profile: Profile) -> str:
        """Take one answer of both; return why the candidate is to be refused, "" as long as it is not."""
        if asked.candidate:
            self.served += 1
            self.misses = 0
            return ""
        if not asked.control:
            return ""
        if self.misses == 0:
            self.since_s = at_s
        self.misses += 1
        missed_s = at_s - self.since_s
        if self.misses < profile.news_misses_min or missed_s < profile.news_s:
            return ""
        return says.keeps_news(self.misses, missed_s)

    def restart(self) -> None:
        """A twin came or went: what it missed before counts no more."""
        self.misses = 0

    def missing(self, served_min: int) -> list[str]:
        """What stands in the way of a promotion, in words."""
        if self.misses:
            return [says.news_kept_lately()]
        return [says.news_unseen()] if self.served < served_min else []
