"""Invitations: a short text by which a home finds others of its network.  Pure.

    PERENNIAL-1-<base32 without padding>

    network     8 bytes     the first of the SHA-256 of the genesis root
    vaults      1 byte      how many follow, at most VAULTS_MAX
      key       32 bytes    transport key
      addresses 1 byte      how many follow, at most ADDRESSES_EACH_MAX
        kind    1 byte      4 or 6
        ip      4 or 16     of IPv4 or IPv6
        port    2 bytes     big endian
    checksum    4 bytes     the first of the SHA-256 of the prefix and all before

It has no signature, and no power but to let a vault dial: whoever answers must prove its key and its network.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import ipaddress
import re
from collections.abc import Iterable, Sequence
from typing import Final

from node.api import invitation_texts
from node.supervisor.errors import InvitationError
from node.vault.core.identity import (
    ADDRESSES_MAX,
    KEY_BYTES,
    Introduction,
    addresses_to_name,
    check_address,
    is_public,
    subnet_of,
)
from node.vault.errors import MalformedMessage

VERSION: Final = 1
PREFIX: Final = f"PERENNIAL-{VERSION}-"
ANY_PREFIX: Final = re.compile(r"PERENNIAL-([0-9]{1,4})-")
CHARACTERS_MAX: Final = 600  # the longest valid one has 423
NETWORK_BYTES: Final = 8
CHECKSUM_BYTES: Final = 4
VAULTS_MAX: Final = 3
ADDRESSES_EACH_MAX: Final = 3
PORT_BYTES: Final = 2
IP_BYTES: Final = {4: 4, 6: 16}


def encode_invitation(network: bytes, introductions: Sequence[Introduction]) -> str:
    """Write an invitation to ``network`` (its whole hash): the first VAULTS_MAX vaults with their best addresses."""
    chosen = [(vault.transport_key, _best(vault.addresses)) for vault in introductions]
    named = [(key, addresses) for key, addresses in chosen if addresses][:VAULTS_MAX]
    assert named, "nobody to meet"
    body = network[:NETWORK_BYTES] + bytes([len(named)])
    for key, addresses in named:
        body += key + bytes([len(addresses)]) + b"".join(map(_pack, addresses))
    return PREFIX + base64.b32encode(body + _checksum(body)).decode().rstrip("=")


def passed_on(vault: Introduction, host: str) -> Introduction:
    """The vault, to be dialled at ``host`` first, whose router passes the vault's own port on to it.

    Raises:
        InvitationError: ``host`` is not the IP address of a computer that another one could dial.
    """
    try:
        ip = ipaddress.ip_address(host.strip().removeprefix("[").removesuffix("]"))
        same = [address for address in vault.addresses if _ip(address).version == ip.version]
        port = (same or vault.addresses)[0].rpartition(":")[2]
        address = f"[{ip}]:{port}" if ip.version == 6 else f"{ip}:{port}"
    except ValueError as error:
        raise InvitationError(invitation_texts.nowhere(host)) from error
    if "%" in host or ip.is_loopback or not _is_whole(address):
        raise InvitationError(invitation_texts.nowhere(host))
    return Introduction(vault.transport_key, tuple(dict.fromkeys((address, *vault.addresses)))[:ADDRESSES_MAX])


def leads_outside(introductions: Iterable[Introduction]) -> bool:
    """Whether one of the addresses is of the internet, and not of a home, a company or this computer alone."""
    return any(is_public(subnet_of(address)) for vault in introductions for address in vault.addresses)


def decode_invitation(text: str, network: bytes) -> tuple[Introduction, ...]:
    """Read an invitation to ``network``; spaces, line ends and small letters do not matter.

    Raises:
        InvitationError: It is none, of another version, mistyped, or to another network; the message says which.
    """
    if len(text) > CHARACTERS_MAX:
        raise InvitationError(invitation_texts.invitation_too_long(CHARACTERS_MAX))
    joined = "".join(text.split()).upper()
    found = ANY_PREFIX.match(joined)
    if found is None:
        raise InvitationError(invitation_texts.no_invitation(PREFIX))
    if int(found[1]) != VERSION:
        raise InvitationError(invitation_texts.invitation_version(is_newer=int(found[1]) > VERSION))
    content = _content(joined[found.end() :])
    body = content[:-CHECKSUM_BYTES]
    if len(body) <= NETWORK_BYTES or content[-CHECKSUM_BYTES:] != _checksum(body):
        raise InvitationError(invitation_texts.invitation_mistyped())
    if body[:NETWORK_BYTES] != network[:NETWORK_BYTES]:
        raise InvitationError(invitation_texts.invitation_foreign())
    try:
        return _introductions(body)
    except (IndexError, ValueError, MalformedMessage) as error:  # made so on purpose: the checksum fits
        raise InvitationError(invitation_texts.invitation_mistyped()) from error


def _content(letters: str) -> bytes:
    """The bytes behind base32 letters; b"" if they are none."""
    try:
        content = base64.b32decode(letters + "=" * (-len(letters) % 8))
    except (binascii.Error, ValueError):
        return b""
    # Letters whose last bits say nothing have many spellings; only the one that is written here is right.
    return content if base64.b32encode(content).decode().rstrip("=") == letters else b""


def _introductions(body: bytes) -> tuple[Introduction, ...]:
    rest = _Bytes(body[NETWORK_BYTES:])
    count = rest.number()
    if not 1 <= count <= VAULTS_MAX:
        raise ValueError(count)
    vaults = []
    for _ in range(count):
        key = rest.take(KEY_BYTES)
        address_count = rest.number()
        if not 1 <= address_count <= ADDRESSES_EACH_MAX:
            raise ValueError(address_count)
        vaults.append(Introduction(key, tuple(_unpack(rest) for _ in range(address_count))))
    if not rest.is_empty:
        raise ValueError("more than was announced")
    return tuple(vaults)


class _Bytes:
    """Bytes to be taken from the front."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    @property
    def is_empty(self) -> bool:
        return not self._content

    def number(self) -> int:
        return self.take(1)[0]

    def take(self, count: int) -> bytes:
        """Raises ValueError when there are not so many."""
        if len(self._content) < count:
            raise ValueError("it ends too early")
        taken, self._content = self._content[:count], self._content[count:]
        return taken


