"""Releases of apps and runtimes as pods build, list, sign and describe them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from node.cli.pod import pod
from node.pod.build import Built, build_tree, compare, load, write
from node.pod.describe import describe, describe_changes
from node.pod.errors import PodError
from node.pod.kept import kept_before
from node.pod.listing import RELEASES_KEPT, drop_without_runtime
from node.pod.network import found, keep, published, utc_now
from node.pod.plans import Recalling, Releasing
from node.pod.publish import bundle, release_signed_by
from node.pod.sign import rebuild, sign
from node.pod.signing_file import begin
from node.trust.chain import Chain
from node.trust.head import decode, encode
from node.trust.layers import TREE_BYTES_MAX
from node.trust.metadata import Targets, read
from node.trust.packed import pack
from node.trust.release import DELTAS_MAX
from node.vault.share.tree import Manifest, address_of, encode_manifest
from tests.layer_world import APP, LINUX, RUNTIME, TEXT, WINDOWS, Files, Workshop
from tests.pod_world import PODS
from tests.signed_world import World

CHANGED: Files = {**APP, "gui/window.py": TEXT.replace(b"line 7 ", b"line seven ")}


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


class TestBuilding:
    def test_an_app_is_what_a_checkout_holds_in_its_three_folders(self, shop: Workshop):
        others = {"tests/test_x.py": b"", "gui/__pycache__/x.cpython-311.pyc": b"x", "setup.py": b""}
        source = shop.source({**APP, **others})

        built = build_tree(source, "1", layer="app")

        assert [file.path for file in built.files] == sorted(APP)
        assert compare(built, source) == []

    @pytest.mark.parametrize("path", ["gui/fast.so", "node/x.pyd", "resources/tool.exe"])
    def test_an_app_holds_nothing_that_only_a_machine_reads(self, shop: Workshop, path: str):
        with pytest.raises(PodError, match="may not contain"):
            shop.app("1", {**APP, path: b""})

    @pytest.mark.parametrize("folder", ["node/", "gui/", "resources/"])
    def test_what_is_no_checkout_makes_no_app(self, shop: Workshop, folder: str):
        with pytest.raises(PodError, match="so it is no checkout"):
            shop.app("1", {path: content for path, content in APP.items() if not path.startswith(folder)})

    @pytest.mark.parametrize("path", ["gui/__main__.py", "node/vault/__main__.py"])
    def test_an_app_that_could_not_start_is_not_built(self, shop: Workshop, path: str):
        with pytest.raises(PodError, match="needs"):
            shop.app("1", {name: content for name, content in APP.items() if name != path})

    def test_a_runtime_holds_whatever_it_holds(self, shop: Workshop):
        files = {**RUNTIME, "lib/__pycache__/os.cpython-311.pyc": b"x"}
        assert [file.path for file in shop.runtime("1", files).files] == sorted(files)

    def test_a_runtime_has_a_python_where_its_platform_has_it(self, shop: Workshop):
        with pytest.raises(PodError, match=r"needs 'python\.exe'"):
            shop.runtime("1", {"lib/os.py": TEXT}, platform=WINDOWS)

    @pytest.mark.parametrize("platform", ["", "linux", "solaris-sparc", "linux-x86_64/../x"])
    def test_a_runtime_is_for_a_platform(self, shop: Workshop, platform: str):
        with pytest.raises(PodError, match="platform"):
            shop.runtime("1", platform=platform)

    @pytest.mark.parametrize("target", ["os.py", "/etc", "../../elsewhere"])
    def test_a_link_is_never_part_of_a_release(self, shop: Workshop, target: str, tmp_path: Path):
        (tmp_path / "source-1/lib").mkdir(parents=True)
        (tmp_path / "source-1/lib/link").symlink_to(target)
        with pytest.raises(PodError, match="link is a link"):
            shop.runtime("1")

    def test_files_are_packed_and_unpack_to_what_they_were(self, shop: Workshop):
        built = shop.app("1")
        assert {file.path: built.content(file) for file in built.files} == APP
        assert sum(map(len, built.objects.values())) < len(TEXT) // 2

    def test_a_release_comes_back_from_its_folder_with_its_deltas(self, shop: Workshop, tmp_path: Path):
        built = shop.app("2", CHANGED, before=[shop.app("1")])
        write(built, tmp_path / "out")
        assert built.release.deltas
        assert load(tmp_path / "out") == built

    @pytest.mark.parametrize("what", ["delta", "file"])
    def test_a_folder_with_other_bytes_is_damaged(self, shop: Workshop, tmp_path: Path, what: str):
        built = shop.app("2", CHANGED, before=[shop.app("1")])
        write(built, tmp_path / "out")
        ((address, _),) = built.release.deltas.values()
        name = address if what == "delta" else built.files[-1].chunks[0].hex()
        (tmp_path / "out/objects" / name).write_bytes(b"other")
        with pytest.raises(PodError, match="damaged"):
            load(tmp_path / "out")

    def test_a_release_whose_chunks_are_those_of_other_files_is_damaged(self, shop: Workshop, tmp_path: Path):
        built, other = shop.app("1"), shop.app("1", {**APP, "gui/window.py": TEXT[::-1]})
        chunks = {file.path: file.chunks for file in other.files}
        swapped = tuple(msgspec.structs.replace(file, chunks=chunks[file.path]) for file in built.files)
        manifest = encode_manifest(Manifest(swapped))
        told = msgspec.structs.replace(
            built.release, manifest=address_of(manifest).hex(), manifest_length=len(manifest)
        )
        write(Built(told, manifest, built.objects | other.objects), tmp_path / "out")
        with pytest.raises(PodError, match=r"gui/window\.py has other bytes"):
            load(tmp_path / "out")

    def test_what_was_packed_before_is_not_packed_again(self, shop: Workshop, monkeypatch: pytest.MonkeyPatch):
        before = shop.app("1")
        packed: list[bytes] = []

        def counted(piece: bytes) -> bytes:
            packed.append(piece)
            return pack(piece)

        monkeypatch.setattr("node.pod.packing.pack", counted)

        shop.app("2", CHANGED, before=[before])

        assert packed == [CHANGED["gui/window.py"]]


class TestDeltas:
    def test_there_is_one_from_each_release_before_up_to_a_limit(self, shop: Workshop):
        before = [shop.app(f"0.{n}", {**APP, "gui/window.py": TEXT + b"%d" % n}) for n in range(DELTAS_MAX + 1)]
        built = shop.app("2", CHANGED, before=before)
        assert list(built.release.deltas) == [old.release.tree for old in before[:DELTAS_MAX]]

    def test_there_is_none_that_is_no_shorter_than_whole_files(self, shop: Workshop):
        other = {path: b"" if len(content) < 10 else content for path, content in RUNTIME.items()}
        assert shop.runtime("2", {**other, "lib/a.py": b"1"}, before=[shop.runtime("1")]).release.deltas
        assert not shop.app("1", before=[shop.app("1")]).release.deltas  # the same tree

    def test_large_new_files_are_left_to_be_fetched_whole(self, shop: Workshop, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("node.pod.deltas.INSIDE_BYTES_MAX", 1_000)
        old = shop.app("1")
        new = shop.app("2", {**APP, "gui/more.py": TEXT + b"x"}, before=[old])
        assert new.release.deltas[old.release.tree][1] < 300


class TestListing:
    def listed(self, world: World) -> list[str]:
        return sorted(read(world.head.delegated["app"], Targets).signed.targets)

    def test_runtimes_stay_listed_as_long_as_a_listed_app_needs_them(self, shop: Workshop):
        world = World()
        for number in range(RELEASES_KEPT + 2):
            runtime = shop.runtime(f"{number}", {**RUNTIME, "lib/n": b"%d" % number})
            app = shop.app(f"{number}", {**APP, "gui/n": b"%d" % number}, runtimes={LINUX: runtime.release.tree})
            for built in (runtime, app):
                world.release("", world.pods[:4], role="app", release=built.release)
            assert world.accept().releases[0].name == f"app/{number}"

        kept = range(2, RELEASES_KEPT + 2)
        assert self.listed(world) == sorted(name for n in kept for name in (f"runtime/{n}-{LINUX}", f"app/{n}"))

    def test_a_runtime_that_no_app_needs_yet_stays_listed_until_the_next_of_its_platform(self, shop: Workshop):
        world = World()
        for version, platform in (("1", LINUX), ("1", WINDOWS), ("2", LINUX)):
            files = {"python.exe": b"MZ", "lib/v": version.encode()} if platform == WINDOWS else {**RUNTIME, "v": b"2"}
            built = shop.runtime(version, files, platform=platform)
            world.release("", world.pods[:4], role="app", release=built.release)
        assert self.listed(world) == [f"runtime/1-{WINDOWS}", f"runtime/2-{LINUX}"]

    def test_an_app_whose_runtime_is_not_released_is_not_drafted(self, shop: Workshop):
        app = shop.app("1", runtimes={LINUX: "0" * 64})
        with pytest.raises(PodError, match="release that first"):
            World().release("", role="app", release=app.release)

    def test_no_app_is_listed_without_its_runtime(self, shop: Workshop):
        world, runtime = World(), shop.runtime("1")
        app = shop.app("1", runtimes={LINUX: runtime.release.tree})
        for built in (runtime, app):
            world.release("", world.pods[:4], role="app", release=built.release)
        said = read(world.head.delegated["app"], Targets).signed

        drop_without_runtime(said)
        assert sorted(said.targets) == [app.release.name, runtime.release.name]
        del said.targets[runtime.release.name]
        drop_without_runtime(said)
        assert said.targets == {}

    def test_all_releases_are_numbered_in_one_row(self, shop: Workshop):
        world = World()
        world.release("1")
        world.release("", world.pods[:4], role="app", release=shop.app("1").release)
        world.release("2")
        found = world.accept().releases
        assert [(one.name, one.sequence) for one in found] == [("vault/2", 3), ("app/1", 2), ("vault/1", 1)]

    def test_heads_stay_small_with_all_that_is_listed(self, shop: Workshop):
        """Five apps, each with a runtime of its own on three platforms and as many deltas as there may be."""
        world, deltas = World(), {f"{n:064x}": ("f" * 64, 900_000) for n in range(DELTAS_MAX)}
        for number in range(RELEASES_KEPT):
            runtimes = {}
            for platform in (LINUX, WINDOWS, "macos-arm64"):
                python = "python.exe" if platform == WINDOWS else "bin/python3"
                files = {python: b"", "n": platform.encode() + b"%d" % number}
                made = shop.runtime(f"{number}.0.0", files, platform=platform).release
                runtimes[platform] = made.tree
                made = msgspec.structs.replace(made, deltas=deltas, notes="n" * 200)
                world.release("", world.pods[:4], role="app", release=made)
            app = shop.app(f"{number}.0.0", {**APP, "gui/n": b"%d" % number}, runtimes=runtimes).release
            world.release("", world.pods[:4], role="app", release=msgspec.structs.replace(app, deltas=deltas))
        world.accept()
        assert len(self.listed(world)) == 4 * RELEASES_KEPT
        assert len(encode(world.head)) < 60 << 10


class TestSigning:
    @pytest.fixture
    def net(self, tmp_path: Path) -> Path:
        found(tmp_path / "net", 5, 0)
        return tmp_path / "net"

    def test_a_pod_that_packs_otherwise_signs_the_same_tree(
        self, shop: Workshop, net: Path, monkeypatch: pytest.MonkeyPatch
    ):
        built = shop.app("1")
        monkeypatch.setattr("node.trust.packed.LEVEL", 1)

        rebuilt = rebuild(Releasing(built.release, built.manifest), shop.source(APP))

        assert rebuilt.release.tree == built.release.tree
        assert rebuilt.manifest != built.manifest

    def test_a_pod_whose_tree_is_another_refuses(self, shop: Workshop):
        built = shop.runtime("1")
        with pytest.raises(PodError, match=r"is not what .* gives: lib/os\.py"):
            rebuild(Releasing(built.release, built.manifest), shop.source({**RUNTIME, "lib/os.py": b"x"}))

    def test_four_of_five_release_an_app_and_the_next_one_has_a_delta(self, shop: Workshop, net: Path, tmp_path: Path):
        for version, files in (("1", APP), ("2", CHANGED)):
            before = kept_before(net, published(net).head, "app")
            built = shop.app(version, files, before=before)
            write(built, tmp_path / version)
            done = [sign(tmp_path / version, net, pod) for pod in PODS[:4]]
            assert [one.is_complete for one in done] == [False, False, False, True]
            head, chunks = bundle(tmp_path / version, net)
            keep(net, decode(head))
            assert len(built.release.deltas) == len(before)
            assert {bytes.fromhex(address) for address, _ in built.release.deltas.values()} <= chunks.keys()

        assert [built.release.name for built in kept_before(net, published(net).head, "app")] == ["app/2", "app/1"]

    def test_a_practice_network_releases_an_app_at_once(self, shop: Workshop, net: Path):
        head, _ = release_signed_by(net, shop.source(APP), "1", PODS[:4], layer="app")
        chain = Chain.start((net / "root.json").read_bytes())
        assert [one.name for one in chain.verify(head, utc_now()).releases] == ["app/1"]

    def test_what_is_signed_is_said_in_words(self, shop: Workshop, net: Path):
        runtime = shop.runtime("1")
        write_and_publish(runtime, net, shop.folder / "runtime")
        app = shop.app("1", runtimes={LINUX: runtime.release.tree})
        proposal = begin(Releasing(app.release, app.manifest), published(net), utc_now())

        said = "\n".join([*describe(proposal), *describe_changes(proposal, app, net)])

        assert "nothing shuts it off" in said
        assert f"It needs the runtime {runtime.release.tree} on {LINUX}." in said
        assert "It is the first release:" in said  # a runtime is none of its kind
        assert "capabilities" not in said

    def test_three_of_five_recall_an_app(self, shop: Workshop, net: Path):
        write_and_publish(shop.app("1"), net, shop.folder / "app")
        proposal = begin(Recalling("app/1"), published(net), utc_now())
        assert {count.role: count.need for count in proposal.counts()}["vault"] == 3
        assert "The newest release is then none." in describe(proposal)


def write_and_publish(built: Built, net: Path, out: Path) -> None:
    write(built, out)
    for name in PODS[:4]:
        sign(out, net, name)
    keep(net, decode(bundle(out, net)[0]))


class TestCommands:
    def run(self, *arguments: object) -> str:
        result = CliRunner().invoke(pod, [str(argument) for argument in arguments])
        assert result.exit_code == 0, result.output
        return result.output

    def test_an_app_is_built_beside_the_runtime_that_it_needs(self, shop: Workshop, tmp_path: Path):
        tree, source = shop.source(RUNTIME), shop.source(APP)

        self.run("pack", tree, "--out", tmp_path / "r", "--version", "1", "--platform", LINUX)
        said = self.run("build", "app", source, "--out", tmp_path / "a", "--version", "1", "--runtime", tmp_path / "r")

        assert "Built app/1" in said
        assert load(tmp_path / "a").release.runtimes == {LINUX: load(tmp_path / "r").release.tree}

    def test_a_folder_called_app_can_still_be_a_vaults_source(self, shop: Workshop, tmp_path: Path):
        source = shop.source({"__init__.py": b"", "__main__.py": b""})
        assert "Built vault/1" in self.run("build", source, "--out", tmp_path / "v", "--version", "1")

    def test_what_differs_from_a_release_before_is_asked_for_by_its_folder(self, shop: Workshop, tmp_path: Path):
        write(shop.app("1"), tmp_path / "old")
        arguments = ("--out", tmp_path / "new", "--version", "2", "--before", tmp_path / "old")
        said = self.run("build", "app", shop.source(CHANGED), *arguments)
        assert "fetch only what differs: 1." in said

    def test_a_release_of_another_kind_is_no_release_before(self, shop: Workshop, tmp_path: Path):
        write(shop.runtime("1"), tmp_path / "old")
        arguments = ["--out", str(tmp_path / "new"), "--version", "2", "--before", str(tmp_path / "old")]
        result = CliRunner().invoke(pod, ["build", "app", str(shop.source(APP)), *arguments])
        assert result.exit_code == 1
        assert "of another kind" in result.output


def test_limits_hold_each_layer(shop: Workshop, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("node.pod.sources.TREE_BYTES_MAX", {**TREE_BYTES_MAX, "runtime": 100})
    with pytest.raises(PodError, match="over 0 MiB"):
        shop.runtime("1")
