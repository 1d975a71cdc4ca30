"""The power fails, or the disk is full, while an app or a runtime is fetched: its slot is whole or not there."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from node.pod.build import Built
from node.update.errors import StageFailed
from node.update.files.objects import APP_SUFFIX
from node.update.files.slots import Slots
from tests.crashes.platter import Platter, put_down
from tests.layer_world import APP, RUNTIME, TEXT, Network, Workshop, read_back

EVERY = 7  # of the disks that may be left
APP_AFTER = {**APP, "gui/window.py": TEXT.replace(b"line 7 ", b"line seven "), "gui/new.py": b"x = 1\n"}
RUNTIME_AFTER = {**RUNTIME, "lib/libqt.so": RUNTIME["lib/libqt.so"].replace(b"says", b"said", 3), "lib/new.py": b"1"}


@pytest.fixture(params=["app", "runtime"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Built, Built]:
    shop = Workshop(tmp_path)
    if request.param == "app":
        old = shop.app("1")
        return old, shop.app("2", APP_AFTER, before=[old])
    old = shop.runtime("1")
    return old, shop.runtime("2", RUNTIME_AFTER, before=[old])


def test_a_power_cut_at_any_file_operation_leaves_whole_slots_and_the_rest_is_fetched(
    both: tuple[Built, Built], tmp_path: Path
):
    old, new = both
    layer, home, network = new.release.layer, tmp_path / "home", Network(old, new)
    network.fetch(old, Slots(home / "slots"))
    platter = Platter(home, lambda: None)
    with platter.watched():
        network.fetch(new, Slots(home / "slots"))
    assert len(platter.moments) > 30

    for disk in list(platter.moments)[::EVERY]:
        put_down(disk, home)
        for python in home.rglob("bin/python3"):
            python.chmod(0o555)  # marks are not put down
        slots = Slots(home / "slots")
        slots.verify(layer, old.release.tree)
        if slots.has(layer, new.release.tree):
            slots.verify(layer, new.release.tree)
        path = network.fetch(new, slots).path
        assert read_back(path) == (APP_AFTER if layer == "app" else RUNTIME_AFTER)
        slots.verify(layer, new.release.tree)


@pytest.mark.parametrize("where", ["a chunk", "a patched file", "a copy", "the folders"])
def test_a_full_disk_leaves_nothing_and_the_next_try_goes_on(
    both: tuple[Built, Built], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
):
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    old, new = both
    layer, network, slots = new.release.layer, Network(old, new), Slots(tmp_path / "slots")
    network.fetch(old, slots)
    with monkeypatch.context() as patches:
        if where == "a copy":
            patches.setattr(shutil, "copyfile", full)
            patches.setattr(os, "link", full)
        else:
            target, name = {
                "a chunk": (Path, "write_bytes"),
                "a patched file": (Path, "replace"),
                "the folders": ("node.update.files.trees.RealFileSystem", "fsync_directory"),
            }[where]
            if isinstance(target, str):
                patches.setattr(f"{target}.{name}", full)
            else:
                patches.setattr(target, name, full)
        with pytest.raises(StageFailed, match="No space left"):
            network.fetch(new, slots)

    assert [path.name for path in (tmp_path / "slots" / layer).iterdir()] == [old.release.tree]
    network.fetch(new, slots)
    slots.verify(layer, new.release.tree)
    left = [path.name for path in (tmp_path / "slots/objects").iterdir()]
    assert left == ([f"{new.release.tree}{APP_SUFFIX}"] if layer == "app" else [])
