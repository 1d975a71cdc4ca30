"""One succession rehearsal from beginning to end."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import msgspec

import node
from node.api.schema import SettingsPatch, Status
from node.pod.build import build_tree
from node.pod.errors import PodError
from node.pod.network import pod_names
from node.pod.publish import release_signed_by
from node.practice.host import PlainVault
from node.practice.network import PracticeNetwork
from node.practice.profile import PracticeProfile
from node.practice.releases import PracticeError
from node.rehearsal import reading
from node.rehearsal.held import POLL_S, CandidateFailed, HeldFarm, Program
from node.rehearsal.limits import LIMITS, Limits
from node.rehearsal.release import LaterApp, build_later, next_version, recall, release, write_relapsing
from node.rehearsal.seen import Seen
from node.supervisor.errors import RequestRefused, SupervisorError, VaultUnavailable
from node.supervisor.home import Home
from node.update.errors import UpdateError
from node.update.files.slots import Slots
from node.vault.core.identity import decode_record, subnet_of

VAULTS: Final = 6  # five subnets for a close group beside the farm, so that enough neighbours rate a trial
CHUNKS, CHUNK_BYTES = 20, 1 << 12
PODS: Final = 3
OWN: Final = Path(node.__file__).resolve().parents[1]  # today's program
MORE_BYTES: Final = 1 << 30  # by so much the candidate is asked to change the limit
HOSTS: Final = (PracticeError, PodError, SupervisorError, UpdateError, OSError)

log = logging.getLogger(__name__)


class Outcome(msgspec.Struct, frozen=True):
    """``void``: this computer could not hold the rehearsal, which says nothing of the candidate."""

    verdict: Literal["passed", "refused", "void"]
    reason: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Order:
    """``home`` is the farmer's; ``work`` an empty folder with a short path.

    ``is_brief``: without a network of its own, as in a network that was itself made for a rehearsal.
    """

    app: Path
    home: Home
    work: Path
    runtime: Path | None = None
    limits: Limits = LIMITS
    is_brief: bool = False


async def rehearse(order: Order, told: Callable[[str], None]) -> Outcome:
    """Let the candidate show what it can; ``told`` is called with a line for each part.  Safe to cancel."""
    begun_s = time.monotonic()
    program = Program(order.app, order.work, order.runtime, hidden=order.home.path)
    try:
        await _read_home(order, program)
        told("it reads today's settings and history, and leaves them readable")
        if not order.is_brief:
            await _take_release(order, program, told)
    except CandidateFailed as error:
        return Outcome("refused", str(error), time.monotonic() - begun_s)
    except HOSTS as error:
        return Outcome("void", str(error), time.monotonic() - begun_s)
    return Outcome("passed", "", time.monotonic() - begun_s)


# A copy of the farmer's home.


async def _read_home(order: Order, program: Program) -> None:
    home = await asyncio.to_thread(reading.copy, order.home, order.work / "copy")
    expected = await asyncio.to_thread(reading.read, home)
    program = await asyncio.to_thread(program.installed)
    farm, limits = HeldFarm("the copy", home.path, program, order.limits), order.limits
    await farm.start_again()
    try:
        await farm.until_up()
        if (faults := await _told_otherwise(farm, expected, limits)) != ():
            raise CandidateFailed(faults[0])
        quota_bytes = expected.settings.quota_bytes + MORE_BYTES
        await farm.change_settings(SettingsPatch(quota_bytes=quota_bytes))
        if order.is_brief:
            await farm.open_pages()
        await farm.end()
    finally:
        await farm.stop()
    wanted = msgspec.structs.replace(expected.settings, quota_bytes=quota_bytes)
    found = await asyncio.to_thread(_read_again, home)
    if found.settings != wanted:
        raise CandidateFailed("today's program does not find the settings that it has changed")
    if not expected.ended.items() <= found.ended.items():
        raise CandidateFailed("today's program does not find the history again that it has kept")


async def _told_otherwise(farm: HeldFarm, expected: reading.Read, limits: Limits) -> tuple[str, ...]:
    ask, failing = farm.client, "its local API did not answer today's app"
    told = await farm.until(ask.settings, lambda _: True, limits.answer_s, failing)
    updates = await farm.until(ask.updates, lambda _: True, limits.answer_s, failing)
    await farm.until(ask.trial, lambda _: True, limits.answer_s, failing)
    await farm.until(ask.network, lambda _: True, limits.answer_s, failing)
    return reading.differences(expected, told, updates)


def _read_again(home: Home) -> reading.Read:
    """Raises CandidateFailed."""
    try:
        return reading.read(Home.open(home.path))
    except (SupervisorError, UpdateError) as error:
        raise CandidateFailed(f"today's program cannot read what it has left: {error}") from error


# A practice network with a later version of the vault.


async def _take_release(order: Order, program: Program, told: Callable[[str], None]) -> None:
    later = await asyncio.to_thread(build_later, order.app, order.work / "later")
    program = await asyncio.to_thread(program.installed, later.candidate.release.tree)
    profile = PracticeProfile(vaults=VAULTS, farms=1, stand_s_max=order.limits.stand_s)
    farms: list[HeldFarm] = []

    def held(name: str, folder: Path) -> HeldFarm:
        farms.append(HeldFarm(name, folder, program, order.limits))
        return farms[-1]

    async with PracticeNetwork(order.work / "net", profile, make_farm=held) as network:
        (farm,) = farms
        await farm.until_up()
        peers = VAULTS - 1
        await farm.until(
            farm.client.status, lambda status: status.peer_count >= peers, order.limits.stand_s, "it finds nobody"
        )
        await network.wait_until_it_stands()
        addresses = [await _put(network.plain[0], number) for number in range(CHUNKS)]
        seen = await _publish(network, farm)
        told("a later version of the vault is released to it")
        await _look_on(network, farm, seen, order.limits)
        if fault := seen.fault():
            raise CandidateFailed(fault)
        told("it has tried that version out, used it and gone back from it")
        await _serves(farm, seen, network.plain[0], addresses, order.limits)
        await farm.open_pages()
        told("its window opens every page")
        await _take_app(network, farm, later, order.limits)
        told("it has become a later app, and come back when that was recalled")
        await farm.end()
        await asyncio.to_thread(_check_left, Home.read(farm.folder), seen)
        await _take_over(order, farm.folder)
        told("today's program takes over what it has left")


async def _take_over(order: Order, home: Path) -> None:
    """Let today's program run on what the candidate has left, as it would after a way back."""
    work = order.work / "own"
    await asyncio.to_thread(work.mkdir)
    own = Program(OWN, work, hidden=order.home.path)
    farm = HeldFarm("today's app", home, await asyncio.to_thread(own.installed), order.limits)
    try:
        await farm.start_again()
        await farm.until_up()
        # What cannot be read of updates stops them for good, and nothing else.
        ask, failing = farm.client.updates, "it takes no updates any more"
        phase = "rolled_back"
        await farm.until(
            ask, lambda found: phase in {item.phase for item in found.items}, order.limits.answer_s, failing
        )
        await farm.end()
    except CandidateFailed as error:
        raise CandidateFailed(f"today's program cannot go on with what it has left: {error}") from error
    finally:
        await farm.stop()


