"""How the vault finds its network again: peers that it met, and introductions from invitations, kept on disk.

All of it is hints where to dial.  Whatever is wrong with a file costs the hints and nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Final, TypeVar

import msgspec

from node.supervisor.errors import StateError
from node.supervisor.home import Home
from node.supervisor.state import StateFile
from node.vault.control import CONTACTS_MAX, KEPT_CONTACTS_MAX
from node.vault.core.identity import (
    RECORD_BYTES_MAX,
    Introduction,
    PeerRecord,
    decode_introduction,
    encode_introduction,
)
from node.vault.errors import MalformedMessage

INTRODUCTIONS_MAX: Final = 8  # the newest ones

log = logging.getLogger(__name__)
_Kept = TypeVar("_Kept", bound=msgspec.Struct)


class KeptContacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Encoded PeerRecords, the newest first."""

    records: tuple[bytes, ...]


class KeptIntroductions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Encoded Introductions, the newest first."""

    introductions: tuple[bytes, ...]


class Bootstrap:
    """What is known of others before the vault has met anyone in this run."""

    def __init__(self, home: Home) -> None:
        """Read what was kept in the home.  Blocking."""
        self._home = home
        self._contacts = StateFile(home.state / "contacts", KeptContacts)
        self._introductions = StateFile(home.state / "introductions", KeptIntroductions)
        contacts, introductions = _load(self._contacts), _load(self._introductions)
        self._kept = _newest_of_each(contacts.records if contacts else (), KEPT_CONTACTS_MAX)
        self._introduced = _usable(introductions.introductions if introductions else ())

    @property
    def contacts(self) -> tuple[bytes, ...]:
        """Whom to try: the peers met last, then those whom the home was given; old records are hints too."""
        return tuple(dict.fromkeys((*self._kept, *self._home.marker.contacts)))[:CONTACTS_MAX]

    @property
    def introductions(self) -> tuple[bytes, ...]:
        return self._introduced

    def keep(self, records: Iterable[bytes]) -> None:
        """Keep the records that the vault names now, before those of earlier times.  Blocking.

        Raises:
            StateError: They could not be kept.
        """
        kept = _newest_of_each((*records, *self._kept), KEPT_CONTACTS_MAX)
        if kept != self._kept:
            self._contacts.save(KeptContacts(kept))
            self._kept = kept

    def introduce(self, introductions: Iterable[Introduction]) -> None:
        """Keep introductions for the next starts.  Blocking.

        Raises:
            StateError: They could not be kept.
        """
        given = (encode_introduction(introduction) for introduction in introductions)
        kept = tuple(dict.fromkeys((*given, *self._introduced)))[:INTRODUCTIONS_MAX]
        self._introductions.save(KeptIntroductions(kept))
        self._introduced = kept


def addressed(record: bytes) -> Introduction | None:
    """Where a vault can be dialled by its record, which the own vault has vouched for; None if nowhere."""
    found = _read(record)
    if found is None or not found.addresses:
        return None
    try:
        return decode_introduction(encode_introduction(Introduction(found.transport_key, found.addresses)))
    except MalformedMessage:
        return None


def _newest_of_each(records: Iterable[bytes], count_max: int) -> tuple[bytes, ...]:
    """The first record of each vault, as far as they can be read at all."""
    found: dict[bytes, bytes] = {}
    for record in records:
        read = _read(record)
        if read is not None and len(found) < count_max:
            found.setdefault(read.vault_id, record)
    return tuple(found.values())


def _read(record: bytes) -> PeerRecord | None:
    if len(record) > RECORD_BYTES_MAX:
        return None
    try:
        return msgspec.msgpack.decode(record, type=PeerRecord)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None


def _usable(introductions: Iterable[bytes]) -> tuple[bytes, ...]:
    """Those that the vault will understand: one bad file must not keep it from starting."""
    usable = []
    for content in introductions:
        try:
            decode_introduction(content)
        except MalformedMessage as error:
            log.warning("introduction left out reason=%s", error)
        else:
            usable.append(content)
    return tuple(usable[:INTRODUCTIONS_MAX])


def _load(file: StateFile[_Kept]) -> _Kept | None:
    try:
        return file.load()
    except StateError as error:
        log.warning("contacts not read reason=%s", error)
        return None
