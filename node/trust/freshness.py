"""How old the developers' last word is, and until when it holds.  Pure; nothing here decides what is accepted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from node.trust.chain import Chain
from node.trust.head import decode
from node.trust.metadata import Root, read
from node.trust.policy import confirmed_at
from node.trust.state import MUST_LIVE, read_state


@dataclass(frozen=True, slots=True)
class Freshness:
    """What the newest head says of its age.

    ``signed_at`` is when the developers last signed anything: as a threshold of pods says in the snapshot, or later, as
    the one pod says that confirmed it since.  ``expires_at`` is when the first of the statements ends without which
    nothing may follow; ``expiring`` is that statement's role.  ``lapse_at`` are the delegated roles without which
    everything else goes on: when each of them releases nothing any more.
    """

    signed_at: datetime
    expires_at: datetime
    expiring: str
    lapse_at: tuple[tuple[str, datetime], ...] = ()

    def age_s(self, now: datetime) -> float:
        """How long ago the developers signed.  A pod that dates its word ahead is taken to have signed just now."""
        return max(0.0, (now - self.signed_at).total_seconds())

    def is_expired(self, now: datetime) -> bool:
        return now >= self.expires_at

    def lapsed(self, now: datetime) -> frozenset[str]:
        """The roles that release nothing any more."""
        return frozenset(role for role, at in self.lapse_at if now >= at)


def freshness(chain: Chain) -> Freshness | None:
    """How fresh the head of a chain is; None before the first one."""
    if not chain.head:
        return None
    files = decode(chain.head)
    state = read_state(files)
    root = chain.root(len(files.roots) + 1)
    assert root is not None, "a chain knows the roots of its own head"
    expiries = {
        "timestamp": state.timestamp.signed.expires,
        "snapshot": state.snapshot.signed.expires,
        "targets": state.targets.signed.expires,
        "root": read(root, Root).signed.expires,
        **{role: state.delegated[role].signed.expires for role in MUST_LIVE},
    }
    expiring = min(expiries, key=lambda role: expiries[role])
    confirmed = confirmed_at(state.timestamp.signed) or state.signed_at
    others = sorted(state.delegated.keys() - MUST_LIVE)
    lapse_at = tuple((role, state.delegated[role].signed.expires) for role in others)
    return Freshness(max(state.signed_at, confirmed), expiries[expiring], expiring, lapse_at)
