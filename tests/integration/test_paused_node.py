"""A whole node whose farmer has a pause, with a real neighbour, real vaults and the real API between them."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.api.client import Client
from node.api.server import ApiServer
from node.supervisor.errors import RequestRefused
from node.supervisor.supervisor import Supervisor
from node.supervisor.switching import IN_USE
from node.vault.storage.filesystem import CHUNKS
from tests.integration.test_supervisor import play


@pytest.mark.long
def test_a_pause_reaches_the_vault_and_every_one_after_it_and_what_is_held_is_served(tmp_path: Path):
    async def story(first: Supervisor, second: Supervisor) -> None:
        held = await first.put_chunk(b"from before")
        server = ApiServer(second, second.home.socket)
        await server.start()
        async with Client(second.home.path) as client:
            paused = await client.pause("until-resumed")
            assert [one.kind for one in paused.pauses] == ["asked"]
            await _refuses(first, second, b"new")
            await second.vault.switch(IN_USE)  # another run of it takes over
            await _refuses(first, second, b"newer")
            assert await second.get_chunk(bytes.fromhex(held.address)) == b"from before"
            assert (await client.resume()).pauses == ()
            assert (await first.put_chunk(b"newest")).holders == 2
        await server.stop()

    play(tmp_path, story)


async def _refuses(first: Supervisor, second: Supervisor, content: bytes) -> None:
    """The two are the whole network: what only one of them takes is not stored, as soon as they have met again."""
    is_refused = False
    while not is_refused:
        try:
            await first.put_chunk(content)
        except RequestRefused:
            is_refused = True
        assert sum(path.is_file() for path in (second.home.vault / CHUNKS).rglob("*")) == 1
