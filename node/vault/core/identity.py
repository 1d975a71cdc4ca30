"""Who is who: vault ids, transport certificates, peer records, and distance.

The vault id (the farm's long-term Ed25519 key) never enters a vault process.  The supervisor certifies
a transport key for one run; the vault signs with that key, and the certificate leads back to the vault id.
A record says where a certified vault can be reached and is signed by its transport key.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Meta

from node.vault.errors import BadSignature, MalformedMessage, Misdated

KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
COMMITMENT_BYTES: Final = 32
CERTIFICATE_S: Final = 24 * 3600.0  # how long a transport key is certified for
CLOCK_SKEW_S: Final = 600.0  # how wrong a peer's clock may be
ADDRESSES_MAX: Final = 8
ADDRESS_CHARACTERS_MAX: Final = 64
PUBLIC_DIALLED_MAX: Final = 2  # addresses of one record, on the internet
LOCAL_DIALLED_MAX: Final = 3
RECORD_BYTES_MAX: Final = 1024
PORT_MAX: Final = 65_535
# The same few thousand vaults are met again and again: what was computed of them is kept, for so many.
POSITIONS_KEPT: Final = 4_096
ADDRESSES_KEPT: Final = 4_096
CHECKED_KEPT: Final = 4_096  # certificates and records, about a kilobyte each

_BROADCAST: Final = ipaddress.IPv4Address("255.255.255.255")


class Certificate(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The vault id ``vault_id`` vouches for ``transport_key`` from ``issued_s`` to ``expires_s`` (UTC).

    ``commitment`` binds the farm, before any release is known, to its place in the waves of every one; empty: it
    has none.
    """

    vault_id: Annotated[bytes, Meta(max_length=KEY_BYTES)]
    transport_key: Annotated[bytes, Meta(max_length=KEY_BYTES)]
    serial: int
    issued_s: float
    expires_s: float
    commitment: Annotated[bytes, Meta(max_length=COMMITMENT_BYTES)] = b""
    signature: Annotated[bytes, Meta(max_length=SIGNATURE_BYTES)] = b""


