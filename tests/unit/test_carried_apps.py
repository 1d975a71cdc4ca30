"""An app is carried for others as it came, packed: nobody could pack it again into the same chunks."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from node.update.carrying import carried_files, is_here
from node.update.files.objects import APP_SUFFIX
from node.update.files.slots import Slots
from node.vault.share.tree import address_of
from tests.layer_world import APP, TEXT, Files, Network, Workshop, signed
from tests.sim_filesystem import PowerCut

CHANGED: Files = {**APP, "gui/window.py": TEXT.replace(b"line 7 ", b"line seven ")}


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


@pytest.fixture
def slots(tmp_path: Path) -> Slots:
    return Slots(tmp_path / "home/slots")


def test_who_fetched_it_whole_carries_all_of_it(shop: Workshop, slots: Slots):
    built = shop.app("1")
    Network(built).fetch(built, slots)

    assert set(carried_files([signed(built)], [], slots)) == {*built.objects, address_of(built.manifest)}


def test_who_fetched_a_delta_carries_that(shop: Workshop, slots: Slots):
    old = shop.app("1")
    new = shop.app("2", CHANGED, before=[old])
    network = Network(old, new)
    network.fetch(old, slots)
    network.fetch(new, slots)

    assert set(carried_files([signed(new)], [], slots)) == {signed(new).deltas[0].address}
    assert not is_here(signed(old), slots), "that of one app is enough"


def test_it_outlives_a_restart_and_the_fetching_of_other_things(shop: Workshop, slots: Slots, tmp_path: Path):
    app, runtime = shop.app("1"), shop.runtime("1")
    network = Network(app, runtime)
    network.fetch(app, slots)
    network.fetch(runtime, slots)

    there = Slots(tmp_path / "home/slots")
    there.objects.keep_only(())

    assert len(carried_files([signed(app)], [], there)) == len(app.objects) + 1
    assert not is_here(signed(runtime), there), "a runtime is too large to be carried"


def test_a_chunk_that_rotted_here_is_not_handed_on(shop: Workshop, slots: Slots):
    built = shop.app("1")
    Network(built).fetch(built, slots)
    (folder,) = slots.path("app", built.release.tree).parent.parent.glob(f"objects/*{APP_SUFFIX}")
    (folder / address_of(built.manifest).hex()).write_bytes(b"rotten")

    assert set(carried_files([signed(built)], [], slots)) == set(built.objects)


def test_a_cut_in_the_middle_costs_a_fetch_and_nothing_else(
    shop: Workshop, slots: Slots, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    old, built = shop.app("1"), shop.app("2", CHANGED)
    network = Network(old, built)
    network.fetch(old, slots)
    with monkeypatch.context() as patch, pytest.raises(PowerCut):
        patch.setattr("node.update.files.objects.remove_tree", no_power)
        network.fetch(built, slots)

    there = Slots(tmp_path / "home/slots")
    network.fetch(built, there)

    assert is_here(signed(built), there)
    assert len(list((tmp_path / "home/slots/objects").iterdir())) == 1


def test_it_stays_when_the_app_is_fetched_once_more_and_most_of_it_is_here(shop: Workshop, slots: Slots):
    built = shop.app("1")
    network = Network(built)
    network.fetch(built, slots)
    network.fetch(built, slots)

    assert network.asked == [address_of(built.manifest)]
    assert set(carried_files([signed(built)], [], slots)) == {*built.objects, address_of(built.manifest)}


def test_a_disk_that_has_no_room_for_it_delays_no_update(shop: Workshop, slots: Slots, monkeypatch: pytest.MonkeyPatch):
    built = shop.app("1")
    with monkeypatch.context() as patch:
        patch.setattr("node.update.files.objects.AllObjects.hand_on", full)
        path = Network(built).fetch(built, slots).path

    assert path == slots.verify("app", built.release.tree)
    assert carried_files([signed(built)], [], slots) == {}


def no_power(_folder: Path) -> None:
    raise PowerCut


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")
