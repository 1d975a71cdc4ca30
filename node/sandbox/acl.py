"""Identifiers and access lists of Windows, as the bytes that they are.  Pure.

A process in an AppContainer may touch only what names the container, or a *capability* that the process was given at
its start.  Here every folder has a capability of its own, its key: nobody but who is given the key comes in.

    list         revision u8, 0 u8, length u16, entries u16, 0 u16, then the entries; all numbers little-endian
    entry        kind u8, flags u8, length u16, rights u32, then whom it is for
    identifier   1 u8, parts u8, authority 6 bytes big-endian, then the parts, u32 each

Source: [MS-DTYP] 2.4.2.2 SID, 2.4.4 ACE, 2.4.5 ACL, 2.4.6 SECURITY_DESCRIPTOR; "Implement an AppContainer" of the
Windows API reference ("create a Capability SID, put it on all of the resources, add it to your process token").
"""

from __future__ import annotations

import hashlib
import struct
from typing import Final

LIST_BYTES_MAX: Final = 0xFFFF
HEADER_BYTES: Final = 8  # of a list, and of an entry before whom it is for
ALLOWED: Final = 0  # the kind of an entry that allows something
INHERITED: Final = 0x10  # a flag: it stands on a folder above
BELOW: Final = 0x3  # flags: it holds for all files and folders below as well

READ: Final = 0x1200A9  # reading, listing, running
CHANGE: Final = 0x1301BF  # also making, writing, renaming and removing, but not giving away
ALL: Final = 0x10000000  # whatever can be done to the thing

PACKAGES, CAPABILITIES = 15, 3  # the authority of all that has to do with containers, and its kind for capabilities
CAPABILITY_OF_AN_APP: Final = 1024  # one that is named by eight numbers of its own


def identifier(authority: int, *parts: int) -> bytes:
    return struct.pack("<BB", 1, len(parts)) + authority.to_bytes(6, "big") + struct.pack(f"<{len(parts)}I", *parts)


SYSTEM: Final = identifier(5, 18)
# Whoever owns a thing may change its list, unless the list says what an owner may.
OWNER: Final = identifier(3, 4)
# Out and in, over the internet and at home.  Windows does not ask whether it is UDP.
NETWORK: Final = tuple(identifier(PACKAGES, CAPABILITIES, number) for number in (1, 2, 3))


def key_of(folder: str) -> bytes:
    """The capability that opens ``folder``, and nothing else; always the same one."""
    digest = hashlib.sha256(b"perennial folder " + folder.lower().encode("utf-8", "surrogatepass")).digest()
    return identifier(PACKAGES, CAPABILITIES, CAPABILITY_OF_AN_APP, *struct.unpack("<8I", digest))


def entry(rights: int, whom: bytes, flags: int = 0) -> bytes:
    return struct.pack("<BBHI", ALLOWED, flags, HEADER_BYTES + len(whom), rights) + whom


def access_list(entries: list[bytes], revision: int = 2) -> bytes:
    """Raises ValueError: it would be longer than Windows allows."""
    length = HEADER_BYTES + sum(map(len, entries))
    if length > LIST_BYTES_MAX:
        raise ValueError(f"an access list of {length} bytes")
    return struct.pack("<BBHHH", revision, 0, length, len(entries), 0) + b"".join(entries)


def granted(before: bytes, whom: bytes, rights: int) -> bytes:
    """The list ``before`` with one entry more: ``whom`` may do ``rights`` to a folder and to all below it.

    Equal to ``before`` if that says so already.  Inherited entries stay the last ones, as Windows wants it.

    Raises:
        ValueError: It is no access list, or would be too long.
    """
    entries, new = _entries(before), entry(rights, whom, BELOW)
    if new in entries:
        return before
    own = next((number for number, one in enumerate(entries) if one[1] & INHERITED), len(entries))
    return access_list([*entries[:own], new, *entries[own:]], before[0])


def descriptor(entries: bytes) -> bytes:
    """What makes a new thing have the list ``entries``, and nothing from above."""
    is_whole, has_list, is_kept = 0x8000, 0x4, 0x1000
    return struct.pack("<BBHIIII", 1, 0, is_whole | has_list | is_kept, 0, 0, 0, 20) + entries


# Of a process: not even another vault in the same container comes near it.
CLOSED: Final = access_list([entry(ALL, OWNER), entry(ALL, SYSTEM)])


def _entries(content: bytes) -> list[bytes]:
    if len(content) < HEADER_BYTES:
        raise ValueError("no access list")
    _, _, length, count, _ = struct.unpack_from("<BBHHH", content)
    entries, start = [], HEADER_BYTES
    for _ in range(count):
        size = int.from_bytes(content[start + 2 : start + 4], "little")
        if size < HEADER_BYTES or start + size > min(length, len(content)):
            raise ValueError("an entry that reaches beyond its access list")
        entries.append(content[start : start + size])
        start += size
    return entries
