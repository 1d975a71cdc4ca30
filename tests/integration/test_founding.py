"""A network is founded by what the handbook says, word by word: five pods, real nodes, and a first release.

What the chapter says of packages is done by ``python -m tests.founding``.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from node.keys import sealed
from tests.founding.town import NEWCOMER, Town, sections, without
from tests.village import PODS


def test_five_pods_found_a_network_whose_nodes_all_learn_of_the_first_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed, "MEMORY_KIB", sealed.MEMORY_KIB_MIN)
    ceremony, first, _, release = sections()
    town = Town(tmp_path, monkeypatch)
    try:
        town.follow(ceremony)
        town.follow(first)
        assert (town.home("fir") / "came").read_bytes() == (town.home("ash") / "checkout" / "LICENSE").read_bytes()

        town.follow(without(NEWCOMER, release))
        for name in PODS:
            town.run(name, "perennial updates --json")
            told = json.loads(town.said[name, "perennial updates --json"])
            assert "vault/0.1.1" in str(told), name
    finally:
        town.close()