class PeerRecord(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A certified vault and where it can be reached (``ip:port``), signed by its transport key."""

    certificate: Certificate
    addresses: tuple[str, ...]
    issued_s: float
    signature: bytes = b""

    @property
    def vault_id(self) -> bytes:
        return self.certificate.vault_id

    @property
    def transport_key(self) -> bytes:
        return self.certificate.transport_key

    @property
    def position(self) -> int:
        return position_of(self.certificate.vault_id)


class Introduction(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A vault to try: its transport key and where it may be reached.  Who it is shows when it is met."""

    transport_key: Annotated[bytes, Meta(min_length=KEY_BYTES, max_length=KEY_BYTES)]
    addresses: Annotated[tuple[str, ...], Meta(min_length=1, max_length=ADDRESSES_MAX)]


class Signer:
    """A private Ed25519 key that signs; it never shows the seed again."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public_key: bytes = self._key.public_key().public_bytes_raw()

    def sign(self, content: bytes) -> bytes:
        return self._key.sign(content)


def position_of(vault_id: bytes) -> int:
    """Where a vault stands: SHA-256 of its id, as a number to measure distances with."""
    return _position_of(vault_id[: KEY_BYTES + 1])  # a longer one is no id, and must not fill the memory


@lru_cache(maxsize=POSITIONS_KEPT)
def _position_of(vault_id: bytes) -> int:
    return int.from_bytes(hashlib.sha256(vault_id).digest(), "big")


def distance(position: int, address: bytes) -> int:
    """XOR distance between a position and an address (32 bytes)."""
    return position ^ int.from_bytes(address, "big")


@lru_cache(maxsize=ADDRESSES_KEPT)
def subnet_of(address: str) -> str:
    """The subnet that counts as one voter and one holder: /24 of IPv4, /48 of IPv6, from ``ip:port``.

    Raises:
        MalformedMessage: ``address`` is no ``ip:port``.
    """
    ip, _ = _parse_address(address)
    bits = 24 if ip.version == 4 else 48
    return str(ipaddress.ip_network((ip, bits), strict=False))


@lru_cache(maxsize=ADDRESSES_KEPT)
def is_public(subnet: str) -> bool:
    """Whether a subnet is one of the internet, and not of a home, a company or this computer alone.

    That of ``::1`` has room for other addresses, and so is all of the internet to ``ipaddress``; its first one is not.
    """
    if not subnet:
        return False
    network = ipaddress.ip_network(subnet)
    return network.is_global and network.network_address.is_global


def own_subnet(addresses: Sequence[str]) -> str:
    """Where others see who has these addresses; "" without any.

    That of the first one of the internet: behind a router the first of all says nothing of where the home is.
    """
    subnets = [subnet_of(address) for address in addresses]
    return next(filter(is_public, subnets), subnets[0] if subnets else "")


@lru_cache(maxsize=ADDRESSES_KEPT)
def check_address(address: str) -> None:
    """Check that a vault could be dialled at ``address``, so that nobody is sent to shout at a whole network.

    Raises:
        MalformedMessage: It is no ``ip:port``, too long, or the address of no single machine.
    """
    if len(address) > ADDRESS_CHARACTERS_MAX:
        raise MalformedMessage("an address is too long")
    ip, port = _parse_address(address)
    if ip.is_multicast or ip.is_unspecified or ip == _BROADCAST or not 0 < port <= PORT_MAX:
        raise MalformedMessage(f"nobody can be dialled at {address!r}")


def addresses_to_name(addresses: Sequence[str], most: int = ADDRESSES_MAX) -> tuple[str, ...]:
    """At most so many, in their order: of too many, local ones are left out before any of the internet.

    Of the local ones first those of bridges, which lead to programs on the same computer alone.
    """
    spare = len(addresses) - most
    if spare <= 0:
        return tuple(addresses)
    local = [address for address in addresses if not is_public(subnet_of(address))]
    local.sort(key=_is_bridge)
    left_out = set(local[max(0, len(local) - spare) :])
    return tuple(address for address in addresses if address not in left_out)[:most]


def addresses_to_dial(addresses: Sequence[str], own: Sequence[str]) -> tuple[str, ...]:
    """A few of the addresses of one record, no two of one subnet: it may name somebody else's.

    On the internet PUBLIC_DIALLED_MAX, one of each IP version first.  Of the local ones, which lead out of no local
    network, LOCAL_DIALLED_MAX; first those in a subnet of the ``own`` addresses, last those at which this computer
    itself is: every computer with containers has a bridge at the same ones.

    Raises:
        MalformedMessage: One is no ``ip:port``.
    """
    own_subnets = {subnet_of(address) for address in own}
    own_hosts = {_parse_address(address)[0] for address in own}
    public: dict[str, str] = {}  # by subnet
    local: dict[str, str] = {}
    versions: dict[int, str] = {}
    for address in addresses:
        ip, _ = _parse_address(address)
        (public if ip.is_global else local).setdefault(subnet_of(address), address)
        if ip.is_global:
            versions.setdefault(ip.version, address)

    def last(subnet: str) -> tuple[bool, bool, bool]:
        host, _ = _parse_address(local[subnet])
        return host in own_hosts, subnet not in own_subnets, _is_bridge(local[subnet])

    near = sorted(local, key=last)
    outside = list(dict.fromkeys((*versions.values(), *public.values())))
    return (*outside[:PUBLIC_DIALLED_MAX], *(local[subnet] for subnet in near[:LOCAL_DIALLED_MAX]))


def _is_bridge(address: str) -> bool:
    """Whether this may be a bridge to containers or virtual machines: at home the first address is the router's.

    A guess, and so only an order: Docker, Podman, libvirt and Hyper-V all take the first one of a network for it.
    """
    ip, _ = _parse_address(address)
    return ip.version == 4 and ip.packed[-1] == 1


@lru_cache(maxsize=ADDRESSES_KEPT)
def _parse_address(address: str) -> tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, int]:
    host, _, port = address.rpartition(":")
    try:
        ip = ipaddress.ip_address(host.strip("[]").partition("%")[0])
        number = int(port) if port.isascii() and port.isdigit() else -1
    except ValueError as error:
        raise MalformedMessage(f"not an address: {address!r}") from error
    if number < 0:
        raise MalformedMessage(f"not a port: {address!r}")
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return ip, number


def verify(public_key: bytes, signature: bytes, content: bytes) -> None:
    """Check a signature.

    Raises:
        BadSignature: ``public_key`` did not sign ``content``.
    """
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, content)
    except (InvalidSignature, ValueError) as error:
        raise BadSignature("the signature does not fit") from error


@lru_cache(maxsize=CHECKED_KEPT)
def _check_signature_once(signed: Certificate | PeerRecord) -> None:
    """As ``verify``; what has fitted once is not computed again.  Failures are not kept."""
    blank = msgspec.structs.replace(signed, signature=b"")
    if isinstance(signed, Certificate):
        verify(signed.vault_id, signed.signature, _signed_part(b"certificate", blank))
    else:
        verify(signed.transport_key, signed.signature, _signed_part(b"record", blank))


def certify(signer: Signer, transport_key: bytes, *, serial: int, now_s: float, commitment: bytes = b"") -> Certificate:
    """Vouch for a transport key with the vault id's key, from now on for CERTIFICATE_S."""
    assert len(commitment) in (0, COMMITMENT_BYTES), len(commitment)
    blank = Certificate(signer.public_key, transport_key, serial, now_s, now_s + CERTIFICATE_S, commitment)
    return msgspec.structs.replace(blank, signature=signer.sign(_signed_part(b"certificate", blank)))


def make_record(signer: Signer, certificate: Certificate, addresses: tuple[str, ...], now_s: float) -> PeerRecord:
    """Say, signed with the transport key, where this vault can be reached."""
    blank = PeerRecord(certificate, addresses, now_s)
    return msgspec.structs.replace(blank, signature=signer.sign(_signed_part(b"record", blank)))


def encode_record(record: PeerRecord) -> bytes:
    return msgspec.msgpack.encode(record)


def decode_record(content: bytes, now_s: float) -> PeerRecord:
    """Read a record from untrusted bytes and check both signatures and the certificate's time.

    Raises:
        MalformedMessage: Not a record, or outside its limits.
        BadSignature: A signature does not fit, or the certificate is not valid at ``now_s``.
    """
    if len(content) > RECORD_BYTES_MAX:
        raise MalformedMessage(f"a record of {len(content)} bytes is over {RECORD_BYTES_MAX}")
    try:
        record = msgspec.msgpack.decode(content, type=PeerRecord)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise MalformedMessage(f"not a record: {error}") from error
    check_record(record, now_s)
    return record


def encode_introduction(introduction: Introduction) -> bytes:
    return msgspec.msgpack.encode(introduction)


def decode_introduction(content: bytes) -> Introduction:
    """Read an introduction from untrusted bytes.

    Raises:
        MalformedMessage: Not an introduction, or outside its limits.
    """
    if len(content) > RECORD_BYTES_MAX:
        raise MalformedMessage(f"an introduction of {len(content)} bytes is over {RECORD_BYTES_MAX}")
    try:
        introduction = msgspec.msgpack.decode(content, type=Introduction)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise MalformedMessage(f"not an introduction: {error}") from error
    for address in introduction.addresses:
        check_address(address)
    return introduction


def introduced(introduction: Introduction) -> PeerRecord:
    """A record to dial by: it names no vault, and whoever answers under the transport key is met."""
    nobody = Certificate(b"", introduction.transport_key, 0, 0.0, 0.0)
    return PeerRecord(nobody, introduction.addresses, 0.0)


def encode_certificate(certificate: Certificate) -> bytes:
    return msgspec.msgpack.encode(certificate)


def decode_certificate(content: bytes, now_s: float) -> Certificate:
    """Read a certificate and check it.

    Raises:
        MalformedMessage: Not a certificate.
        BadSignature: Its signature does not fit, or it is not valid at ``now_s``.
    """
    try:
        certificate = msgspec.msgpack.decode(content, type=Certificate)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise MalformedMessage(f"not a certificate: {error}") from error
    check_certificate(certificate, now_s)
    return certificate


def check_record(record: PeerRecord, now_s: float) -> None:
    """Check both signatures, the limits and the certificate's time.

    Raises:
        MalformedMessage: A field is outside its limits.
        BadSignature: A signature does not fit, the certificate is not valid at ``now_s``, or the record is newer;
            Misdated when it is only the time.
    """
    if len(record.addresses) > ADDRESSES_MAX:
        raise MalformedMessage(f"{len(record.addresses)} addresses are over {ADDRESSES_MAX}")
    for address in record.addresses:
        check_address(address)
    check_certificate(record.certificate, now_s)
    _check_signature_once(record)
    if not record.issued_s <= now_s + CLOCK_SKEW_S:  # nor is NaN
        raise Misdated("the record is of the future")


def check_certificate(certificate: Certificate, now_s: float) -> None:
    """Check that the vault id vouches for the transport key at ``now_s``.

    Raises:
        BadSignature: It does not, or for longer than is allowed; Misdated when only not yet, or no longer.
    """
    if not certificate.expires_s - certificate.issued_s <= CERTIFICATE_S:  # nor is NaN
        raise BadSignature("the certificate is valid for too long")
    is_valid_now = certificate.issued_s - CLOCK_SKEW_S <= now_s < certificate.expires_s + CLOCK_SKEW_S
    _check_signature_once(certificate)
    if not is_valid_now:
        raise Misdated("the certificate is not valid now")


def _signed_part(kind: bytes, blank: Certificate | PeerRecord) -> bytes:
    """What is signed: a word for the kind, so that no signature can be taken for one of another kind."""
    return b"perennial/1 " + kind + b"\0" + msgspec.msgpack.encode(blank)
