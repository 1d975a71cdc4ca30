"""The client that the public suite runs, run as a process against a small repository of a Perennial network."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tuf.api.metadata import (  # type: ignore[attr-defined]  # documented there, not listed for type checkers
    Delegations,
    SuccinctRoles,
    TargetFile,
)

from node.pod.statements import heartbeat
from node.pod.writing import sign
from node.trust import head as heads
from node.trust.metadata import Metadata, Root, Snapshot, Targets, read
from tests.architecture.sources import ROOT
from tests.conformance import command, edges
from tests.conformance.edges import ClientError, Site
from tests.conformance.repository import Repository, served
from tests.signed_world import DAY, built, following, unchanged

CLIENT = ROOT / "tests" / "conformance" / "tuf_client"
END_S = 60.0  # of one process; only a defect needs longer


@dataclass(frozen=True, slots=True)
class Outcome:
    code: int
    said: str


@dataclass(frozen=True, slots=True)
class Farm:
    """A client's folders, and the repository that it is told to ask."""

    folder: Path
    url: str
    repository: Repository

    def run(self, *arguments: str) -> Outcome:
        """Run the client as a process of its own, on a machine whose proxy would lead it astray."""
        started = [sys.executable, str(CLIENT), *self.arguments(*arguments)]
        environment = {**os.environ, "http_proxy": "http://127.0.0.1:1"}
        ended = subprocess.run(
            started, capture_output=True, text=True, timeout=END_S, check=False, cwd=self.folder, env=environment
        )
        assert ended.stdout == ""
        return Outcome(ended.returncode, ended.stderr)

    def arguments(self, *arguments: str) -> list[str]:
        return [
            *("--metadata-dir", str(self.folder / "metadata")),
            *("--metadata-url", f"{self.url}/metadata"),
            *("--target-base-url", f"{self.url}/targets/"),
            *("--target-dir", str(self.folder / "targets")),
            *arguments,
        ]

    def download(self, *names: str) -> Outcome:
        return self.run(*(word for name in names for word in ("--target-name", name)), "download")

    def refreshed(self) -> Farm:
        """Begin, and know the head that is published now.  In this process: it is no more than the way to a test."""
        for arguments in (("init", str(self.folder / "genesis.json")), ("refresh",)):
            assert command.main(self.arguments(*arguments)) == 0
        return self

    def kept(self) -> dict[str, bytes]:
        return {file.name: file.read_bytes() for file in (self.folder / "metadata").iterdir()}

    def fetched(self) -> list[bytes]:
        return [file.read_bytes() for file in sorted((self.folder / "targets").iterdir())]


@pytest.fixture
def repository() -> Repository:
    repository = Repository(datetime.now(UTC).replace(microsecond=0))
    repository.release("0.1.1")
    return repository


@pytest.fixture
def farm(repository: Repository, tmp_path: Path) -> Iterator[Farm]:
    for folder in ("metadata", "targets"):
        (tmp_path / folder).mkdir()
    (tmp_path / "genesis.json").write_bytes(repository.world.genesis)
    with served(repository) as url:
        yield Farm(tmp_path, url, repository)


