"""What no release needs any longer is removed at the end of its way, and nothing of what another one needs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from node.trust.head import encode
from node.update.app_ports import Shown
from node.update.apps import NoApps
from node.update.cleaning import Cleaning
from node.update.driver import Updates
from node.update.errors import FetchFailed
from node.update.files.slots import Slots
from node.vault.share.tree import address_of
from tests.layer_world import LINUX, Network, Workshop
from tests.twin_world import Nature
from tests.unit.test_update_apps import World, release
from tests.update_world import SENDER, Farm, live, tell, wait_until
from tests.virtual_time import run

pytestmark = pytest.mark.usefixtures("cheap_twins")


class AppOnItsWay(NoApps):
    """As much of the updates of the app as says which trees they need."""

    def __init__(self, *trees: str) -> None:
        self.needed = list(trees)
        self.on_end: Callable[[], None] = lambda: None
        self.asked_in: threading.Thread | None = None

    async def run(self, on_end: Callable[[], None]) -> None:
        self.on_end = on_end

    def trees(self) -> list[str]:
        self.asked_in = threading.current_thread()
        return self.needed


@pytest.fixture
def farm(tmp_path: Path) -> Farm:
    return Farm(folder=tmp_path)


async def nothing(updates: Updates) -> None:
    """Another start of the computer."""


class TestTheEndOfAnAppsWay:
    def test_removes_all_that_came_for_it_while_no_vault_is_on_its_way(self, tmp_path: Path):
        shop, world = Workshop(tmp_path / "shop"), World(tmp_path)
        runtime = shop.runtime("0.1.1")
        app = shop.app("0.1.2", runtimes={LINUX: runtime.release.tree})
        farm = Farm(folder=tmp_path)
        world.slots, world.get_chunk = farm.slots, Network(app, runtime).get_chunk
        world.shown = [Shown("refused", "it did not go back")]
        farm.apps = world.apps()
        pods = farm.signed.pods[:4]
        farm.signed.release("", pods, role="app", release=runtime.release)
        head = encode(farm.signed.release("", pods, role="app", release=app.release))

        async def story(updates: Updates) -> None:
            assert (await updates.offered(head, SENDER)).outcome == "accepted"
            await wait_until(updates, lambda items: items["app/0.1.2"].phase == "on_trial")
            assert farm.slots.has("runtime", runtime.release.tree)
            await wait_until(updates, lambda items: items["app/0.1.2"].phase == "refused")
            await asyncio.sleep(1.0)

        live(farm, story)

        assert not farm.slots.has("app", app.release.tree)
        assert not farm.slots.has("runtime", runtime.release.tree)
        assert farm.slots.has("vault", farm.own)

    @pytest.mark.long
    def test_leaves_what_a_trial_of_a_vault_needs(self, farm: Farm):
        farm.apps = apps = AppOnItsWay()
        head = farm.publish("2")

        async def story(updates: Updates) -> None:
            await updates.offered(head, SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "on_trial")
            apps.on_end()
            await wait_until(updates, lambda items: items["vault/2"].phase == "confirmed")

        live(farm, story)

        assert sum(not order.is_standby for order in farm.orders) == 2, "the twins were started once"

    def test_has_it_asked_which_trees_are_needed_where_that_changes_and_not_in_a_thread(self, tmp_path: Path):
        apps, slots = AppOnItsWay("1" * 64), Slots(tmp_path / "slots")
        slots.objects.of("1" * 64).keep(b"needed")
        slots.objects.of("2" * 64).keep(b"not needed")
        judge, means = SimpleNamespace(newest=()), SimpleNamespace(apps=apps, slots=slots)
        cleaning = Cleaning({}, asyncio.Lock(), judge, means, lambda: None)  # type: ignore[arg-type]

        cleaning.ask()
        asyncio.run(cleaning.turn())

        assert apps.asked_in is threading.current_thread()
        assert [path.name for path in (tmp_path / "slots/objects").iterdir()] == ["1" * 64]

    def test_takes_nothing_from_one_that_is_taken_up_meanwhile(self, tmp_path: Path):
        """It is asked which trees are needed, and while the others are removed no other one is named."""
        world = World(tmp_path)

        async def story() -> None:
            apps = world.apps()
            running = asyncio.create_task(apps.run())
            async with apps.held_still():
                await apps.learn((release(2),))
                await asyncio.sleep(60.0)
                assert apps.trees() == []
            await asyncio.sleep(1.0)
            assert apps.trees() == [release(2).tree_hash]
            running.cancel()
            await asyncio.wait({running})

        run(story())


class TestWhatCameForOneThatIsStillFetched:
    @pytest.mark.long
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
