"""How large a network is, as a vault tells by its routing table."""

from __future__ import annotations

import random
from dataclasses import dataclass
from types import SimpleNamespace
from typing import cast

import pytest

from node.vault import CONTROL_VERSIONS
from node.vault.core.identity import PeerRecord, position_of
from node.vault.core.routing_table import NETWORK_SIZE_MAX, RoutingTable
from node.vault.rating import RankTables
from tests.vault_world import frames_told


@pytest.mark.parametrize("version", CONTROL_VERSIONS)
def test_a_supervisor_of_an_older_version_is_not_told_the_size_which_it_could_not_read(version: int):
    sent = frames_told(version, RankTables(1, (), network_size=5000))
    assert (b"network_size" in sent[0]) is (version >= 6)


class TestTheSizeOfTheNetwork:
    """Told by how densely the peers lie: in a large network the table has places for few of all."""

    def table(self, size: int, chance: random.Random, *, met: float = 1.0) -> RoutingTable:
        """That of a vault in a network of ``size``, which knows its nearest and this part of all others."""
        own = chance.randbytes(32)
        table, others = RoutingTable(own), [chance.randbytes(32) for _ in range(size - 1)]
        others.sort(key=lambda vault_id: position_of(vault_id) ^ position_of(own))
        for number, vault_id in enumerate(others):
            if number < 10 or chance.random() < met:
                meet(table, vault_id, f"10.{number // 256}.{number % 256}.0/24")
        return table

    @pytest.mark.long
    @pytest.mark.parametrize("met", [1.0, 0.3])
    @pytest.mark.parametrize("size", [8, 100, 600, 5000])
    def test_it_is_told_to_about_a_bit(self, size: int, met: float):
        chance = random.Random(size)
        told = sorted(self.table(size, chance, met=met).network_size for _ in range(9))

        assert size / 2 <= told[4] <= 2 * size
        assert size / 3 <= told[0] <= told[-1] <= 4 * size

    @pytest.mark.parametrize("size", [1, 2, 3])
    def test_of_the_smallest_networks_exactly(self, size: int):
        sizes = {self.table(size, random.Random(seed)).network_size for seed in range(9)}
        assert min(sizes) == size
        assert max(sizes) <= 2 * size

    @pytest.mark.long
    @pytest.mark.parametrize("is_one_subnet", [True, False])
    def test_a_crowd_around_the_own_position_makes_it_four_times_as_large_and_no_more(self, is_one_subnet: bool):
        chance = random.Random(3)
        table = self.table(500, chance)
        before, own = table.network_size, table._own_position
        drawn = (chance.randbytes(32) for _ in range(400_000))
        crowd = [vault_id for vault_id in drawn if (position_of(vault_id) ^ own) >> (256 - 13) == 0]
        for number, vault_id in enumerate(crowd):
            meet(table, vault_id, "10.9.9.0/24" if is_one_subnet else f"10.9.{number}.0/24")

        assert len(crowd) > 30
        assert before / 2 <= table.network_size <= (2 if is_one_subnet else 5) * before

    def test_whatever_crowds_it_is_bounded(self):
        table = RoutingTable(bytes(32))
        for bits in range(257):
            table._buckets[bits] = {bytes([n, bits % 256]): Crowding(f"{n}") for n in range(20)}  # type: ignore[misc]
        assert table.network_size == NETWORK_SIZE_MAX


@dataclass
class Crowding:
    """A peer, as far as its subnet."""

    subnet: str


def meet(table: RoutingTable, vault_id: bytes, subnet: str) -> None:
    table.met(cast("PeerRecord", SimpleNamespace(vault_id=vault_id, addresses=())), subnet, 0.0)