class TestTheWayToATarget:
    def test_init_refresh_and_download_keep_every_file_as_it_was_served(self, farm: Farm) -> None:
        assert farm.run("init", str(farm.folder / "genesis.json")) == Outcome(0, "")
        assert farm.repository.asked == []
        assert farm.run("refresh") == Outcome(0, "")
        assert farm.download("vault/0.1.1") == Outcome(0, "")

        head = farm.repository.world.head
        assert farm.kept() == {
            "root.json": farm.repository.world.genesis,
            "timestamp.json": head.timestamp,
            "snapshot.json": head.snapshot,
            "targets.json": head.targets,
            "vault.json": head.delegated["vault"],
        }
        assert farm.fetched() == [built("0.1.1").manifest]

    def test_the_client_can_be_started_by_its_name(self) -> None:
        assert os.access(CLIENT, os.X_OK)

    def test_what_is_held_is_not_asked_for_again(self, farm: Farm) -> None:
        farm.refreshed().download("vault/0.1.1")
        farm.repository.asked.clear()

        assert farm.download("vault/0.1.1").code == 0
        assert farm.repository.asked == ["metadata/2.root.json", "metadata/timestamp.json"]

    def test_a_held_target_that_was_changed_on_disk_is_fetched_again(self, farm: Farm) -> None:
        farm.refreshed().download("vault/0.1.1")
        next((farm.folder / "targets").iterdir()).write_bytes(b"something else")

        assert farm.download("vault/0.1.1").code == 0
        assert farm.fetched() == [built("0.1.1").manifest]

    def test_every_hybrid_root_is_followed_to_the_newest(self, farm: Farm) -> None:
        farm.refreshed()
        world = farm.repository.world
        for _ in range(3):
            world.head = world.with_root(unchanged)
        farm.repository.publish(world.head)

        assert farm.run("refresh").code == 0
        assert farm.kept()["root.json"] == world.newest_root()

    def test_a_repository_without_versions_in_its_names_is_read_too(self, farm: Farm) -> None:
        world, repository = farm.repository.world, farm.repository
        world.head = world.with_root(lambda root: setattr(root, "consistent_snapshot", False))
        repository.files.clear()
        repository.release("0.1.2")
        target = next(name for name in repository.files if name.startswith("targets/"))
        repository.files["targets/vault/0.1.2"] = repository.files.pop(target)

        assert farm.refreshed().download("vault/0.1.2").code == 0
        assert farm.fetched() == [built("0.1.2").manifest]

    def test_a_target_is_found_in_the_one_of_many_roles_that_its_hash_belongs_to(self, farm: Farm) -> None:
        with_bins(farm.repository, "vault/0.1.1")

        assert farm.refreshed().download("vault/0.1.1").code == 0
        assert sum(name.startswith("bin-") for name in farm.kept()) == 1

    def test_after_a_thief_ran_ahead_a_root_without_his_key_lets_the_client_follow_again(self, farm: Farm) -> None:
        world, repository = farm.repository.world, farm.repository
        honest = copy.deepcopy(world.head)
        thief = world.pods[4]
        repository.publish(world.with_timestamp(lambda signed: setattr(signed, "version", 2**31), by=[thief]))
        farm.refreshed()
        repository.publish(honest)
        assert farm.run("refresh").code == 1

        repository.publish(world.with_root(lambda root: root.revoke_key(thief.keyid, "timestamp"), head=honest))

        assert farm.run("refresh").code == 0
        assert farm.kept()["timestamp.json"] == honest.timestamp


def with_bins(repository: Repository, path: str) -> None:
    """Publish a head in which the targets are spread over four roles by their hashes."""
    world, now = repository.world, repository.now
    listed = read(world.head.delegated["vault"], Targets).signed.targets[path]
    key = world.pods[0].signer.public_key
    roles = SuccinctRoles([key.keyid], 1, bit_length=2, name_prefix="bin")
    targets = following(read(world.head.targets, Targets).metadata)
    targets.signed.delegations = Delegations({key.keyid: key}, succinct_roles=roles)
    statements = {"targets": sign(targets, world.pods)}
    for role in roles.get_roles():
        holds = {path: listed} if role == roles.get_role_for_target(path) else {}
        statements[role] = sign(Metadata(Targets(expires=now + DAY, targets=holds)), world.pods[:1])
    repository.publish(world.joined(statements, now))


def expired(repository: Repository) -> None:
    world = repository.world
    repository.publish(heartbeat(world.head, world.pods[0], repository.now - 46 * DAY))


def changed_file(name: str, change: Callable[[dict[str, Any]], Any]) -> Callable[[Repository], None]:
    """A server that changes what nobody signed of one file of the next head."""

    def act(repository: Repository) -> None:
        head = repository.release("0.1.2")
        file = json.loads(getattr(head, name))
        change(file)
        repository.publish(msgspec.structs.replace(head, **{name: json.dumps(file).encode()}))

    return act


def twice_in_one_object(repository: Repository) -> None:
    head = repository.release("0.1.2")
    twice = head.timestamp.replace(b'"version"', b'"version":1,"version"', 1)
    repository.publish(msgspec.structs.replace(head, timestamp=twice))


def read_in_two_ways(repository: Repository) -> None:
    """A null where the library has a default: it would verify, and other readers would read something else."""
    head = repository.release("0.1.2")
    file = json.loads(head.snapshot)
    file["signed"]["meta"]["vault.json"]["length"] = None
    repository.publish(msgspec.structs.replace(head, snapshot=json.dumps(file).encode()))


def too_long(role: str, limit: int) -> Callable[[Repository], None]:
    def act(repository: Repository) -> None:
        head = repository.release("0.1.2")
        repository.publish(msgspec.structs.replace(head, **{role: getattr(head, role) + b" " * limit}))

    return act


