"""A candidate that no trial could prove, asked by ourselves alone: what it takes it must give back, restarted or not.

And it must pass on the developers' news, for a farm on a version that does not hears of no later one.

This compares it with nothing and proves no efficiency.  It keeps a farm from taking into use what plainly does not run.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

from node.trial import verdict as says
from node.update.errors import ProberFailed, TwinFailed
from node.update.ports import TrialPorts, TwinOrder, TwinVault
from node.update.trials.folders import TrialFolders
from node.update.trials.interview import Chance, Interview
from node.update.trials.observations import Measured, NewsServed
from node.update.trials.plan import Plan
from node.update.trials.rehearsal import TrialResult, ended, scan, stop
from node.vault.core.identity import KEY_BYTES, Signer, position_of

QUESTIONS: Final = 60  # a quarter of them put, the others read
QUESTIONS_MAX: Final = 180  # 18 s, in which it hears of the newest head and hands it out
QUESTIONS_PER_S: Final = 10.0
ASK_S_MAX: Final = 300.0


async def self_test(
    candidate: str, folders: TrialFolders, quota_bytes: int, ports: TrialPorts, chance: Chance
) -> TrialResult:
    """Put and get with the candidate, then start it again in standby and look for all that it acknowledged.

    ``folders`` makes one for the candidate's data, for the rehearsal of the way back.  Safe to cancel.

    Raises:
        TwinFailed: It did not start, or not everything that it answered was right.
        ProberFailed, HostFailed, OSError: This machine could not do its part.
    """
    data, seed = await asyncio.to_thread(folders.make, chance.entropy), chance.entropy(KEY_BYTES)
    order = TwinOrder(tree_hash=candidate, data=data, seed=seed, quota_bytes=quota_bytes)
    vault = await ports.start_twin(order)
    async with ended(vault):
        plan = Plan(position_of(Signer(seed).public_key), await _network_size(ports), chance.random, chance.entropy)
        acknowledged = await _ask(vault, plan, ports, chance)
    vault = await ports.start_twin(replace(order, is_standby=True))
    async with ended(vault):
        held = await scan(vault, acknowledged)
    missing = sum(address not in held.whole for address in acknowledged)
    if missing or held.corrupt:
        raise TwinFailed(f"it lost {missing} of {len(acknowledged)} chunks when it was restarted")
    return TrialResult("promote", "", data, acknowledged)


async def _network_size(ports: TrialPorts) -> int:
    try:
        return (await ports.neighbourhood()).network_size
    except TwinFailed:
        return 1  # the own vault has no answer now


async def _ask(vault: TwinVault, plan: Plan, ports: TrialPorts, chance: Chance) -> tuple[bytes, ...]:
    """Ask it as twins are asked, both times the same vault; the chunks that it acknowledged."""
    asked: list[Measured] = []
    served: list[bool] = []
    done = asyncio.Event()

    def hear(measured: Measured | NewsServed) -> None:
        if isinstance(measured, NewsServed):
            served.append(all(measured.by))
            return
        if measured.is_relayed:
            return
        asked.append(measured)
        is_right = all(answer.outcome == "ok" for answer in measured.answers)
        is_enough = len(asked) >= (QUESTIONS if any(served) else QUESTIONS_MAX)
        if is_enough or not is_right:
            done.set()

    def twice() -> tuple[bytes, bytes]:
        return vault.record, vault.record

    interview = Interview(twice, plan, ports, chance, hear, chance.utc_s())
    prober = await ports.start_prober(twice())
    asking = asyncio.create_task(interview.run(prober, QUESTIONS_PER_S))
    asking.add_done_callback(lambda _: done.set())
    try:
        async with asyncio.timeout(ASK_S_MAX):
            await done.wait()
    except TimeoutError as error:
        raise TwinFailed("it answered too slowly") from error
    finally:
        asking.cancel()
        await asyncio.wait({asking})
        await stop(prober)
    bad = [f"{one.kind}: {answer.outcome}" for one in asked for answer in one.answers if answer.outcome != "ok"]
    if bad:
        raise TwinFailed(f"not every answer was right ({bad[0]})")
    if len(asked) >= QUESTIONS_MAX and not any(served):
        raise TwinFailed(says.news_unseen())
    if len(asked) < QUESTIONS or not any(served):
        asking.result()  # raises what it ended with
        raise ProberFailed("the prober ended before it had asked enough")
    return tuple(one.address for one in asked if one.kind == "put")
