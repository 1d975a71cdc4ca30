"""How much of the line the vaults of this home may take: the farmer's limits, less while somebody works here (pure).

The two vaults of a trial are told the same limits as the one in use, each for itself: told others, a version could see
from its limits that it is being tried out.
"""

from __future__ import annotations

from typing import Final

from node.supervisor.pausing import Verdict
from node.supervisor.settings import RATE_BYTES_PER_S_MIN, Settings
from node.vault.limiting import Limits

EASED_PART: Final = 4  # of a limit
EASED_BYTES_PER_S: Final = 500_000  # where there is no limit: a tenth of a line of 40 megabits


def limits_of(settings: Settings, verdict: Verdict) -> Limits:
    """What the vault in use is told.  While it is paused, reads and audits share what is left while easing."""
    is_less = verdict.is_eased or verdict.is_paused
    rates = (settings.upload_bytes_per_s, settings.download_bytes_per_s)
    upload, download = (eased(rate) if is_less else rate for rate in rates)
    return Limits(upload, download, is_taking=not verdict.is_paused)


def eased(bytes_per_s: int) -> int:
    """The lower share of a limit; a chunk passes all the same in the time that others wait for it."""
    return max(RATE_BYTES_PER_S_MIN, bytes_per_s // EASED_PART) if bytes_per_s else EASED_BYTES_PER_S
