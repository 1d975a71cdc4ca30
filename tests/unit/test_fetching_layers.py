"""Apps and runtimes: fetched by what differs from a tree that is here, else whole, and never anything unchecked."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from random import Random

import msgspec
import pytest
import zstandard

from node.pod.build import Built
from node.trust.delta import Delta, decode_delta
from node.trust.packed import pack, patch
from node.trust.release import Offer, Release
from node.update.errors import ContentRefused, FetchFailed, SlotDamaged, StageFailed
from node.update.files import by_delta, fetching, links, programs
from node.update.files.fetching import fetch_program
from node.update.files.objects import Objects
from node.update.files.slots import Slots
from node.update.files.starting import Installation
from node.update.judging import _of_vaults
from node.vault.share.tree import CHUNK_BYTES_MAX, Manifest, address_of, encode_manifest
from tests import signed_world, virtual_time
from tests.layer_world import APP, LINUX, RUNTIME, TEXT, Files, Network, Workshop, lay, read_back, signed

LARGE = Random(7).randbytes(CHUNK_BYTES_MAX + 70_000)
CHANGED: Files = {**APP, "gui/window.py": TEXT.replace(b"line 7 ", b"line seven "), "gui/new.py": b"x = 1\n"}


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


@pytest.fixture
def slots(tmp_path: Path) -> Slots:
    return Slots(tmp_path / "home/slots")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Large files in less time: how hard zstd tries makes no difference to what is asked here."""
    monkeypatch.setattr("node.trust.packed.LEVEL", 6)


@dataclasses.dataclass
class Update:
    """An app that is here, the next one, and the network that has both."""

    old: Built
    new: Built
    network: Network


@pytest.fixture
def update(shop: Workshop, slots: Slots) -> Update:
    old = shop.app("1")
    new = shop.app("2", CHANGED, before=[old])
    network = Network(old, new)
    network.fetch(old, slots)
    return Update(old, new, network)


def offered(update: Update, change: Callable[[Delta], Delta]) -> Release:
    """The new release with another delta in the place of its own, as if pods had signed that."""
    release = signed(update.new)
    content = msgspec.msgpack.encode(change(decode_delta(update.network.chunks[release.deltas[0].address])))
    update.network.chunks[address_of(content)] = content
    offer = Offer(release.deltas[0].tree, address_of(content), len(content))
    return dataclasses.replace(release, deltas=(offer,))


class TestWhole:
    def test_an_app_is_fetched_packed_and_staged_as_it_was(self, shop: Workshop, slots: Slots):
        built = shop.app("1")

        fetched = Network(built).fetch(built, slots)

        assert read_back(fetched.path) == APP
        assert fetched.path == slots.verify("app", built.release.tree)
        assert fetched.bytes_fetched < sum(map(len, APP.values())) // 2 + len(built.manifest)

    def test_a_runtime_keeps_its_marks_and_its_large_files(self, shop: Workshop, slots: Slots, quick: None):
        built = shop.runtime("1", {**RUNTIME, "lib/large.so": LARGE})

        path = Network(built).fetch(built, slots).path

        assert read_back(path) == {**RUNTIME, "lib/large.so": LARGE}
        marked = [file.name for file in path.rglob("*") if file.is_file() and file.stat().st_mode & stat.S_IXUSR]
        assert marked == ["python3"]

    def test_an_app_takes_from_the_vault_slots_what_they_have_too(self, shop: Workshop, slots: Slots):
        built, network = shop.app("1"), Network()
        slots.fill_from_checkout(lay(slots.path("vault", "0" * 64).parent / "source", APP) / "node")
        network = Network(built)

        network.fetch(built, slots)

        assert hashlib.sha256(APP["node/vault/__main__.py"]).digest() not in network.asked

    def test_what_came_with_the_installation_is_not_fetched(self, shop: Workshop, slots: Slots, tmp_path: Path):
        old, new = shop.app("1"), shop.app("2", CHANGED)
        lay(tmp_path / "opt/app", APP)
        said = {"format": 1, "version": "1", "platform": LINUX, "app": old.release.tree, "runtime": ""}
        (tmp_path / "opt/installed.json").write_bytes(msgspec.json.encode(said))
        there = Slots(tmp_path / "home/slots", installed=Installation(tmp_path / "opt").trees())
        network = Network(new)

        path = network.fetch(new, there).path

        assert len(network.asked) == 3  # the manifest and the two files that differ
        assert read_back(path) == CHANGED

    @pytest.mark.parametrize(("right", "wrong"), [(TEXT, TEXT[::-1]), (LARGE, LARGE[::-1])], ids=["small", "large"])
    def test_a_packed_file_that_unpacks_to_something_else_is_refused(
        self, shop: Workshop, slots: Slots, quick: None, right: bytes, wrong: bytes
    ):
        built, other = (shop.runtime("1", {**RUNTIME, "lib/x.so": content}) for content in (right, wrong))
        chunks = {file.path: file.chunks for file in other.files}
        swapped = tuple(msgspec.structs.replace(file, chunks=chunks[file.path]) for file in built.files)
        manifest = encode_manifest(Manifest(swapped))
        release = dataclasses.replace(signed(built), manifest=address_of(manifest), manifest_length=len(manifest))
        network = Network(built, other)
        network.chunks[address_of(manifest)] = manifest

        with pytest.raises(ContentRefused, match="not those that were signed"):
            network.fetch(release, slots)

        assert not slots.has("runtime", built.release.tree)


