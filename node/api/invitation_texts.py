"""What is said of invitations, and to who has one."""

from __future__ import annotations

from typing import Final

from node.api.texts import count
from node.api.told import Told, told

MAY_BE_OLD: Final = "one that is older than about a day may lead to nobody"  # decision 20


def no_invitation(prefix: str) -> Told:
    return told("invitation.none", f"This is no invitation: one starts with {prefix}.", prefix=prefix)


def invitation_too_long(characters_max: int) -> Told:
    return told(
        "invitation.long",
        f"This is too long for an invitation, which has at most {characters_max} characters.",
        most=str(characters_max),
    )


def invitation_version(*, is_newer: bool) -> Told:
    if is_newer:
        return told("invitation.newer", "This invitation is of a newer version of Perennial than this one reads.")
    return told("invitation.older", "This invitation is of an older version of Perennial than this one reads.")


def invitation_mistyped() -> Told:
    return told("invitation.mistyped", "This invitation is mistyped or incomplete; copy it once more.")


def invitation_foreign() -> Told:
    return told(
        "invitation.foreign", "This invitation is to another network than the one of this home, which stays in its own."
    )


def nobody_to_invite_to() -> Told:
    return told(
        "invitation.nobody",
        "The vault does not know yet where it can be reached, so there is nobody to invite to; try again soon.",
    )


def nowhere(host: str) -> Told:
    return told(
        "invitation.nowhere", f"{host} is not the IP address of a computer that others could dial.", address=host
    )


def leads_nowhere(port: str) -> Told:
    """``port``: at which the vault listens."""
    return told(
        "invitation.local",
        "This invitation names addresses of local networks alone, so nobody comes by it from the internet. Let somebody"
        f" write it whose computer has a public address; or, if your router passes UDP port {port} on to this computer,"
        " name the router's public address: perennial invite --at ADDRESS.",
        port=port,
    )


def invitation_own() -> Told:
    return told(
        "invitation.own", "This is the invitation of this home itself; give it to others, or take one of theirs."
    )


def joining(vaults: int) -> Told:
    return told(
        "invitation.taken",
        f"Perennial now tries to meet {count(vaults, 'vault')} of this invitation, now and at its next start;"
        f" {MAY_BE_OLD}.",
        others=vaults,
    )


def joining_later(vaults: int) -> Told:
    return told(
        "invitation.kept",
        f"Kept: Perennial tries to meet {count(vaults, 'vault')} of this invitation when it is started; {MAY_BE_OLD}.",
        others=vaults,
    )