async def _take_app(network: PracticeNetwork, farm: HeldFarm, later: LaterApp, limits: Limits) -> None:
    """Release a later app, see the candidate become it, recall it, and see it come back; the vault goes on."""
    vault, tree_hash = network.plain[0], later.built.release.tree
    for content in later.objects:
        await vault.put(content)
    own = await asyncio.to_thread(farm.vault_pid)
    await vault.carry(await asyncio.to_thread(release, later, network.pods_folder))
    ask, failing = farm.client.status, "it did not become a later app"
    await farm.until(ask, lambda _: farm.is_app(tree_hash), limits.app_s, failing)
    if await asyncio.to_thread(farm.vault_pid) != own:
        raise CandidateFailed("the vault did not go on while it became a later app")
    await vault.carry(await asyncio.to_thread(recall, later, network.pods_folder))
    failing = "it did not come back from a later app that was recalled"
    await farm.until(ask, lambda _: farm.is_installed_app(), limits.back_s, failing)


async def _put(vault: PlainVault, number: int) -> bytes:
    """Store a chunk in the network; return its address."""
    content = hashlib.sha256(number.to_bytes(2, "big")).digest() * (CHUNK_BYTES // 32)
    await vault.put(content)
    return hashlib.sha256(content).digest()


async def _publish(network: PracticeNetwork, farm: HeldFarm) -> Seen:
    """Release the version that will fail; what there is to see of it."""
    home = Home.read(farm.folder)
    vault_id = decode_record(home.last_record(), time.time()).vault_id
    source = await asyncio.to_thread(write_relapsing, network.folder / "later", vault_id)
    base = await asyncio.to_thread(Slots(home.slots).current, "vault")
    if base is None:
        raise CandidateFailed("it runs a vault of no version")
    version, pods = next_version(), pod_names(network.pods_folder)[:PODS]
    tree_hash = (await asyncio.to_thread(build_tree, source, version)).release.tree
    head, objects = await asyncio.to_thread(release_signed_by, network.pods_folder, source, version, pods)
    for content in objects.values():
        await network.plain[0].put(content)
    await network.plain[0].carry(head)
    return Seen(tree_hash, base)


async def _look_on(network: PracticeNetwork, farm: HeldFarm, seen: Seen, limits: Limits) -> None:
    """Look at files and neighbours until the release's way is over, or its time."""
    home = Home.read(farm.folder)
    own = decode_record(home.last_record(), time.time())
    subnet, slots = subnet_of(own.addresses[0]), Slots(home.slots)
    known = {vault.vault_id for vault in network.plain} | {own.vault_id}
    deadline_s = time.monotonic() + limits.way_s
    while not seen.is_over and time.monotonic() < deadline_s and not farm.is_over:
        met = {one.vault_id for vault in network.plain for one in vault.met if one.subnet == subnet}
        in_use = await asyncio.to_thread(slots.current, "vault")
        seen.look(in_use or "", met - known)
        await asyncio.sleep(POLL_S)
    if farm.is_over:
        raise CandidateFailed(f"it ended by itself, with {farm.words()!r}")


async def _serves(farm: HeldFarm, seen: Seen, vault: PlainVault, addresses: list[bytes], limits: Limits) -> None:
    """The version from before serves again, and every chunk is there."""

    def is_back(status: Status) -> bool:
        return status.in_use is not None and status.in_use.tree_hash == seen.base and status.peer_count > 0

    await farm.until(farm.client.status, is_back, limits.answer_s, "the version from before did not serve again")
    for address in addresses:
        try:
            await vault.get(address)
        except (RequestRefused, VaultUnavailable) as error:
            raise CandidateFailed(f"a chunk of its network is gone: {error}") from error


def _check_left(home: Home, seen: Seen) -> None:
    """What the candidate has left must be of use to today's program.

    Raises:
        CandidateFailed: It is not.
    """
    found = _read_again(home)
    if "rolled_back" not in found.ended.values():
        raise CandidateFailed("today's program does not find in its history that it has gone back")
    try:
        Slots(home.slots).verify("vault", seen.base)
    except UpdateError as error:
        raise CandidateFailed(f"it has left the version in use damaged: {error}") from error
