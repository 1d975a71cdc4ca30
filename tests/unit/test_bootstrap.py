"""What is kept for the next start, so that a home finds its network again without any server."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from node.supervisor.bootstrap import INTRODUCTIONS_MAX, Bootstrap, addressed
from node.supervisor.errors import InvitationError
from node.supervisor.home import Home
from node.supervisor.invitation import encode_invitation
from node.supervisor.meeting import join_later
from node.vault.control import CONTACTS_MAX, KEPT_CONTACTS_MAX
from node.vault.core.identity import (
    Introduction,
    Signer,
    certify,
    decode_introduction,
    encode_introduction,
    encode_record,
    make_record,
)

LONG_AGO_S = 1_000_000.0


def record(number: int, port: int = 4001) -> bytes:
    farm, transport = Signer(number.to_bytes(32, "big")), Signer(port.to_bytes(32, "big"))
    certificate = certify(farm, transport.public_key, serial=1, now_s=LONG_AGO_S)
    return encode_record(make_record(transport, certificate, (f"10.0.{number}.1:{port}",), LONG_AGO_S))


def introduction(number: int) -> Introduction:
    return Introduction(number.to_bytes(32, "big"), ("10.0.0.1:1",))


def home(folder: Path, contacts: tuple[bytes, ...] = ()) -> Home:
    bind = "127.0.0.1:0"
    return Home.make(
        folder / "home", kind="practice", root=b"genesis", bind=bind, quota_bytes=1 << 30, contacts=contacts
    )


def test_kept_peers_come_before_those_of_the_marker_however_old_they_are(tmp_path: Path):
    made = home(tmp_path, (record(9),))
    Bootstrap(made).keep([record(1), record(2)])

    assert Bootstrap(Home.open(made.path)).contacts == (record(1), record(2), record(9))


def test_of_each_vault_the_newest_record_is_kept(tmp_path: Path):
    made = home(tmp_path)
    Bootstrap(made).keep([record(1), record(2)])
    Bootstrap(made).keep([record(2, port=5000)])

    assert Bootstrap(made).contacts == (record(2, port=5000), record(1))


def test_a_vault_that_knows_nobody_forgets_nobody(tmp_path: Path):
    made = home(tmp_path)
    Bootstrap(made).keep([record(1)])
    Bootstrap(made).keep([])

    assert Bootstrap(made).contacts == (record(1),)


def test_no_more_are_kept_and_given_than_a_vault_takes(tmp_path: Path):
    made = home(tmp_path, tuple(record(number) for number in range(100, 150)))
    Bootstrap(made).keep([record(number) for number in range(50)])

    contacts = Bootstrap(made).contacts
    assert len(contacts) == CONTACTS_MAX
    assert record(KEPT_CONTACTS_MAX - 1) in contacts
    assert record(KEPT_CONTACTS_MAX) not in contacts


def test_what_is_no_record_is_not_kept(tmp_path: Path):
    bootstrap = Bootstrap(home(tmp_path))
    bootstrap.keep([b"nonsense", bytes(5000), record(1)])
    assert bootstrap.contacts == (record(1),)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff", b"{}", b'{"records": [7]}'])
def test_a_damaged_file_costs_the_hints_and_nothing_else(tmp_path: Path, content: bytes):
    made = home(tmp_path, (record(9),))
    (made.state / "contacts").write_bytes(content)
    (made.state / "introductions").write_bytes(content)

    bootstrap = Bootstrap(made)
    assert (bootstrap.contacts, bootstrap.introductions) == ((record(9),), ())
    bootstrap.keep([record(1)])
    assert Bootstrap(made).contacts == (record(1), record(9))


def test_one_bad_introduction_does_not_keep_the_vault_from_starting(tmp_path: Path):
    made = home(tmp_path)
    good = encode_introduction(introduction(1))
    (made.state / "introductions").write_bytes(msgspec.json.encode({"introductions": (b"bad", good)}))
    assert Bootstrap(made).introductions == (good,)


def test_the_newest_introductions_are_kept_for_the_next_starts(tmp_path: Path):
    made = home(tmp_path)
    for number in range(INTRODUCTIONS_MAX + 3):
        Bootstrap(made).introduce([introduction(number)])

    kept = [decode_introduction(content) for content in Bootstrap(made).introductions]
    assert kept == [introduction(number) for number in range(INTRODUCTIONS_MAX + 2, 2, -1)]


def test_an_invitation_is_kept_for_a_node_that_does_not_run(tmp_path: Path):
    made = home(tmp_path)
    joined = join_later(made, encode_invitation(made.network, [introduction(1), introduction(2)]))

    assert (joined.vaults, len(Bootstrap(made).introductions)) == (2, 2)
    assert "when it is started" in joined.sentence


def test_an_invitation_never_leads_a_home_into_another_network(tmp_path: Path):
    made = home(tmp_path)
    with pytest.raises(InvitationError):
        join_later(made, encode_invitation(b"x" * 32, [introduction(1)]))
    assert Bootstrap(made).introductions == ()
    assert (made.path / "root.json").read_bytes() == b"genesis"


def test_a_record_says_where_its_vault_can_be_met():
    found = addressed(record(3))
    assert found is not None
    assert found.addresses == ("10.0.3.1:4001",)
    assert addressed(b"nonsense") is None


def test_nobody_can_take_the_own_invitation_but_others_may_name_this_home(tmp_path: Path):
    made = home(tmp_path)
    (made.state / "record").write_bytes(record(1))
    own = addressed(record(1))
    assert own is not None
    with pytest.raises(InvitationError, match="the invitation of this home itself"):
        join_later(made, encode_invitation(made.network, [own, introduction(2)]))
    assert Bootstrap(made).introductions == ()
    assert join_later(made, encode_invitation(made.network, [introduction(2), own])).vaults == 2
