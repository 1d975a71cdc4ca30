"""What a pod signed is not forgotten, whatever folder is copied over its own."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from node.pod.errors import PodError
from node.pod.memory import remembered, remembered_by
from node.pod.plans import Rotating
from node.pod.sign import begin_here, open_to_sign, signed_as
from node.pod.signed_files import FOLDER, own_folder
from node.trust.metadata import Metadata, time_text
from tests.pod_world import PodWorld, member, releasing
from tests.signed_world import NOW
from tests.unit.test_pod_memory import THREE, drafted_by, hand_over


@pytest.fixture
def world(tmp_path: Path) -> PodWorld:
    return PodWorld(tmp_path)


class TestFoldersOfOthers:
    """What another pod hands over is copied over one's own folder, whatever is in it."""

    def test_files_of_the_same_names_make_nothing_forgotten(self, world: PodWorld) -> None:
        first, second = (world.draft(releasing(version)) for version in ("0.1.1", "0.1.2"))
        world.sign(first, *THREE)
        foreign = world.home_of("fir") / FOLDER
        foreign.mkdir()
        for name in THREE:
            for file in (world.home_of(name) / FOLDER).iterdir():
                (foreign / file.name).write_text(json.dumps(json.loads(file.read_bytes()) | {"key": "0" * 64}))

        for name in THREE:
            shutil.copytree(world.home_of("fir"), world.home_of(name), dirs_exist_ok=True)

            with pytest.raises(PodError, match=f"{name} has signed another statement of vault in this place"):
                world.sign(second, name)

    def test_what_theirs_took_the_place_of_is_there_again_for_whoever_drafts(self, world: PodWorld) -> None:
        world.sign(drafted_by(world, "birch", releasing("0.1.1")), "birch")
        for file in (world.home_of("birch") / FOLDER).iterdir():
            file.write_text("{}")
        with pytest.raises(PodError, match="give the folder 'signed'"):
            world.sign(drafted_by(world, "ash", releasing("0.1.2")), "birch")

        hand_over(world, "birch", "ash")
        world.sign(drafted_by(world, "ash", releasing("0.1.2")), "birch")

    def test_what_nobody_signed_stands_in_nobodys_way(self, world: PodWorld) -> None:
        first, second = (world.draft(releasing(version)) for version in ("0.1.1", "0.1.2"))
        world.sign(first, "fir")
        ash, forged = member("ash"), world.home_of("ash") / FOLDER
        forged.mkdir()
        for memory in remembered(world.home_of("fir")):
            entry = json.loads((world.home_of("fir") / FOLDER / memory.name).read_bytes())
            entry["statement"] = entry["statement"].replace(member("fir").keyid, ash.keyid)
            theirs = replace(memory, keyid=ash.keyid)
            (forged / theirs.name).write_text(json.dumps(entry | {"key": ash.keyid}))
        assert len(remembered(world.home_of("ash"))) == 2

        world.sign(second, "ash")

    def test_what_was_signed_on_another_computer_is_known_by_its_signature(self, world: PodWorld) -> None:
        first, second = (world.draft(releasing(version)) for version in ("0.1.1", "0.1.2"))
        world.sign(first, "ash")
        other = world.folder / "net of ash elsewhere"
        shutil.copytree(world.home_of("ash"), other)
        assert not own_folder(other).exists()

        opened = open_to_sign(second, other, NOW)
        with pytest.raises(PodError, match="ash has signed another statement of vault"):
            signed_as(member("ash"), opened, other, NOW)

    def test_a_flood_of_files_is_named_and_can_be_removed(
        self, world: PodWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.sign(world.draft(releasing("0.1.1")), "ash")
        monkeypatch.setattr("node.pod.signed_files.ENTRIES_MAX", 2)
        given = world.home_of("ash") / FOLDER
        (given / "9.vault.x.json").write_text("{}")
        with pytest.raises(PodError, match=r"holds over 2 files; remove that folder: what was signed here stands in"):
            begin_here(releasing("0.1.2"), world.home_of("ash"), NOW)

        shutil.rmtree(given)
        world.sign(drafted_by(world, "ash", releasing("0.1.2")), "ash")


class TestFoldersOfOldTools:
    """They kept a statement without its signature, in the folder of the network alone."""

    def remembering(self, world: PodWorld, name: str) -> Path:
        """The folder of a pod that signed with them; and what it signed."""
        file = world.draft(releasing("0.1.1"))
        world.sign(file, name)
        home = world.home_of(name)
        for memory in remembered(home):
            bare: Metadata[Any] = Metadata(memory.statement.signed)
            entry = {
                "format": 1,
                "key": memory.keyid,
                "role": memory.role,
                "drafted_at": time_text(memory.drafted_at),
                "statement": bare.to_bytes().decode(),
            }
            hashes = f"{memory.statement.signed_hash[:16]}.{memory.keyid[:16]}"
            old = home / FOLDER / f"{memory.statement.signed.version}.{memory.role}.{hashes}.json"
            (home / FOLDER / memory.name).unlink()
            old.write_text(json.dumps(entry))
        shutil.rmtree(own_folder(home))
        return file

    def test_what_was_signed_with_them_is_still_known(self, world: PodWorld) -> None:
        file = self.remembering(world, "ash")
        with pytest.raises(PodError, match=r"ash has signed another.*if it is not true, remove 2\.vault\."):
            world.sign(world.draft(releasing("0.1.2")), "ash")

        world.sign(file, "ash")
        shutil.rmtree(world.home_of("ash") / FOLDER)
        with pytest.raises(PodError, match="ash has signed another statement of vault"):
            world.sign(world.draft(releasing("0.1.2")), "ash")

    def test_its_numbers_are_left_out(self, world: PodWorld) -> None:
        self.remembering(world, "ash")

        world.sign(drafted_by(world, "ash", releasing("0.1.2")), "ash")

    def test_later_what_carries_no_signature_counts_for_nothing(self, world: PodWorld) -> None:
        self.remembering(world, "birch")
        world.sign(world.draft(Rotating()), "ash")
        birch, ash = member("birch"), member("ash")
        (world.home_of("ash") / FOLDER).mkdir(exist_ok=True)
        for file in (world.home_of("birch") / FOLDER).iterdir():
            name = file.name.replace(birch.keyid[:16], ash.keyid[:16])
            (world.home_of("ash") / FOLDER / name).write_text(file.read_text().replace(birch.keyid, ash.keyid))

        assert {memory.role for memory in remembered_by(world.home_of("ash"), ash)} == {
            *("root", "targets", "vault", "app", "snapshot")
        }
        assert all(memory.statement.metadata.signatures for memory in remembered_by(world.home_of("ash"), ash))

    def test_they_are_taken_over_as_a_whole_or_not_at_all(
        self, world: PodWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def power_cut(*_: object) -> None:
            raise SystemExit

        file = self.remembering(world, "ash")
        monkeypatch.setattr("node.pod.signed_files.finish_folder", power_cut)
        with pytest.raises(SystemExit):
            world.sign(file, "ash")

        assert not own_folder(world.home_of("ash")).exists()
        assert len(remembered_by(world.home_of("ash"), member("ash"))) == 2
