"""The same files under two names: what is found out about them under one counts for the other."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from node.trust.head import encode
from node.update.driver import Updates
from tests import signed_world, update_world
from tests.twin_world import Nature
from tests.unit.test_trust_recall import recalls
from tests.unit.test_update_rollout import states
from tests.update_world import SENDER, Farm, live, tell, wait_until

pytestmark = pytest.mark.usefixtures("cheap_twins")


@pytest.fixture
def farm(tmp_path: Path) -> Farm:
    return Farm(folder=tmp_path)


def publish_again(farm: Farm, monkeypatch: pytest.MonkeyPatch, version: str) -> bytes:
    """The files of release 2 as another release."""
    files = signed_world.built("2")
    again = msgspec.structs.replace(files.release, version=version)
    monkeypatch.setattr(signed_world, "built", lambda *_, **__: replace(files, release=again))
    return farm.publish(version)


def test_that_fail_while_the_other_one_waits_are_not_tried_again(farm: Farm, monkeypatch: pytest.MonkeyPatch):
    head = farm.publish("2", Nature(wrong_every=200))

    async def story(updates: Updates) -> None:
        await updates.offered(head, SENDER)
        await wait_until(updates, lambda items: items["vault/2"].phase == "on_trial")
        assert (await updates.offered(publish_again(farm, monkeypatch, "3"), SENDER)).outcome == "accepted"
        await wait_until(updates, lambda items: items["vault/2"].phase == "refused")
        await wait_until(updates, lambda items: items["vault/3"].phase in update_world.DONE)
        assert updates.updates().items[0].phase == "refused"

    live(farm, story)

    assert len(farm.vaults) == 2


@pytest.mark.long
def test_that_are_left_in_probation_are_not_confirmed_under_the_other_name(farm: Farm, monkeypatch: pytest.MonkeyPatch):
    head = farm.publish("2")

    async def story(updates: Updates) -> None:
        await updates.offered(head, SENDER)
        await wait_until(updates, lambda items: items["vault/2"].phase == "probation")
        assert (await updates.offered(publish_again(farm, monkeypatch, "3"), SENDER)).outcome == "accepted"
        await asyncio.sleep(1.0)
        for _ in range(3):
            updates.vault_failed("exit code 1")
        await wait_until(updates, lambda items: items["vault/2"].phase == "rolled_back")
        await asyncio.sleep(100.0)
        assert updates.updates().items[0].phase == "refused"

    live(farm, story)


@pytest.mark.long
def test_that_are_recalled_under_one_name_have_not_failed_under_the_other(farm: Farm, monkeypatch: pytest.MonkeyPatch):
    tell(farm, farm.publish("2"))
    tell(farm, publish_again(farm, monkeypatch, "3"), of="vault/3")
    farm.signed.head = farm.signed.change("vault", recalls("vault/3"))
    head = encode(farm.signed.head)

    async def story(updates: Updates) -> None:
        assert (await updates.offered(head, SENDER)).outcome == "accepted"
        await asyncio.sleep(100.0)

    live(farm, story)

    assert farm.slots.current("vault") == farm.own
    assert states(farm) == ["on_trial", "pass"]