def endless_root(repository: Repository) -> None:
    repository.files["metadata/2.root.json"] = b" " * (heads.ROOT_BYTES_MAX + 1)


def forked(repository: Repository) -> None:
    """Another snapshot of the version that the timestamp names, signed just as well."""
    world = repository.world
    other = world.with_snapshot(lambda signed: signed.unrecognized_fields.update({"x-note": "other"}))
    head = world.with_snapshot(unchanged)
    repository.publish(msgspec.structs.replace(head, snapshot=other.snapshot))


REFUSALS: dict[str, tuple[Callable[[Repository], Any], str, str]] = {
    # what happens: how it is made, the file that is refused, and what is said of it
    "a snapshot signed by two pods": (
        *(lambda repository: repository.release("0.1.2", by=repository.world.pods[:2]), "snapshot"),
        "snapshot: signed by 2 pods, 3 are needed",
    ),
    "targets signed by three pods": (
        lambda repository: repository.publish(
            repository.world.change("targets", unchanged, by=repository.world.pods[:3], now=repository.now)
        ),
        "targets",
        "targets: signed by 3 pods, 4 are needed",
    ),
    "a root signed by three pods": (
        lambda repository: repository.publish(repository.world.with_root(unchanged, by=repository.world.pods[:3])),
        "root",
        "root: signed by 3 pods, 4 are needed",
    ),
    "an expired timestamp": (expired, "timestamp", "timestamp.json is expired"),
    "another snapshot of the same version": (forked, "snapshot", "snapshot is not the one that belongs to this head"),
    "a key twice in one object": (twice_in_one_object, "timestamp", "a key appears twice in one object"),
    "a null where there is a default": (read_in_two_ways, "snapshot", "snapshot can be read in two ways"),
    "an addition that nobody signed": (
        *(changed_file("timestamp", lambda file: file.update({"note": ""})), "timestamp"),
        "unsigned additions to a signed file",
    ),
    "an addition to a signature": (
        *(changed_file("snapshot", lambda file: file["signatures"][0].update({"note": ""})), "snapshot"),
        "unsigned additions to a signed file",
    ),
    "a timestamp over its limit": (
        *(too_long("timestamp", heads.TIMESTAMP_BYTES_MAX), "timestamp"),
        "timestamp.json is longer than the 65536 bytes that it may have",
    ),
    "a snapshot over its limit": (
        *(too_long("snapshot", heads.SNAPSHOT_BYTES_MAX), "snapshot"),
        "snapshot.json is longer than the 65536 bytes that it may have",
    ),
    "targets over their limit": (
        lambda repository: repository.publish(
            msgspec.structs.replace(
                repository.world.change("targets", unchanged, now=repository.now),
                targets=b" " * (heads.TARGETS_BYTES_MAX + 1),
            )
        ),
        "targets",
        "targets.json is longer than the 163840 bytes that it may have",
    ),
    "a root over its limit": (endless_root, "root", "2.root.json is longer than the 245760 bytes that it may have"),
    "no timestamp": (
        *(lambda repository: repository.files.pop("metadata/timestamp.json"), "timestamp"),
        "the server does not have timestamp.json",
    ),
}


