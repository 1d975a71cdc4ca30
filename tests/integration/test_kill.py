"""Real vaults, killed as soon as they have acknowledged chunks: each lies on the disk of everyone who signed for it."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections import Counter
from collections.abc import Awaitable, Callable

from node.vault.control import Pace
from tests.benchmarks.vaults import Vaults, temporary_folder

VAULTS = 6
HOLDERS = 5
QUOTA_BYTES = 1 << 26
REPLICATED_S_MAX = 60.0
PACE = Pace(
    audit_s=1.0, ping_s=2.0, refresh_s=2.0, beat_s=1.0, sweep_s=5.0, repair_delay_s=1.0, repair_bytes_per_s=1 << 26
)


def play(story: Callable[[Vaults], Awaitable[None]]) -> None:
    async def run() -> None:
        with temporary_folder() as folder:
            async with Vaults(folder, PACE, QUOTA_BYTES) as vaults:
                for number in range(1, VAULTS + 1):
                    await vaults.add(number)
                await vaults.wait_until_known(VAULTS - 1)
                await story(vaults)

    asyncio.run(run())


def chunks(*, seed: int, count: int) -> dict[bytes, bytes]:
    chance = random.Random(seed)
    contents = [chance.randbytes(chance.randint(1, 100_000)) for _ in range(count)]
    return {hashlib.sha256(content).digest(): content for content in contents}


def holders(vaults: Vaults) -> Counter[bytes]:
    folders = [vault.folder / "vault" / "chunks" for vault in vaults.all.values()]
    return Counter(bytes.fromhex(file.name) for folder in folders for file in folder.iterdir())


async def kill(vaults: Vaults, *numbers: int) -> None:
    for number in numbers:
        vaults.all[number].kill()
    await asyncio.gather(*(vaults.all[number].stop() for number in numbers))


class TestKilledVaults:
    def test_a_chunk_lies_with_everyone_who_signed_for_it_however_soon_they_are_killed(self):
        async def story(vaults: Vaults) -> None:
            kept = chunks(seed=1, count=20)
            signed = await asyncio.gather(*(vaults.all[1].put(content) for content in kept.values()))
            await kill(vaults, 1, 4)

            found = holders(vaults)
            assert set(signed) == {HOLDERS}
            assert all(found[address] >= HOLDERS for address in kept)

        play(story)

    def test_what_was_acknowledged_comes_back_while_two_are_dead_and_from_those_two_after_their_restart(self):
        async def story(vaults: Vaults) -> None:
            kept = chunks(seed=2, count=20)
            await asyncio.gather(*(vaults.all[2].put(content) for content in kept.values()))
            await kill(vaults, 3, 5)
            for place, (address, content) in enumerate(kept.items()):
                assert await vaults.all[(1, 2, 4, 6)[place % 4]].get(address) == content

            await vaults.add(3)
            await vaults.add(5)
            await vaults.wait_until_known(3)
            for place, (address, content) in enumerate(kept.items()):
                assert await vaults.all[(3, 5)[place % 2]].get(address) == content

        play(story)

    def test_what_was_put_while_two_were_dead_is_whole_again_after_their_restart(self):
        async def story(vaults: Vaults) -> None:
            kept = chunks(seed=3, count=10)
            await kill(vaults, 3, 5)
            await asyncio.gather(*(vaults.all[1].put(content) for content in kept.values()))
            await vaults.add(3)
            await vaults.add(5)
            async with asyncio.timeout(REPLICATED_S_MAX):
                while min(holders(vaults)[address] for address in kept) < HOLDERS:
                    await asyncio.sleep(0.1)
            await vaults.wait_until_known(3)
            for address, content in kept.items():
                assert [await vaults.all[number].get(address) for number in (3, 5)] == [content] * 2

        play(story)
