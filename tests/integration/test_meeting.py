"""Whole nodes that nobody has told of each other: they meet by an invitation, and again by what they remember."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from node.supervisor.bootstrap import Bootstrap
from node.supervisor.errors import InvitationError, VaultUnavailable
from node.supervisor.supervisor import Supervisor
from tests.integration.test_supervisor import make, running, wait_until

STORY_S_MAX = 120.0


async def both_met(first: Supervisor, second: Supervisor) -> None:
    await wait_until(lambda: first.status().peer_count == second.status().peer_count == 1)


def test_an_invitation_brings_two_nodes_together_and_they_find_each_other_again_without_it(tmp_path: Path):
    async def story() -> None:
        home = make(tmp_path / "b", 2)
        async with running(make(tmp_path / "a", 1)) as first:
            await wait_until(lambda: first.vault.is_listening)
            async with running(home) as second:
                await wait_until(lambda: second.vault.is_listening)
                with pytest.raises(InvitationError):
                    await second.join("PERENNIAL-1-ABC")
                joined = await second.join((await first.invitation()).text)
                assert joined.vaults == 1
                await both_met(first, second)
            assert len(Bootstrap(home).contacts) == 1  # as it left, the home asked its vault whom it knows
            (home.state / "introductions").unlink()
            async with running(home) as again:
                await both_met(first, again)

    asyncio.run(asyncio.wait_for(story(), STORY_S_MAX))


def test_an_invitation_taken_while_the_vault_is_down_holds_at_its_start(tmp_path: Path):
    async def story() -> None:
        home = make(tmp_path / "b", 2)
        async with running(make(tmp_path / "a", 1)) as first:
            await wait_until(lambda: first.vault.is_listening)
            text = (await first.invitation()).text
            async with running(home) as second:  # its vault has not been started yet
                await second.join(text)
                await both_met(first, second)

    asyncio.run(asyncio.wait_for(story(), STORY_S_MAX))


def test_nobody_is_invited_to_a_vault_that_cannot_be_reached(tmp_path: Path):
    async def story() -> None:
        async with running(make(tmp_path / "a", 1)) as first:
            with pytest.raises(VaultUnavailable):
                await first.invitation()

    asyncio.run(asyncio.wait_for(story(), STORY_S_MAX))
