"""A full disk under twins is this computer's fault: what they do meanwhile is no evidence, and refuses no release."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from node.supervisor import keys, looking, space
from node.supervisor.home import Home
from node.supervisor.supervisor import Supervisor
from node.update.driver import Updates
from node.update.trials.run import TrialRun
from tests.child_world import nothing_to_hold
from tests.twin_world import Nature
from tests.update_world import SENDER, Farm, live, wait_until
from tests.virtual_time import run

FULL, LITTERED = "the disk is full", space.LITTER_BYTES_MAX + 1


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.make(tmp_path / "home", kind="practice", root=b"none", bind="127.0.1.1:0", quota_bytes=64 << 20)


@pytest.mark.usefixtures("cheap_twins")
@pytest.mark.parametrize("is_full", [False, True])
def test_a_candidate_that_ends_while_the_disk_is_full_is_not_refused(tmp_path: Path, *, is_full: bool):
    farm = Farm(folder=tmp_path)
    head = farm.publish("2", Nature(exits_after_s=10.0))
    verdicts: list[str] = []

    async def story(updates: Updates) -> None:
        async def tell() -> None:
            while is_full:
                updates.host_fault(FULL)
                await asyncio.sleep(1.0)

        telling = asyncio.create_task(tell())
        await updates.offered(head, SENDER)
        await wait_until(updates, lambda items: items["vault/2"].phase == "on_trial")
        await wait_until(updates, lambda items: items["vault/2"].phase != "on_trial")
        verdicts.append(updates.updates().items[0].phase)
        telling.cancel()

    live(farm, story)

    assert (verdicts == ["refused"]) is not is_full


@pytest.mark.usefixtures("cheap_twins")
@pytest.mark.parametrize("is_hosts_fault", [False, True])
def test_that_the_vault_in_use_ended_is_over_unless_the_computer_is_in_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_hosts_fault: bool
):
    farm, told = Farm(folder=tmp_path), []
    head = farm.publish("2", Nature())
    monkeypatch.setattr(TrialRun, "host_fault", lambda _run, what, *, is_brief: told.append((what, is_brief)))

    async def story(updates: Updates) -> None:
        await updates.offered(head, SENDER)
        await wait_until(updates, lambda items: items["vault/2"].trial is not None)
        updates.vault_failed("it ended", is_hosts_fault=is_hosts_fault)

    live(farm, story)

    assert told == [("it ended", not is_hosts_fault)]


@pytest.mark.parametrize(
    ("disk", "told"),
    [
        (space.Disk(0, 1 << 40, 0, FULL), [FULL]),
        (space.Disk(0, 1 << 40, 0, FULL, LITTERED), []),  # a version that fills it is no fault of the computer
        (space.Disk(0, 1 << 40, 1 << 39, ""), []),
    ],
)
def test_updates_are_told_at_every_look_at_the_disk(
    home: Home, monkeypatch: pytest.MonkeyPatch, disk: space.Disk, told: list[str]
):
    heard: list[str] = []
    monkeypatch.setattr(space, "measure", lambda _home: disk)

    async def story() -> None:
        supervisor = Supervisor(home, await keys.load(home, os.urandom), random=random.Random(1))
        updates: Any = SimpleNamespace(host_fault=heard.append, watching=SimpleNamespace(found_at_fault=lambda _: None))
        supervisor._updates = updates
        supervisor.vault._settled.set()
        measuring = asyncio.create_task(supervisor._keep_measuring())
        await asyncio.sleep(90.0)
        measuring.cancel()

    run(story())

    assert heard == 2 * told


def test_a_disk_that_is_plugged_in_again_is_said_to_work_as_soon_as_it_is_seen_to(home: Home, tmp_path: Path):
    said: list[str] = []

    async def story() -> None:
        supervisor = Supervisor(home, await keys.load(home, os.urandom), random=random.Random(1))
        supervisor.vault._settled.set()
        tasks = [
            asyncio.create_task(supervisor._keep_measuring()),
            asyncio.create_task(supervisor.looking.run(nothing_to_hold)),
        ]
        await asyncio.sleep(30.0)
        home.path.rename(tmp_path / "pulled")
        await asyncio.sleep(90.0)
        said.append(supervisor.status().sentence)
        (tmp_path / "pulled").rename(home.path)
        await asyncio.sleep(looking.DISK_FAILED_S + 1.0)
        said.append(supervisor.status().sentence)
        for task in tasks:
            task.cancel()

    run(story())
    assert "disk" in said[0]
    assert "disk" not in said[1]


def test_a_full_disk_is_seen_where_the_folder_of_all_vaults_leads_to_another_one(
    home: Home, monkeypatch: pytest.MonkeyPatch
):
    def usage(free: Callable[[Path], int]) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(total=1 << 40, free=free(path)))

    usage(lambda path: 0 if home.vaults in (path, *path.parents) else 1 << 39)
    assert space.measure(home).is_at_fault
    usage(lambda _path: 1 << 39)
    assert not space.measure(home).is_at_fault
