"""What a person hands to others says nothing of who and where they are."""

from __future__ import annotations

import base64
import re
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from node.supervisor.scrub import Scrubber

TREE = "ab12" * 16


def scrub(text: str, *, is_log: bool = True) -> str:
    return Scrubber({"/mnt/Rosa's disk/home": "<home>"}, ("rosa", "Rosa Gärtner"), (TREE,)).scrub(text, is_log=is_log)


def test_what_is_known_goes_wherever_it_stands():
    assert scrub("in /mnt/Rosa's disk/home, ROSA and Rosa Gärtner") == "in <home>, <name> and <name>"
    assert scrub("rosa_1 and x-rosa") == "<name>_1 and x-<name>"
    assert scrub("rosary and prosa stay") == "rosary and prosa stay"


def test_addresses_of_all_kinds_go():
    for address in (
        "192.0.2.7", "192.0.2.7:4000", "10.0.0.0/24", "127.0.3.1:9", "[2001:db8::7]:4000", "2001:db8::7",
        "fe80::1%eth0", "::1", "::ffff:192.0.2.7", "00:1a:2b:3c:4d:5e", "rosa.g+x@example.org", "https://example.org/x?y=z",
    ):  # fmt: skip
        assert re.fullmatch(r"peer=<\w+ 1> lost", scrub(f"peer={address} lost")), scrub(f"peer={address} lost")


def test_an_address_goes_whatever_the_sentence_goes_on_with():
    for address in (
        "203.0.113.7", "203.0.113.7:4000", "2001:db8::1", "::ffff:203.0.113.7", "[2001:db8::7]:4000",
        "2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6:4000", "2001:db8::7:40000",
    ):  # fmt: skip
        for end in (".", "...", ". Then", ".Then", ": unreachable", ", again", ")"):
            said = scrub(f"No route to host {address}{end}")
            assert said == f"No route to host <address 1>{end}", said
    assert scrub("after ...203.0.113.7 and 7.113.0.203.in-addr.arpa") == (
        "after ...<address 1> and <address 2>.in-addr.arpa"
    )
    assert scrub("at 08:47:53: version 1.2.3.4.5.") == "at 08:47:53: version 1.2.3.4.5."


def test_an_id_written_as_a_number_is_the_same_id():
    assert scrub("0x0a1b2c3d and 0X0A1B2C3D and 0a1b2c3d.") == "<id 1> and <id 1> and <id 1>."


def test_ids_keys_tokens_and_invitations_go():
    for secret in (
        "0a1b2c3d", "12345678", "ab" * 32, "AB" * 32, base64.b64encode(bytes(range(32))).decode(),
        base64.urlsafe_b64encode(bytes(range(200, 232))).decode().rstrip("="), "PERENNIAL-1-7K2QX9ZT4M8V",
        "ybndrfg8ejkmcpqxot1uwisza345h769ybndrfg8ejkmcpqxot1u",
    ):  # fmt: skip
        said = scrub(f"key {secret}, kept")
        assert re.fullmatch(r"key <\w+ 1>, kept", said), said


def test_paths_go_and_the_lines_of_our_own_source_stay():
    assert scrub("No space left on device: '/media/My Stick/tax 2025.pdf'") == "No space left on device: <path 1>"
    assert scrub("cannot read /srv/private/x.txt.") == "cannot read <path 1>"
    assert scrub(r"C:\Users\rosa\AppData\x.log is full") == "<path 1> is full"
    assert scrub('File "/srv/p/lib/node/vault/core/lookup.py", line 7') == 'File "node/vault/core/lookup.py", line 7'


def test_what_everybody_has_or_nobody_could_use_stays():
    for text in (
        "2026-11-29T08:47:53Z INFO node.supervisor.vault_child vault started pid=4711 version=0.1.0",
        f"slot {TREE} and slot {TREE[:16]} were verified",
        "-------------------------------- and supercalifragilisticexpialidocious",
        "12 MB of 1.5 GB, and/or 3 of 4 in use; resource.quota",
    ):
        assert scrub(text) == text
    assert scrub('"at_s": 1800000000.5, "quota_bytes": 21474836480', is_log=False) == (
        '"at_s": 1800000000.5, "quota_bytes": 21474836480'
    )


def test_the_same_word_has_the_same_mark_so_that_it_can_be_followed():
    scrubber = Scrubber({}, (), ())
    assert scrubber.scrub("0a1b2c3d met 192.0.2.7") == "<id 2> met <address 1>"
    assert scrubber.scrub("192.0.2.7 lost 0a1b2c3d and ffffffffff") == "<address 1> lost <id 2> and <id 3>"


@settings(max_examples=40, deadline=None)
@given(st.binary(min_size=4, max_size=40), st.text(max_size=20), st.text(max_size=20))
def test_no_id_survives_whatever_stands_around_it(identity: bytes, before: str, after: str):
    said = scrub(f"{before} {identity.hex()} {after}")
    assert identity.hex() not in said


def test_a_long_hostile_line_takes_no_long_time():
    start_s = time.process_time()
    for piece in ("a1", ":", "/a", "1.", "'/", "a@", "-", "[", "0a:"):
        scrub(piece * 40_000)
    assert time.process_time() - start_s < 2.0  # without a limit to a line it is half a minute