class TestWhatIsRefused:
    @pytest.mark.parametrize("case", REFUSALS.values(), ids=REFUSALS)
    def test_refresh_fails_with_one_sentence_and_keeps_what_it_had(
        self, farm: Farm, case: tuple[Callable[[Repository], Any], str, str]
    ) -> None:
        act, role, reason = case
        held = farm.refreshed().kept()[f"{role}.json"]

        act(farm.repository)
        outcome = farm.run("refresh")

        assert outcome.code == 1
        assert_sentence(outcome, "refresh", reason)
        assert farm.kept()[f"{role}.json"] == held

    def test_an_older_timestamp_is_refused(self, farm: Farm) -> None:
        older = copy.deepcopy(farm.repository.world.head)
        farm.repository.release("0.1.2")
        held = farm.refreshed().kept()

        farm.repository.publish(older)
        outcome = farm.run("refresh")

        assert outcome.code == 1
        assert_sentence(outcome, "refresh", "timestamp is not of the version that belongs here")
        assert farm.kept() == held

    def test_a_newer_snapshot_that_lists_an_older_statement_is_refused(self, farm: Farm) -> None:
        world, repository = farm.repository.world, farm.repository
        older = read(world.head.snapshot, Snapshot).signed.meta["vault.json"]
        repository.release("0.1.2")
        held = farm.refreshed().kept()["snapshot.json"]

        head = world.with_snapshot(lambda signed: signed.meta.update({"vault.json": older}), now=repository.now)
        repository.publish(head)
        outcome = farm.run("refresh")

        assert outcome.code == 1
        assert_sentence(outcome, "refresh", "snapshot is not of the version that belongs here")
        assert farm.kept()["snapshot.json"] == held

    def test_a_delegated_statement_signed_by_too_few_is_refused(self, farm: Farm) -> None:
        world, repository = farm.repository.world, farm.repository
        repository.publish(world.change("vault", unchanged, by=world.pods[:2], now=repository.now))

        outcome = farm.refreshed().download("vault/0.1.1")

        assert outcome.code == 1
        assert_sentence(outcome, "download", "vault: signed by 2 pods, 3 are needed")
        assert farm.fetched() == []

    def test_a_target_that_is_not_what_was_signed_is_refused_and_not_kept(self, farm: Farm) -> None:
        for name, content in farm.repository.files.items():
            if name.startswith("targets/"):
                farm.repository.files[name] = bytes(len(content))

        outcome = farm.refreshed().download("vault/0.1.1")

        assert outcome.code == 1
        assert_sentence(outcome, "download", "vault/0.1.1 is not what was signed: its length or hash is another one")
        assert farm.fetched() == []

    def test_a_target_that_only_a_role_without_that_path_lists_is_not_found(self, farm: Farm) -> None:
        foreign = TargetFile.from_data("vault/0.9", b"x", ["sha256"])
        farm.repository.publish(
            farm.repository.world.change(
                "foundation", lambda signed: signed.targets.update({"vault/0.9": foreign}), now=farm.repository.now
            )
        )

        outcome = farm.refreshed().download("vault/0.9")

        assert outcome.code == 1
        assert_sentence(outcome, "download", "no role that may sign vault/0.9 lists it")

    def test_nothing_is_downloaded_after_the_first_target_that_fails(self, farm: Farm) -> None:
        outcome = farm.refreshed().download("vault/0.9", "vault/0.1.1")

        assert outcome.code == 1
        assert farm.fetched() == []


class TestTheBeginning:
    def test_without_a_trusted_root_nothing_is_asked(self, farm: Farm) -> None:
        outcome = farm.run("refresh")

        assert outcome.code == 1
        assert_sentence(outcome, "refresh", "there is no trusted root; begin with init")
        assert farm.repository.asked == []

    def test_a_root_that_its_own_pods_did_not_sign_is_not_trusted(self, farm: Farm) -> None:
        root = read(farm.repository.world.genesis, Root).metadata
        root.signatures.clear()
        (farm.folder / "genesis.json").write_bytes(sign(root, farm.repository.world.pods[:3]).to_bytes())

        outcome = farm.run("init", str(farm.folder / "genesis.json"))

        assert outcome.code == 1
        assert_sentence(outcome, "init", "root: signed by 3 pods, 4 are needed")
        assert farm.kept() == {}

    def test_a_second_root_never_takes_the_place_of_the_first(self, farm: Farm) -> None:
        held = farm.refreshed().kept()

        outcome = farm.run("init", str(farm.folder / "genesis.json"))

        assert outcome.code == 1
        assert_sentence(outcome, "init", "there is a trusted root already")
        assert farm.kept() == held

    def test_wrong_usage_is_told_from_a_refusal(self, farm: Farm) -> None:
        outcome = farm.run("download")

        assert outcome.code == 2
        assert "download needs --target-name" in outcome.said


class TestTheServer:
    def test_one_that_drips_is_left(self, farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(edges, "TRANSFER_S_MAX", -1.0)

        with pytest.raises(ClientError, match=r"timestamp.json did not come within"):
            Site(f"{farm.url}/metadata").get("timestamp.json", heads.TIMESTAMP_BYTES_MAX)

    def test_one_that_is_not_there_is_named_in_one_sentence(self, farm: Farm) -> None:
        farm.refreshed()
        nowhere = Farm(farm.folder, "http://127.0.0.1:1", farm.repository)

        outcome = nowhere.run("refresh")

        assert outcome.code == 1
        assert_sentence(outcome, "refresh", "2.root.json cannot be fetched: ConnectionRefusedError")


def assert_sentence(outcome: Outcome, command_name: str, reason: str) -> None:
    """One line that says which command failed, and why."""
    assert outcome.said.startswith(f"{command_name}: ")
    assert outcome.said.count("\n") == 1
    assert reason in outcome.said