class TestByDelta:
    def test_one_small_chunk_is_all_that_is_fetched(self, update: Update, slots: Slots):
        fetched = update.network.fetch(update.new, slots)

        assert read_back(fetched.path) == CHANGED
        assert update.network.asked == [signed(update.new).deltas[0].address]
        assert fetched.bytes_fetched < 700

    def test_it_begins_with_the_installation_too(self, update: Update, tmp_path: Path):
        installed = lay(tmp_path / "opt/app", APP)
        there = Slots(tmp_path / "other/slots", installed={"app": (update.old.release.tree, installed)})

        assert update.network.fetch(update.new, there).objects_fetched == 1

    def test_large_files_are_patched(self, shop: Workshop, slots: Slots, quick: None):
        old = shop.runtime("1", {**RUNTIME, "lib/large.so": LARGE})
        changed = {**RUNTIME, "lib/large.so": LARGE[:500_000] + b"another version" + LARGE[500_000:]}
        new = shop.runtime("2", changed, before=[old])
        network = Network(old, new)
        network.fetch(old, slots)

        fetched = network.fetch(new, slots)

        assert read_back(fetched.path) == changed
        assert fetched.bytes_fetched < 2_000

    def test_what_no_tree_here_leads_to_is_fetched_whole(self, update: Update, tmp_path: Path):
        elsewhere = Slots(tmp_path / "other/slots")

        assert read_back(update.network.fetch(update.new, elsewhere).path) == CHANGED
        assert signed(update.new).deltas[0].address not in update.network.asked

    def test_a_file_that_is_here_under_another_name_and_mark_is_not_fetched(self, shop: Workshop, slots: Slots):
        old = shop.runtime("1")
        new = shop.runtime("2", {**RUNTIME, "lib/sh": RUNTIME["bin/python3"]}, before=[old])
        network = Network(old, new)
        network.fetch(old, slots)

        assert network.fetch(new, slots).objects_fetched == 1
        assert not slots.path("runtime", new.release.tree).joinpath("lib/sh").stat().st_mode & stat.S_IXUSR

    @pytest.mark.parametrize(
        "change",
        [
            lambda delta: msgspec.structs.replace(delta, body=delta.body[::-1]),
            lambda delta: msgspec.structs.replace(delta, removed=("gui/__main__.py",)),
            lambda delta: msgspec.structs.replace(delta, files=delta.files[:1], patches=delta.patches[:1], body=b""),
            lambda delta: msgspec.structs.replace(delta, removed=("gui/no.py",)),
            lambda delta: msgspec.structs.replace(
                delta, files=tuple(msgspec.structs.replace(f, path=f"../{f.path}") for f in delta.files)
            ),
            lambda delta: msgspec.structs.replace(
                delta, files=tuple(msgspec.structs.replace(f, sha256="0" * 64) for f in delta.files)
            ),
            lambda delta: msgspec.structs.replace(
                delta, files=tuple(msgspec.structs.replace(f, length=f.length + 1) for f in delta.files)
            ),
        ],
        ids=["wrong bytes", "less", "not enough", "what is not there", "a way out", "other hashes", "other lengths"],
    )
    def test_a_delta_that_leads_elsewhere_costs_one_chunk_and_whole_files_are_fetched(
        self, update: Update, slots: Slots, change: Callable[[Delta], Delta]
    ):
        release = offered(update, change)

        fetched = update.network.fetch(release, slots)

        assert read_back(fetched.path) == CHANGED
        assert fetched.path.name == update.new.release.tree
        assert update.network.asked[0] == release.deltas[0].address

    def test_a_patch_that_leads_to_another_file_costs_that_file_alone(self, update: Update, slots: Slots):
        other = b"y = 2\n"  # as long as what it is taken for

        def swapped(delta: Delta) -> Delta:
            number = next(n for n, file in enumerate(delta.files) if file.path == "gui/new.py")
            assert number == 0, "its patch is the first"
            wrong, first = patch(b"", other), delta.patches[0]
            patches = (msgspec.structs.replace(first, is_from_old=False, length=len(wrong)), *delta.patches[1:])
            return msgspec.structs.replace(delta, patches=patches, body=wrong + delta.body[first.length :])

        release = offered(update, swapped)

        assert read_back(update.network.fetch(release, slots).path) == CHANGED
        assert update.network.asked == [release.deltas[0].address, address_of(pack(CHANGED["gui/new.py"]))]

    def test_a_delta_that_nobody_has_is_no_obstacle(self, update: Update, slots: Slots):
        release = signed(update.new)
        del update.network.chunks[release.deltas[0].address]

        assert read_back(update.network.fetch(release, slots).path) == CHANGED

    def test_a_delta_of_another_length_than_the_signed_one_is_not_read(self, update: Update, slots: Slots):
        release = signed(update.new)
        offer = dataclasses.replace(release.deltas[0], length=release.deltas[0].length + 1)

        update.network.fetch(dataclasses.replace(release, deltas=(offer,)), slots)

        assert len(update.network.asked) > 1

    def test_a_bomb_is_not_unpacked(self, update: Update, slots: Slots, monkeypatch: pytest.MonkeyPatch):
        bomb = zstandard.ZstdCompressor().compress(bytes(1 << 24))
        release = offered(
            update,
            lambda delta: msgspec.structs.replace(
                delta,
                patches=tuple(msgspec.structs.replace(patch, length=len(bomb)) for patch in delta.patches),
                body=bomb * len(delta.patches),
            ),
        )
        made: list[int] = []
        real = Objects.make

        def make(self: Objects, file: object, pieces: object) -> Path:
            content = list(pieces)  # type: ignore[call-overload]
            made.append(max(map(len, content)))
            return real(self, file, content)  # type: ignore[arg-type]

        monkeypatch.setattr(Objects, "make", make)

        assert read_back(update.network.fetch(release, slots).path) == CHANGED
        assert max(made, default=0) < 100_000

    def test_nothing_is_made_of_what_would_be_over_the_limit(
        self, update: Update, slots: Slots, monkeypatch: pytest.MonkeyPatch
    ):
        limits = {"app": sum(map(len, CHANGED.values())) - 1}
        monkeypatch.setattr(by_delta, "TREE_BYTES_MAX", limits)
        monkeypatch.setattr(fetching, "TREE_BYTES_MAX", limits)
        monkeypatch.setattr(Objects, "make", lambda *_: pytest.fail("a file was made"))

        with pytest.raises(ContentRefused, match="are over"):
            update.network.fetch(update.new, slots)

    def test_rot_in_the_old_tree_makes_its_delta_useless_and_is_not_copied(self, update: Update, slots: Slots):
        file = slots.path("app", update.old.release.tree) / "gui/__main__.py"
        file.chmod(0o600)
        file.write_bytes(b"rot")
        file.chmod(0o444)

        path = update.network.fetch(update.new, slots).path

        assert read_back(path) == CHANGED
        slots.verify("app", path.name)

    def test_what_was_patched_before_a_cut_is_not_patched_again(
        self, update: Update, slots: Slots, monkeypatch: pytest.MonkeyPatch
    ):
        def full(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patches:
            patches.setattr("node.update.files.slots.write_tree", full)
            with pytest.raises(StageFailed, match="No space left"):
                update.network.fetch(update.new, slots)
        monkeypatch.setattr("node.update.files.by_delta.patched", full)

        fetched = update.network.fetch(update.new, slots)

        assert (fetched.bytes_fetched, read_back(fetched.path)) == (0, CHANGED)


class TestSharedFiles:
    @pytest.fixture
    def both(self, shop: Workshop, slots: Slots) -> tuple[Path, Path]:
        old = shop.runtime("1")
        new = shop.runtime("2", {**RUNTIME, "lib/os.py": b"other\n"}, before=[old])
        network = Network(old, new)
        return network.fetch(old, slots).path, network.fetch(new, slots).path

    def test_two_runtimes_share_what_is_equal(self, both: tuple[Path, Path]):
        old, new = both
        numbers = {path: [(tree / path).stat().st_ino for tree in both] for path in RUNTIME}
        assert [path for path, (one, other) in numbers.items() if one == other] == ["bin/python3", "lib/libqt.so"]
        assert (old / "lib/os.py").read_bytes() == TEXT
        assert (new / "lib/os.py").read_bytes() == b"other\n"

    def test_one_of_them_can_go(self, both: tuple[Path, Path], slots: Slots):
        old, new = both
        slots.remove_unused(keep=[new.name])
        assert not old.exists()
        slots.verify("runtime", new.name)

    def test_two_apps_share_nothing_so_that_rot_spares_one(self, update: Update, slots: Slots):
        new = update.network.fetch(update.new, slots).path
        old = slots.path("app", update.old.release.tree)
        assert (old / "gui/__main__.py").stat().st_ino != (new / "gui/__main__.py").stat().st_ino

    def test_what_can_be_written_is_copied(self, shop: Workshop, tmp_path: Path):
        old, new = shop.runtime("1"), shop.runtime("2", {**RUNTIME, "lib/os.py": b"other\n"})
        installed = lay(tmp_path / "opt/runtime", RUNTIME)
        there = Slots(tmp_path / "other/slots", installed={"runtime": (old.release.tree, installed)})

        path = Network(new).fetch(new, there).path

        assert (path / "lib/libqt.so").stat().st_ino != (installed / "lib/libqt.so").stat().st_ino
        assert stat.S_IMODE((path / "lib/libqt.so").stat().st_mode) == 0o444

    def test_where_there_are_no_links_it_is_copied(self, shop: Workshop, slots: Slots, monkeypatch: pytest.MonkeyPatch):
        def linkless(*_: object, **__: object) -> None:
            raise OSError(min(links.LINKLESS), "no links here")

        monkeypatch.setattr(os, "link", linkless)
        old = shop.runtime("1")
        new = shop.runtime("2", {**RUNTIME, "lib/os.py": b"other\n"}, before=[old])
        network = Network(old, new)
        network.fetch(old, slots)

        slots.verify("runtime", network.fetch(new, slots).path.name)


class TestPrograms:
    def test_an_app_comes_with_the_runtime_that_it_needs(self, shop: Workshop, slots: Slots):
        runtime = shop.runtime("1")
        app = shop.app("1", runtimes={LINUX: runtime.release.tree})
        network = Network(runtime, app)
        releases = [signed(app), signed(runtime)]

        virtual_time.run(fetch_program(signed(app), releases, LINUX, slots, network.get_chunk))

        slots.verify("runtime", runtime.release.tree)
        slots.verify("app", app.release.tree)

    def test_a_runtime_that_is_here_is_not_fetched(self, shop: Workshop, tmp_path: Path):
        runtime = shop.runtime("1")
        app = shop.app("1", runtimes={LINUX: runtime.release.tree})
        installed = lay(tmp_path / "opt/runtime", RUNTIME)
        there = Slots(tmp_path / "other/slots", installed={"runtime": (runtime.release.tree, installed)})

        virtual_time.run(fetch_program(signed(app), [signed(app)], LINUX, there, Network(app).get_chunk))

        assert not there.has("runtime", runtime.release.tree)

    def test_a_runtime_with_a_flipped_bit_is_fetched_anew(self, shop: Workshop, slots: Slots):
        runtime = shop.runtime("1")
        app = shop.app("1", runtimes={LINUX: runtime.release.tree})
        network, releases = Network(runtime, app), [signed(app), signed(runtime)]
        file = network.fetch(runtime, slots).path / "lib/os.py"
        file.chmod(0o600)
        file.write_bytes(TEXT.replace(b"line", b"lioe", 1))

        virtual_time.run(fetch_program(signed(app), releases, LINUX, slots, network.get_chunk))

        slots.verify("runtime", runtime.release.tree)

    def test_an_app_of_which_nothing_is_known_now_is_not_refused_for_want_of_its_runtime(
        self, shop: Workshop, slots: Slots
    ):
        app = shop.app("1", runtimes={LINUX: "0" * 64})
        with pytest.raises(FetchFailed, match="no head"):
            virtual_time.run(fetch_program(signed(app), (), LINUX, slots, Network(app).get_chunk))

    def test_an_app_whose_runtime_was_recalled_is_refused(self, shop: Workshop, slots: Slots):
        app = shop.app("1", runtimes={LINUX: "0" * 64})
        with pytest.raises(ContentRefused, match="recalled"):
            virtual_time.run(fetch_program(signed(app), [signed(app)], LINUX, slots, Network(app).get_chunk))


class TestVaults:
    def test_a_vault_is_never_packed(self, slots: Slots):
        made = signed_world.built("1", [("node/vault/notes.txt", False, TEXT)])
        chunk = pack(TEXT)
        files = [
            msgspec.structs.replace(file, chunks=(address_of(chunk),)) if file.path.endswith("notes.txt") else file
            for file in made.files
        ]
        manifest = encode_manifest(Manifest(tuple(files)))
        release = dataclasses.replace(signed(made), manifest=address_of(manifest), manifest_length=len(manifest))
        network = Network(made)
        network.chunks |= {address_of(chunk): chunk, address_of(manifest): manifest}

        with pytest.raises(ContentRefused, match="packed"):
            network.fetch(release, slots)

    def test_no_app_takes_the_way_of_a_vault(self, shop: Workshop):
        vault = signed(signed_world.built("1"))
        assert _of_vaults([signed(shop.app("1")), vault, signed(shop.runtime("1"))]) == (vault,)


class TestUnusedSlots:
    def test_those_of_programs_in_use_stay_and_what_is_no_slot_is_left_alone(
        self, update: Update, slots: Slots, tmp_path: Path
    ):
        root = tmp_path / "home/slots"
        programs.write(root, programs.Programs(programs.Program(app=update.old.release.tree)))
        (root / "cache/other").mkdir(parents=True)

        slots.remove_unused()

        assert slots.has("app", update.old.release.tree)
        assert (root / "cache/other").is_dir()
        programs.write(root, programs.Programs())
        slots.remove_unused()
        assert not slots.has("app", update.old.release.tree)


def test_a_link_in_a_slot_is_found(update: Update, slots: Slots):
    slot = slots.path("app", update.old.release.tree)
    (slot / "gui").chmod(0o700)
    (slot / "gui/__main__.py").rename(slot / "gui/elsewhere.py")
    (slot / "gui/__main__.py").symlink_to("elsewhere.py")
    with pytest.raises(SlotDamaged):
        slots.verify("app", update.old.release.tree)


def test_trees_over_the_limit_of_their_layer_are_refused(update: Update, slots: Slots, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("node.update.files.fetching.TREE_BYTES_MAX", {"app": 10})
    with pytest.raises(ContentRefused, match="over 10"):
        update.network.fetch(update.new, slots)
