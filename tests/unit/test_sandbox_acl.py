"""Identifiers and access lists of Windows, byte by byte."""

import struct

import pytest

from node.sandbox import acl

FARMER = acl.identifier(5, 21, 1, 2, 3, 1001)
KEY = acl.key_of(r"C:\Users\farmer\data")
DENIED = b"\x01" + acl.entry(acl.CHANGE, FARMER)[1:]
OWN = acl.entry(acl.READ, FARMER, acl.BELOW)
FROM_ABOVE = acl.entry(acl.ALL, acl.SYSTEM, acl.BELOW | acl.INHERITED)


def test_an_identifier_is_what_windows_writes() -> None:
    assert acl.SYSTEM.hex() == "010100000000000512000000"  # S-1-5-18
    assert acl.OWNER.hex() == "010100000000000304000000"  # S-1-3-4
    assert acl.NETWORK[1].hex() == "010200000000000f0300000002000000"  # S-1-15-3-2


def test_a_key_is_a_capability_of_an_application_with_eight_numbers() -> None:
    assert KEY[:16].hex() == "010a00000000000f0300000000040000"  # S-1-15-3-1024-
    assert len(KEY) == 48


def test_each_folder_has_a_key_of_its_own_however_its_name_is_written() -> None:
    assert acl.key_of(r"c:\users\FARMER\Data") == KEY
    assert acl.key_of(r"C:\Users\farmer\data\chunks") != KEY
    assert acl.key_of("C:\\lone\udc80") != KEY


def test_a_grant_stands_after_what_is_denied_and_before_what_is_inherited_and_changes_nothing_else() -> None:
    before = acl.access_list([DENIED, OWN, FROM_ABOVE])
    after = acl.granted(before, KEY, acl.CHANGE)
    assert after == acl.access_list([DENIED, OWN, acl.entry(acl.CHANGE, KEY, acl.BELOW), FROM_ABOVE])
    assert struct.unpack_from("<BBHHH", after) == (2, 0, len(after), 4, 0)


def test_what_is_granted_already_is_not_written_again() -> None:
    once = acl.granted(acl.access_list([OWN]), KEY, acl.READ)
    assert acl.granted(once, KEY, acl.READ) == once
    assert acl.granted(once, KEY, acl.CHANGE) != once
    assert acl.granted(once, acl.key_of("C:\\other"), acl.READ) != once


def test_who_may_change_what_lies_in_a_folder_may_neither_open_it_to_others_nor_take_it() -> None:
    assert acl.CHANGE & 0x10116 == 0x10116  # writing data, names and times, adding files, removing
    assert acl.CHANGE & (0x40000 | 0x80000) == 0  # its list, its owner
    assert acl.READ & ~0x1200A9 == 0


def test_a_list_of_a_newer_kind_stays_one() -> None:
    assert acl.granted(acl.access_list([OWN], revision=4), KEY, acl.READ)[0] == 4


def test_a_list_that_allows_nobody_anything_gets_its_first_entry() -> None:
    assert acl.granted(acl.access_list([]), KEY, acl.READ) == acl.access_list([acl.entry(acl.READ, KEY, acl.BELOW)])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        acl.access_list([OWN])[:-1],
        acl.access_list([OWN])[:8] + b"\0\0\4\0\0\0\0\0",
        acl.access_list([OWN])[:4] + b"\2" + acl.access_list([OWN])[5:],
    ],
    ids=["empty", "cut", "an entry without an end", "more entries than there are"],
)
def test_what_is_no_access_list_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="access list"):
        acl.granted(content, KEY, acl.READ)


def test_a_list_that_would_be_too_long_for_windows_is_refused() -> None:
    full = acl.access_list([acl.entry(acl.READ, KEY)] * 1170)
    with pytest.raises(ValueError, match="access list of 65"):
        acl.granted(full, KEY, acl.CHANGE)


def test_a_process_is_open_to_the_account_and_the_system_and_to_no_container() -> None:
    allowed = acl.access_list([acl.entry(0x10000000, acl.OWNER), acl.entry(0x10000000, acl.SYSTEM)])
    assert allowed == acl.CLOSED
    # Without the identifier of the owner in it, an owner could change the list, and a vault is the same account.
    assert acl.OWNER in acl.CLOSED


def test_a_descriptor_holds_its_list_and_takes_nothing_from_above() -> None:
    content = acl.descriptor(acl.CLOSED)
    revision, _, control, owner, group, system, where = struct.unpack_from("<BBHIIII", content)
    assert (revision, control, owner, group, system) == (1, 0x9004, 0, 0, 0)
    assert content[where:] == acl.CLOSED