def _best(addresses: Sequence[str]) -> list[str]:
    """The addresses worth telling others: of this computer alone only if there is no other."""
    usable = [address for address in addresses if _is_whole(address)]
    outside = [address for address in usable if not _ip(address).is_loopback]
    return list(addresses_to_name(outside or usable, ADDRESSES_EACH_MAX))


def _is_whole(address: str) -> bool:
    """Whether an address can be dialled from another computer by its bytes alone: a link's own needs a scope too."""
    try:
        check_address(address)
    except MalformedMessage:
        return False
    return not _ip(address).is_link_local


def _ip(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(address.rpartition(":")[0].strip("[]").partition("%")[0])


def _pack(address: str) -> bytes:
    ip = _ip(address)
    return bytes([ip.version]) + ip.packed + int(address.rpartition(":")[2]).to_bytes(PORT_BYTES, "big")


def _unpack(rest: _Bytes) -> str:
    """Raises ValueError or MalformedMessage for what nobody can dial."""
    kind = rest.number()
    if kind not in IP_BYTES:
        raise ValueError(kind)
    ip = ipaddress.ip_address(rest.take(IP_BYTES[kind]))
    host = f"[{ip}]" if kind == 6 else str(ip)
    address = f"{host}:{int.from_bytes(rest.take(PORT_BYTES), 'big')}"
    check_address(address)
    return address


def _checksum(body: bytes) -> bytes:
    return hashlib.sha256(PREFIX.encode() + body).digest()[:CHECKSUM_BYTES]
