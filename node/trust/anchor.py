"""The anchor: what vault releases were last allowed as a whole, and what it takes to go beyond it.

Growth is what a release may do beyond the *anchor*, never beyond the release before: many small steps add up.

    cost 0    the role's threshold                                         a normal trial
    1 to 3    one signature more                                           twice as long
    more      it becomes the new anchor, which takes the high threshold    four times as long

How long a trial lasts is also counted against what a farm has in use: right after a new anchor another release may
already be within it, and who never tried the anchor out tries that one out for as long.

The anchor is ``x-anchor`` of top-level targets: ``{"version": "0.2.0", "capabilities": {...}}``; without one it is
``TODAY``.  Targets are signed by the high threshold and travel in every head, so that a farm which saw nothing before
can check it too: in the statement of ``vault``, whose threshold is lower, it would have to take the anchor on trust.
``x-grown-at`` of the statement of ``vault`` says when anything was last gained; the next gain comes 60 days later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import msgspec

from node.trust.capabilities import TODAY, Capabilities, capabilities_in, cost, read_capabilities
from node.trust.errors import PolicyViolation
from node.trust.layers import VERSION_PATTERN
from node.trust.metadata import Targets, signed_time

ANCHOR_FIELD: Final = "x-anchor"
GROWN_FIELD: Final = "x-grown-at"
SMALL_COST_MAX: Final = 3
GROWTH_FACTOR: Final = 2
ANCHOR_FACTOR: Final = 4
GROWTH_WINDOW: Final = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Anchor:
    """What was last approved as a whole, and as which release of ``vault``; "" for ``TODAY``."""

    version: str
    capabilities: Capabilities


@dataclass(frozen=True, slots=True)
class Terms:
    """What a release must fulfil: how many signatures, and how many times as long as others it is tried out."""

    signatures: int
    trial_factor: int


@dataclass(frozen=True, slots=True)
class Reach:
    """All that the anchor and the releases of ``vault`` in one head may do; ``grown_at`` is when that last grew."""

    capabilities: Capabilities
    grown_at: datetime | None
    signed_at: datetime


class _DeclaredAnchor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: Annotated[str, msgspec.Meta(pattern=rf"^{VERSION_PATTERN.pattern}\Z")]
    capabilities: dict[str, Any]


def anchor_in(targets: Targets) -> Anchor:
    """The anchor that top-level targets name.

    Raises:
        PolicyViolation: There is something else in the field.
    """
    if ANCHOR_FIELD not in targets.unrecognized_fields:
        return Anchor("", TODAY)
    try:
        said = msgspec.convert(targets.unrecognized_fields[ANCHOR_FIELD], _DeclaredAnchor)
    except (msgspec.ValidationError, RecursionError) as error:
        raise PolicyViolation(f"this is no anchor: {error}") from error
    return Anchor(said.version, read_capabilities(said.capabilities))


def terms(
    role: str, version: str, capabilities: Capabilities, anchor: Anchor, *, threshold: int, members: int
) -> Terms:
    """What a release must fulfil for what it may do.

    Args:
        role: Who releases it.
        version: Its version.
        capabilities: What it may do.
        anchor: The one of the same head.
        threshold: How many signatures the role needs for a release that gains nothing.
        members: How many may sign for the role.

    Raises:
        PolicyViolation: No number of signatures is enough.
    """
    if role == "vault" and version == anchor.version:
        if capabilities != anchor.capabilities:
            raise PolicyViolation(f"{role}/{version} is the anchor, and yet may do something else")
        return Terms(threshold, ANCHOR_FACTOR)
    price = cost(anchor.capabilities, capabilities)
    if price == 0:
        return Terms(threshold, 1)
    if role != "vault":
        raise PolicyViolation(f"{role}/{version} may do more than the anchor; only pods can allow that")
    if price > SMALL_COST_MAX:
        raise PolicyViolation(f"{role}/{version} may do so much more than the anchor that it must become the anchor")
    return Terms(min(threshold + 1, members), GROWTH_FACTOR)


def factor_beside(used: Capabilities, new: Capabilities) -> int:
    """How many times as long a release is tried out beside one that may do what ``used`` says, or ``TODAY``."""
    price = cost(_united((TODAY, used)), new)
    if price == 0:
        return 1
    return GROWTH_FACTOR if price <= SMALL_COST_MAX else ANCHOR_FACTOR


def allowed_in(targets: Targets, vault: Targets) -> Capabilities:
    """All that the anchor and the releases of ``vault`` may do.

    Raises:
        PolicyViolation: It is not described as it must be.
    """
    listed = [capabilities_in({} if target.custom is None else target.custom) for target in vault.targets.values()]
    return _united([anchor_in(targets).capabilities, *listed])


def reach_in(targets: Targets, vault: Targets, signed_at: datetime) -> Reach:
    """What a head whose snapshot was signed at that time lets vaults do.

    Raises:
        PolicyViolation: A field holds something else, or more is allowed than ``TODAY`` and it is not said since when.
    """
    reach = allowed_in(targets, vault)
    grown_at = signed_time(vault, GROWN_FIELD)
    is_needed = GROWN_FIELD in vault.unrecognized_fields or cost(TODAY, reach) > 0
    if is_needed and (grown_at is None or grown_at > signed_at):
        raise PolicyViolation("vault does not say when its capabilities grew, or names a time to come")
    return Reach(reach, grown_at, signed_at)


def check_growth(new: Reach, held: Reach) -> None:
    """Check that what vaults may do grows at most once in ``GROWTH_WINDOW``, as far as ``held`` tells.

    Whoever begins with ``new`` cannot know what was before; it takes the signed time, and goes by it from there on.

    Raises:
        PolicyViolation: It grows too soon, or the time of it is not right.
    """
    if held.grown_at is not None and (new.grown_at is None or new.grown_at < held.grown_at):
        raise PolicyViolation("vault takes back when its capabilities grew")
    if not cost(held.capabilities, new.capabilities):
        return
    if new.grown_at is None or new.grown_at < held.signed_at:
        raise PolicyViolation("vault does not say that its capabilities grew now")
    if held.grown_at is not None and new.grown_at < held.grown_at + GROWTH_WINDOW:
        raise PolicyViolation(f"capabilities grow at most once in {GROWTH_WINDOW.days} days")


def _united(all_of: Sequence[Capabilities]) -> Capabilities:
    """The least that covers all of them."""
    return Capabilities(
        memory_bytes=max(one.memory_bytes for one in all_of),
        file_bytes=max(one.file_bytes for one in all_of),
        open_files=max(one.open_files for one in all_of),
        udp=any(one.udp for one in all_of),
        tcp=any(one.tcp for one in all_of),
        modules=tuple(sorted({module for one in all_of for module in one.modules})),
    )
