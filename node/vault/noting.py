"""The part of the control contract that is about releases on their way through the network.

The vault tells whom it has really met; the supervisor keeps a book of them, and asks some of them, by way of the
vault, what their farms say of a release.  What they say is for the supervisor to check: the vault reads none of it.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

NOTE_BYTES_MAX: Final = 1 << 10
NOTES_MAX: Final = 64  # of one farm, on so many releases
MET_MAX: Final = 64  # vaults in one report
SUBNET_CHARACTERS_MAX: Final = 64

Hash = Annotated[bytes, Meta(min_length=32, max_length=32)]
MaybeHash = Annotated[bytes, Meta(max_length=32)]
NoteBytes = Annotated[bytes, Meta(max_length=NOTE_BYTES_MAX)]
Subnet = Annotated[str, Meta(max_length=SUBNET_CHARACTERS_MAX)]


class _Message(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    pass


class MetVault(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A vault that has proven its key in a live session.

    ``subnet``: from which it is really seen.  ``commitment``: of its certificate; empty for none.
    """

    vault_id: Hash
    subnet: Subnet
    commitment: MaybeHash


class OwnNote(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What this farm says of the release with the digest ``release``, signed by its vault id."""

    release: Hash
    content: NoteBytes


# From the child.


class Met(_Message, frozen=True):
    """Whom the vault has met since the last report of this kind; by itself, at the pace of ``core.notes``."""

    vaults: Annotated[tuple[MetVault, ...], Meta(max_length=MET_MAX)]


class NoteSeen(_Message, frozen=True):
    """The note that was asked for, unread; ``subnet``: from which the answer really came.  Empty: it has none."""

    id: int
    content: NoteBytes
    subnet: Subnet


# From the parent.


class SetNotes(_Message, frozen=True):
    """All notes to answer peers with from now on."""

    id: int
    notes: Annotated[tuple[OwnNote, ...], Meta(max_length=NOTES_MAX)]


class AskNote(_Message, frozen=True):
    """Ask that vault, wherever it is now, for its note on the release.  Answer: NoteSeen."""

    id: int
    vault_id: Hash
    release: Hash


NotingReport = Met | NoteSeen
NotingCommand = SetNotes | AskNote
