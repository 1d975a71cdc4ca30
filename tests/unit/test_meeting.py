"""What an invitation promises: whoever writes one is told when it leads nobody here, and may say where it would."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from node.api import schema
from node.supervisor.bootstrap import Bootstrap
from node.supervisor.errors import InvitationError
from node.supervisor.home import Home
from node.supervisor.invitation import decode_invitation
from node.supervisor.meeting import Meeting
from node.vault import control
from node.vault.core.identity import encode_record
from tests.unit.test_vault_attacks import Peer

BEHIND = ("172.17.0.1:4000", "192.168.7.12:4000", "[fd00::7]:5000")  # a router, and known to nobody yet


class World:
    """A home whose vault stands at these addresses, and what it knows."""

    def __init__(self, folder: Path, *addresses: str, known: tuple[Peer, ...] = (), kind: str = "real") -> None:
        self.home = Home.make(folder / "home", kind=kind, root=b"genesis", bind="0.0.0.0:0", quota_bytes=1 << 30)  # type: ignore[arg-type]
        self.known = tuple(encode_record(peer.record) for peer in known)
        record = encode_record(Peer(0, *addresses).record)
        vault: Any = SimpleNamespace(record=record, is_listening=True, ask=self._ask)
        self._meeting = Meeting(self.home, Bootstrap(self.home), vault, lambda: None)

    def invitation(self, at: str = "") -> schema.Invitation:
        return asyncio.run(self._meeting.invitation(at))

    def named(self, at: str = "") -> tuple[str, ...]:
        """The addresses of the own vault, as whoever is invited reads them."""
        return decode_invitation(self.invitation(at).text, self.home.network)[0].addresses

    async def _ask(self, make: Any) -> control.Report:
        return control.Contacts(make(1).id, self.known)


class TestWhereItLeads:
    def test_one_that_names_local_networks_alone_is_given_with_a_word_of_what_would_help(self, tmp_path: Path):
        invitation = World(tmp_path, *BEHIND).invitation()
        assert invitation.text.startswith("PERENNIAL-1-")
        assert invitation.advice.startswith("This invitation names addresses of local networks alone")
        assert "UDP port 4000" in invitation.advice
        assert [said.code for said in invitation.advised] == ["invitation.local"]

    @pytest.mark.parametrize("address", ["44.200.1.1:4433", "[2a02:aaaa::1]:4433"])
    def test_nothing_is_said_of_one_with_an_address_of_the_internet(self, tmp_path: Path, address: str):
        assert World(tmp_path, *BEHIND, address).invitation().advice == ""

    def test_nor_of_one_with_another_vault_there(self, tmp_path: Path):
        other = Peer(1, "44.200.1.1:4433")
        assert World(tmp_path, *BEHIND, known=(other,)).invitation().advice == ""

    def test_nor_in_a_practice_network(self, tmp_path: Path):
        assert World(tmp_path, "127.0.1.1:4000", kind="practice").invitation().advice == ""


class TestAtAnAddressThatIsGiven:
    @pytest.mark.parametrize(
        ("at", "named"),
        [
            ("44.200.1.1", "44.200.1.1:4000"),
            (" 44.200.1.1 ", "44.200.1.1:4000"),
            ("2a02:aaaa::1", "[2a02:aaaa::1]:5000"),
            ("[2a02:aaaa::1]", "[2a02:aaaa::1]:5000"),
            ("10.7.7.7", "10.7.7.7:4000"),  # of a company
        ],
    )
    def test_the_vault_is_named_there_at_its_own_port(self, tmp_path: Path, at: str, named: str):
        assert World(tmp_path, *BEHIND).named(at)[0] == named

    def test_it_comes_before_all_others_of_the_internet(self, tmp_path: Path):
        others = tuple(f"44.201.{number}.1:4000" for number in range(8))
        assert World(tmp_path, *others).named("44.200.1.1") == ("44.200.1.1:4000", *others[:2])

    def test_it_leads_there_and_nothing_needs_to_be_said(self, tmp_path: Path):
        assert World(tmp_path, *BEHIND).invitation("44.200.1.1").advice == ""

    @pytest.mark.parametrize(
        "at",
        ["home.example", "44.200.1.1:4000", "127.0.0.1", "::1", "0.0.0.0", "224.0.0.1", "fe80::1", "fe80::1%eth0",
         "2a02::1%eth0", "44.200.1.1 44.200.1.2", "[", "x" * 60],
    )  # fmt: skip
    def test_what_nobody_could_dial_is_refused(self, tmp_path: Path, at: str):
        with pytest.raises(InvitationError, match="is not the IP address of a computer"):
            World(tmp_path, *BEHIND).invitation(at)
