"""What ``perennial put`` stores, ``get`` brings back as it was, from a node in memory."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from node.cli.bar import painted
from node.supervisor.errors import RequestRefused, VaultUnavailable
from tests.share_world import MIB, World, content_of, made_file, made_garden, sharing, tree_of


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with sharing(tmp_path, monkeypatch) as world:
        yield world


class TestRoundTrips:
    @pytest.mark.parametrize("length", [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB + 5])
    def test_a_file_comes_back_as_it_was(self, world: World, length: int):
        source = made_file(world, length)
        stored = world.put(source)
        assert world.get(stored["address"]).read_bytes() == source.read_bytes()
        assert (stored["name"], stored["files"], stored["length_bytes"]) == ("seeds.bin", 1, length)
        assert world.left() == {"seeds.bin", "out"}
        assert list((world.home / "state/puts").iterdir()) == []

    def test_a_folder_comes_back_as_it_was(self, world: World):
        garden = made_garden(world)
        stored = world.put(garden)
        assert tree_of(world.get(stored["address"])) == tree_of(garden)
        assert (stored["kind"], stored["files"]) == ("folder", 4)
        assert world.left() == {"garden", "out"}

    def test_an_empty_folder_comes_back(self, world: World):
        (world.folder / "fallow").mkdir()
        out = world.get(world.put(world.folder / "fallow")["address"])
        assert out.is_dir()
        assert list(out.iterdir()) == []

    def test_the_same_files_have_the_same_address(self, world: World):
        garden = made_garden(world)
        first = world.put(garden)["address"]
        (world.folder / "elsewhere").mkdir()
        garden.rename(world.folder / "elsewhere" / "garden")
        assert world.put(world.folder / "elsewhere" / "garden")["address"] == first

    def test_links_are_followed(self, world: World):
        source = made_file(world, 10)
        garden = world.folder / "garden"
        (garden / "inner").mkdir(parents=True)
        (garden / "seeds").symlink_to(source)
        (garden / "twice").symlink_to(garden / "inner")
        (garden / "inner" / "x").write_text("x")
        out = world.get(world.put(garden)["address"])
        assert tree_of(out)["seeds"] == (False, source.read_bytes())
        assert tree_of(out)["twice/x"] == (False, b"x")
        assert not any(path.is_symlink() for path in out.rglob("*"))

    def test_it_is_said_how_many_links_led_outside_of_the_folder(self, world: World):
        garden, shed = made_garden(world), world.folder / "garden-shed"
        (shed / "tools").mkdir(parents=True)
        (shed / "rake").symlink_to("tools")
        (world.folder / "way").symlink_to(garden)
        (garden / "inside").symlink_to("water")
        (garden / "way").symlink_to(world.folder / "way" / "beds")
        assert world.put(garden)["links_outside"] == world.put(world.folder / "way")["links_outside"] == 0
        (garden / "shed").symlink_to(shed)  # its name begins like the garden's, and in it lies another link
        (garden / "file").symlink_to(made_file(world, 10))
        assert world.put(garden)["links_outside"] == 3
        said = world.call("put", str(garden)).stdout.splitlines()[0]
        assert said.endswith(" 3 links in it led outside of it; what they lead to went along.")
        (garden / "shed").unlink()
        assert " 1 link in it led outside of it; what it leads to" in world.call("put", str(garden)).stdout

    def test_before_anything_is_put_the_help_says_what_goes_along_and_that_it_is_public(self, world: World):
        said = " ".join(world.call("put", "--help").stdout.split())
        assert "anyone who has the address can fetch it, and it cannot be taken back" in said
        assert "hidden files, and what links in it lead to, even out of the folder" in said

    def test_names_are_shared_in_one_spelling(self, world: World):
        garden = world.folder / "garden"
        garden.mkdir()
        (garden / unicodedata.normalize("NFD", "Äpfel")).write_text("a")
        assert list(tree_of(world.get(world.put(garden)["address"]))) == ["Äpfel"]

    def test_without_a_target_it_stands_under_its_own_name_here(self, world: World, monkeypatch: pytest.MonkeyPatch):
        address = world.put(made_file(world, 10))["address"]
        (world.folder / "here").mkdir()
        monkeypatch.chdir(world.folder / "here")
        result = world.call("get", address.upper())
        assert result.exit_code == 0
        assert (world.folder / "here" / "seeds.bin").read_bytes() == content_of(10)
        assert str(world.folder / "here" / "seeds.bin") in result.stdout

    def test_put_says_what_it_stored_and_ends_with_the_address(self, world: World):
        result = world.call("put", str(made_garden(world)))
        said, address = result.stdout.splitlines()
        assert said == "Stored garden: 4 files, 2.1 MB, each part in at least 5 vaults."
        assert bytes.fromhex(address) in world.node.chunks
        assert result.stderr == "garden: 4 files, 2.1 MB\n"

    def test_a_moment_without_the_network_is_waited_out(self, world: World):
        source = made_file(world, 3 * MIB)
        busy = RequestRefused("peer.unreachable", "2 vaults took the chunk, 3 are needed")
        world.node.put_troubles = [busy, VaultUnavailable("no vault"), busy]
        address = world.put(source)["address"]
        world.node.get_troubles = [VaultUnavailable("no vault"), RequestRefused("control.standby", "standby")]
        assert world.get(address).read_bytes() == source.read_bytes()

    @pytest.mark.parametrize("name", [":bomb:.txt", "[red]beds[/red]"])
    def test_a_bar_shows_the_name_as_it_is(self, name: str):
        screen = io.StringIO()
        with painted() as bar:
            bar.begin(name, 1, 10)
            Console(file=screen, width=200).print(bar._bar)
        assert screen.getvalue().startswith(name)
