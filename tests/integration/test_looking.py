"""A real node looks at its real disk and its real neighbour, and says what it found when either goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.api import schema
from node.supervisor import looking
from node.supervisor.supervisor import Supervisor
from tests.integration.test_supervisor import play, wait_until


def results(node: Supervisor) -> dict[str, str]:
    return {check.name: check.result for check in node.status().checks}


@pytest.mark.long
def test_a_node_tells_what_it_looked_at_and_that_its_disk_and_its_neighbour_went(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in ("DISK_S", "DISK_FAILED_S", "SAMPLE_S"):
        monkeypatch.setattr(looking, name, 0.1)

    async def story(first: Supervisor, second: Supervisor) -> None:
        well = {"disk": "ok", "clock": "ok", "reach": "ok", "exchange": "ok", "audit": "wait"}
        await wait_until(lambda: results(first) == well)
        view = await first.network()
        assert [(one.farm, one.state, one.is_close) for one in view.neighbours] == [
            (second.status().farm, "answers", True)
        ]
        assert (view.vault_count, view.subnet_count, view.reach.state) == (1, 1, "open")
        await wait_until(lambda: sum(moved[0] for moved in first.looking._traffic._minutes.values()) > 1000)

        assert second.vault.run is not None
        second.stop(0.0)  # it says goodbye
        await wait_until(lambda: not first.status().peer_count)
        assert first.status().state == "attention"
        gone: schema.NetworkView = await first.network()
        assert (gone.vault_count, [one.state for one in gone.neighbours]) in ((0, []), (0, ["silent"]))

        chunks = first.home.vault / "chunks"
        chunks.rename(tmp_path / "unplugged")
        await wait_until(lambda: results(first)["disk"] == "bad")
        status = first.status()
        assert (status.state, "disk" in status.sentence) == ("problem", True)

    play(tmp_path, story)
