"""Fetching a release: only what is missing, nothing unchecked, nothing twice."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import pytest

from node.trust.release import Release
from node.update.errors import ContentRefused, FetchFailed, StageFailed
from node.update.files import fetching
from node.update.files.chunks import CHUNKS_AT_ONCE, TRIES_MAX
from node.update.files.fetching import fetch_release
from node.update.files.slots import Slots
from node.vault.share.tree import address_of, encode_manifest, manifest_of, tree_hash_of
from tests import virtual_time

BASE = {
    "node/__init__.py": b"# the map\n",
    "node/vault/__init__.py": b"X = 1\n",
    "node/vault/__main__.py": b"print(1)\n",
}


class World:
    """A network that holds releases; it counts what it is asked and fails when told to."""

    def __init__(self) -> None:
        self.chunks: dict[bytes, bytes] = {}
        self.asked: list[bytes] = []
        self.failures: dict[bytes, list[bytes | Exception]] = {}
        self.busy = self.busiest = 0

    def release(self, files: dict[str, bytes], version: str = "2") -> Release:
        manifest, chunks = manifest_of([(path, False, content) for path, content in files.items()])
        encoded = encode_manifest(manifest)
        self.chunks |= chunks | {address_of(encoded): encoded}
        return Release(
            name=f"vault/{version}", layer="vault", version=version, tree_hash=tree_hash_of(manifest),
            manifest=address_of(encoded), manifest_length=len(encoded), signers=("a", "b", "c"), notes="", sequence=1,
        )  # fmt: skip

    async def get_chunk(self, address: bytes) -> bytes:
        self.asked.append(address)
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        await asyncio.sleep(0.1)
        self.busy -= 1
        if self.failures.get(address):
            failure = self.failures[address].pop(0)
            if isinstance(failure, Exception):
                raise failure
            return failure
        return self.chunks[address]


@pytest.fixture
def slots(tmp_path: Path) -> Slots:
    return Slots(tmp_path / "slots")


@pytest.fixture
def world() -> World:
    return World()


def fetch(release: Release, slots: Slots, world: World) -> fetching.Fetched:
    return virtual_time.run(fetch_release(release, slots, world.get_chunk))


def test_a_release_is_fetched_staged_and_counted(slots: Slots, world: World):
    release = world.release(BASE)

    fetched = fetch(release, slots, world)

    assert fetched.path == slots.verify("vault", release.tree_hash)
    assert fetched.objects_fetched == 4
    assert fetched.bytes_fetched == sum(len(content) for content in world.chunks.values())


def test_only_the_changed_file_and_the_manifest_are_fetched(slots: Slots, world: World):
    fetch(world.release(BASE, "1"), slots, world)
    world.asked.clear()
    changed = world.release(BASE | {"node/vault/__init__.py": b"X = 2\n"})

    fetched = fetch(changed, slots, world)

    assert world.asked == [changed.manifest, hashlib.sha256(b"X = 2\n").digest()]
    assert fetched.bytes_fetched == changed.manifest_length + len(b"X = 2\n")
    assert (fetched.path / "node/__init__.py").read_bytes() == b"# the map\n"


def test_large_files_are_put_together_from_their_chunks(slots: Slots, world: World):
    large = bytes(range(256)) * 10_000
    release = world.release(BASE | {"node/vault/large.bin": large, "node/vault/empty.py": b""})

    path = fetch(release, slots, world).path

    assert (path / "node/vault/large.bin").read_bytes() == large
    assert (path / "node/vault/empty.py").read_bytes() == b""


def test_several_chunks_are_fetched_at_once_and_not_more_than_allowed(slots: Slots, world: World):
    many = {f"node/vault/m{n}.py": b"%d" % n for n in range(40)}
    fetch(world.release(BASE | many), slots, world)
    assert world.busiest == CHUNKS_AT_ONCE


def test_a_chunk_that_does_not_come_is_asked_for_again(slots: Slots, world: World):
    release = world.release(BASE)
    world.failures[release.manifest] = [OSError("unreachable"), TimeoutError()]

    assert fetch(release, slots, world).objects_fetched == 4


def test_wrong_bytes_are_never_kept(slots: Slots, world: World):
    release = world.release(BASE)
    address = hashlib.sha256(b"X = 1\n").digest()
    world.failures[address] = [b"X = 666\n", b"", b"x" * (2 << 20)]

    path = fetch(release, slots, world).path

    assert (path / "node/vault/__init__.py").read_bytes() == b"X = 1\n"
    assert world.asked.count(address) == 4


def test_it_gives_up_after_so_many_tries_and_leaves_no_slot(slots: Slots, world: World):
    release = world.release(BASE)
    address = hashlib.sha256(b"X = 1\n").digest()
    del world.chunks[address]

    with pytest.raises(FetchFailed):
        fetch(release, slots, world)

    assert world.asked.count(address) == TRIES_MAX
    assert not slots.has("vault", release.tree_hash)


def test_a_peer_that_never_answers_costs_one_try(slots: Slots, world: World):
    release = world.release(BASE)
    calls = []

    async def get_chunk(address: bytes) -> bytes:
        calls.append(address)
        if len(calls) == 1:
            await asyncio.sleep(10**9)
        return world.chunks[address]

    assert virtual_time.run(fetch_release(release, slots, get_chunk)).objects_fetched == 4


def test_what_came_before_a_cut_is_not_fetched_again(slots: Slots, world: World, tmp_path: Path):
    release = world.release(BASE)
    address = hashlib.sha256(b"X = 1\n").digest()
    lost = world.chunks.pop(address)
    with pytest.raises(FetchFailed):
        fetch(release, slots, world)
    world.chunks[address] = lost
    world.asked.clear()

    fetched = fetch(release, Slots(tmp_path / "slots"), world)

    assert world.asked == [address]
    assert fetched.bytes_fetched == len(lost)
    assert list((tmp_path / "slots/objects").iterdir()) == []


@pytest.mark.parametrize(
    "files",
    [
        BASE | {"node/supervisor/keys.py": b"steal()"},
        BASE | {"node/vault/__pycache__/a.cpython-311.pyc": b"\0"},
        {path: content for path, content in BASE.items() if path != "node/vault/__main__.py"},
    ],
)
def test_a_release_with_files_it_may_not_have_is_refused_whoever_signed_it(
    slots: Slots, world: World, files: dict[str, bytes]
):
    release = world.release(files)

    with pytest.raises(ContentRefused):
        fetch(release, slots, world)

    assert world.asked == [release.manifest]  # nothing else is even fetched


def test_a_manifest_with_another_tree_hash_than_the_signed_one_is_refused(slots: Slots, world: World):
    signed, other = world.release(BASE), world.release(BASE | {"node/vault/__init__.py": b"X = 2\n"})
    lying = Release(
        signed.name, "vault", "2", signed.tree_hash, other.manifest, other.manifest_length, ("a",), "", signed.sequence
    )
    with pytest.raises(ContentRefused):
        fetch(lying, slots, world)


def test_a_release_over_the_limit_is_refused(slots: Slots, world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fetching, "TREE_BYTES_MAX", {"vault": 10})
    with pytest.raises(ContentRefused):
        fetch(world.release(BASE), slots, world)


def test_a_full_disk_is_this_machines_fault_and_leaves_no_slot(
    slots: Slots, world: World, monkeypatch: pytest.MonkeyPatch
):
    def full(_path: Path, _content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    release = world.release(BASE)
    with pytest.raises(StageFailed, match="No space left"):
        fetch(release, slots, world)
    assert not slots.has("vault", release.tree_hash)


def test_rot_in_a_slot_is_fetched_afresh(slots: Slots, world: World):
    old = world.release(BASE, "1")
    fetch(old, slots, world)
    file = slots.path("vault", old.tree_hash) / "node/__init__.py"
    file.chmod(0o600)
    file.write_bytes(b"rot")
    world.asked.clear()

    path = fetch(world.release(BASE | {"node/vault/new.py": b"1"}), slots, world).path

    assert (path / "node/__init__.py").read_bytes() == b"# the map\n"
    assert hashlib.sha256(b"# the map\n").digest() in world.asked


def test_a_damaged_slot_is_mended_with_what_of_it_is_whole(slots: Slots, world: World):
    release = world.release(BASE)
    file = fetch(release, slots, world).path / "node/vault/__init__.py"
    file.chmod(0o600)
    file.write_bytes(b"rot")
    world.asked.clear()

    fetch(release, slots, world)

    slots.verify("vault", release.tree_hash)
    assert world.asked == [release.manifest, hashlib.sha256(b"X = 1\n").digest()]
