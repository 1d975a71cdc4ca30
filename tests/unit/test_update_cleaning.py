"""What no release needs any longer is removed at the end of its way, and nothing of what another one needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.update.apps import NoApps
from node.update.driver import Updates
from node.update.errors import FetchFailed
from node.vault.share.tree import address_of
from tests.layer_world import Network, Workshop
from tests.twin_world import Nature
from tests.update_world import Farm, live, tell

pytestmark = pytest.mark.usefixtures("cheap_twins")


class AppOnItsWay(NoApps):
    """As much of the updates of the app as says which trees they need."""

    def __init__(self, *trees: str) -> None:
        self.needed = list(trees)

    def trees(self) -> list[str]:
        return self.needed


@pytest.fixture
def farm(tmp_path: Path) -> Farm:
    return Farm(folder=tmp_path)


async def nothing(updates: Updates) -> None:
    """Another start of the computer."""


class TestWhatCameForOneThatIsStillFetched:
    def test_stays_when_the_computer_starts_anew_and_when_the_way_of_another_ends(self, farm: Farm, tmp_path: Path):
        app = Workshop(tmp_path).app("1")
        network, farm.apps = Network(app), AppOnItsWay(app.release.tree)
        last = next(address for address in app.objects if address != address_of(app.manifest))
        kept_back = network.chunks.pop(last)
        with pytest.raises(FetchFailed):
            network.fetch(app, farm.slots)
        network.chunks[last] = kept_back

        live(farm, nothing)
        assert tell(farm, farm.publish("2", Nature(loses_every=5)))["vault/2"].phase == "refused"

        network.fetch(app, farm.slots)
        assert network.asked == [last]

    def test_stays_when_another_release_was_fetched_meanwhile(self, farm: Farm, tmp_path: Path):
        app, runtime = Workshop(tmp_path).app("1"), Workshop(tmp_path / "other").runtime("1")
        network = Network(app, runtime)
        kept_back = network.chunks.pop(last := next(iter(app.objects)))
        with pytest.raises(FetchFailed):
            network.fetch(app, farm.slots)
        network.chunks[last] = kept_back

        network.fetch(runtime, farm.slots)

        network.fetch(app, farm.slots)
        assert network.asked == [last]
