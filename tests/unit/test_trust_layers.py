"""Releases of apps and runtimes in signed statements: who may list what, and how it must be described."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from node.trust.capabilities import TODAY
from node.trust.errors import MalformedMetadata, NotEnoughSignatures, PolicyViolation, TrustError
from node.trust.layers import fault_of, name_of, role_of
from node.trust.metadata import Targets, read
from node.trust.recall import recalls_in
from node.trust.release import DELTAS_MAX, FLOOR_FIELD, RECALLED_FIELD, check_files, open_manifest, runtime_of
from node.vault.share.tree import CHUNK_BYTES_MAX, decode_manifest
from tests.layer_world import APP, LINUX, ON_WINDOWS, WINDOWS, Workshop, signed
from tests.signed_world import DAY, NOW, World, unchanged
from tests.unit.test_trust_capabilities import anchors
from tests.unit.test_trust_recall import says

TREE = "a" * 64


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


@pytest.fixture
def world(shop: Workshop) -> World:
    """A network that has released an app, and before it the two runtimes that it needs."""
    made = World()
    linux = shop.runtime("0.1.0")
    windows = shop.runtime("0.1.0", ON_WINDOWS, platform=WINDOWS)
    app = shop.app("0.1.0", runtimes={LINUX: linux.release.tree, WINDOWS: windows.release.tree})
    for built in (linux, windows, app):
        made.release("", made.pods[:4], role="app", release=built.release)
    return made


def custom(name: str, **fields: Any) -> Callable[[Any], None]:
    return lambda said: said.targets[name].custom.update(fields)


class TestWho:
    def test_four_of_five_pods_release_an_app_with_a_runtime_for_each_platform(self, world: World):
        app, windows, linux = world.accept().releases

        assert [(one.layer, one.platform) for one in (app, windows, linux)] == [
            ("app", ""),
            ("runtime", WINDOWS),
            ("runtime", LINUX),
        ]
        assert runtime_of(app, LINUX, (app, windows, linux)) == linux
        assert runtime_of(app, WINDOWS, (app, windows, linux)) == windows
        assert runtime_of(app, "macos-arm64", (app, windows, linux)) is None

    @pytest.mark.parametrize("count", [1, 3])
    def test_fewer_release_no_app(self, world: World, shop: Workshop, count: int):
        world.accept()
        with pytest.raises(TrustError):
            world.verify(world.release("", world.pods[:count], role="app", release=shop.app("0.1.1").release))

    def test_three_release_no_app_even_under_a_snapshot_of_all(self, world: World, shop: Workshop):
        world.accept()
        with pytest.raises(NotEnoughSignatures, match="app"):
            world.verify(world.change("app", unchanged, by=world.pods[:3]))

    @pytest.mark.parametrize("name", ["app/0.1.0", f"runtime/0.1.0-{LINUX}"])
    @pytest.mark.parametrize("role", ["vault", "foundation"])
    def test_no_other_role_lists_one(self, world: World, role: str, name: str):
        target = read(world.head.delegated["app"], Targets).signed.targets[name]
        with pytest.raises(PolicyViolation, match="not its own"):
            world.verify(world.change(role, lambda said: said.targets.update({name: target})))

    def test_the_app_lists_no_vault(self, world: World):
        world.head = world.release("9")
        target = read(world.head.delegated["vault"], Targets).signed.targets["vault/9"]
        with pytest.raises(PolicyViolation, match="not its own"):
            world.verify(world.change("app", lambda said: said.targets.update({"vault/9": target})))

    def test_what_vaults_may_do_binds_no_app(self, world: World):
        world.head = world.change("targets", anchors("0.1.0", dataclasses.replace(TODAY, udp=False)))
        assert world.accept().releases[0].name == "app/0.1.0"

    def test_an_app_whose_statement_has_expired_is_not_offered(self, world: World):
        world.accept()
        late = NOW + 400 * DAY
        world.head = world.change("vault", lambda said: setattr(said, "expires", late + 9 * DAY), now=late)
        world.head = world.change("targets", lambda said: setattr(said, "expires", late + 9 * DAY), now=late)
        head = world.with_snapshot(lambda said: setattr(said, "expires", late + 9 * DAY), now=late)
        assert world.verify(head, late).releases == ()


class TestRecall:
    @pytest.mark.parametrize("name", ["app/0.1.0", f"runtime/0.1.0-{LINUX}"])
    def test_three_pods_recall_one_by_the_statement_of_the_vault(self, world: World, name: str):
        world.accept()

        verified = world.accept(
            world.change(
                "vault", lambda said: said.unrecognized_fields.update({RECALLED_FIELD: [name]}), world.pods[:3]
            )
        )

        assert name not in {one.name for one in verified.releases}
        assert name in recalls_in(world.chain).names

    def test_an_app_whose_runtime_was_recalled_has_none_any_more(self, world: World):
        names = [f"runtime/0.1.0-{LINUX}"]
        recall = world.change("vault", says(RECALLED_FIELD, names))

        found = world.verify(recall).releases

        assert runtime_of(found[0], LINUX, found) is None
        assert runtime_of(found[0], WINDOWS, found) is not None

    def test_the_app_recalls_nothing_of_others(self, world: World):
        with pytest.raises(PolicyViolation, match="not its own"):
            world.verify(world.change("app", says(RECALLED_FIELD, ["vault/1"])))

    def test_the_floor_of_the_app_binds_no_vault(self, world: World):
        world.accept(world.change("app", says(FLOOR_FIELD, 3)))

        recalls = recalls_in(world.chain)

        assert (recalls.floor, recalls.app_floor) == (0, 3)


class TestDescription:
    @pytest.mark.parametrize(
        ("name", "fields"),
        [
            ("app/0.1.0", {"layer": "vault"}),
            ("app/0.1.0", {"layer": "runtime"}),
            ("app/0.1.0", {"platform": LINUX}),
            ("app/0.1.0", {"capabilities": {}}),
            ("app/0.1.0", {"urgent": True}),
            ("app/0.1.0", {"runtimes": [LINUX]}),
            ("app/0.1.0", {"runtimes": {"solaris-sparc": TREE}}),
            ("app/0.1.0", {"runtimes": {LINUX: "x"}}),
            ("app/0.1.0", {"runtimes": {LINUX: TREE}}),
            ("app/0.1.0", {"runtimes": {f"linux-a{n}": TREE for n in range(13)}}),
            ("app/0.1.0", {"deltas": [TREE]}),
            ("app/0.1.0", {"deltas": {"x": [TREE, 1]}}),
            ("app/0.1.0", {"deltas": {TREE: TREE}}),
            ("app/0.1.0", {"deltas": {TREE: [TREE, 0]}}),
            ("app/0.1.0", {"deltas": {TREE: [TREE, True]}}),
            ("app/0.1.0", {"deltas": {TREE: [TREE, CHUNK_BYTES_MAX + 1]}}),
            ("app/0.1.0", {"deltas": {TREE: [TREE, 1, 1]}}),
            ("app/0.1.0", {"deltas": {f"{n:064x}": [TREE, 1] for n in range(DELTAS_MAX + 1)}}),
            (f"runtime/0.1.0-{LINUX}", {"platform": WINDOWS}),
            (f"runtime/0.1.0-{LINUX}", {"platform": None}),
            (f"runtime/0.1.0-{LINUX}", {"platform": ""}),
            (f"runtime/0.1.0-{LINUX}", {"version": f"0.1.0-{LINUX}"}),
            (f"runtime/0.1.0-{LINUX}", {"runtimes": {}}),
        ],
    )
    def test_one_that_is_described_otherwise_is_refused(self, world: World, name: str, fields: dict[str, Any]):
        with pytest.raises(PolicyViolation):
            world.verify(world.change("app", custom(name, **fields)))

    @pytest.mark.parametrize("field", ["runtimes", "platform", "deltas"])
    def test_a_vault_says_nothing_of_what_others_say(self, world: World, field: str):
        world.release("9")
        with pytest.raises(PolicyViolation, match=field):
            world.verify(world.change("vault", custom("vault/9", **{field: {}})))

    def test_what_is_said_of_a_listed_release_never_changes(self, world: World):
        world.accept()
        with pytest.raises(PolicyViolation, match="already another release"):
            world.verify(world.change("app", custom("app/0.1.0", deltas={TREE: [TREE, 1]})))

    def test_names_tell_the_role(self):
        assert (role_of("app/1"), role_of(name_of("runtime", "1", LINUX))) == ("app", "app")
        assert (role_of("vault/1"), role_of("foundation/1")) == ("vault", "foundation")
        assert {role_of(name) for name in ("apps/1", "app/", "app", "app/../x", "/1", "app/1\n")} == {""}


class TestContents:
    @pytest.mark.parametrize(
        "path", ["gui/window.py", "node/update/driver.py", "node/sandbox/linux.py", "resources/root.json"]
    )
    def test_what_an_app_may_hold_no_vault_may(self, path: str):
        vault = ("node/__init__.py", "node/vault/__init__.py", "node/vault/__main__.py")
        assert fault_of("app", "", dict.fromkeys({*APP, path}, False)) == ""
        assert path in fault_of("vault", "", dict.fromkeys({*vault, path}, False))

    @pytest.mark.parametrize(
        "path", ["sitecustomize.py", "tests/x.py", "gui/x.pyc", "gui/__pycache__/x", "node/x.so", "gui", "nodes/x.py"]
    )
    def test_what_belongs_to_no_app_is_refused_whoever_signed_it(self, path: str):
        assert fault_of("app", "", dict.fromkeys({*APP, path}, False)) == f"an app release may not contain {path!r}"

    @pytest.mark.parametrize(("platform", "python"), [(LINUX, "bin/python3"), (WINDOWS, "python.exe")])
    def test_a_runtime_has_its_python_where_it_is_looked_for(self, platform: str, python: str):
        assert fault_of("runtime", platform, dict.fromkeys((python, "anything.so"), False)) == ""
        assert python in fault_of("runtime", platform, {"anything.so": False})

    def test_what_windows_runs_too_has_no_executable_marks(self):
        assert "executable" in fault_of("app", "", {**dict.fromkeys(APP, False), "gui/run.sh": True})
        assert "executable" in fault_of("runtime", WINDOWS, {"python.exe": True})
        assert fault_of("runtime", LINUX, {"bin/python3": True}) == ""

    def test_files_are_those_that_were_signed_wherever_their_manifest_comes_from(self, shop: Workshop):
        app, other = shop.app("1"), shop.app("1", {**APP, "gui/x.py": b"x"})

        check_files(signed(app), open_manifest(signed(app), app.manifest))
        with pytest.raises(MalformedMetadata):
            open_manifest(signed(app), other.manifest)
        with pytest.raises(PolicyViolation, match="tree hash"):
            check_files(signed(app), decode_manifest(other.manifest))

    def test_a_runtime_of_one_platform_is_none_of_another(self, shop: Workshop):
        made = shop.runtime("1", ON_WINDOWS, platform=WINDOWS)
        wrong = dataclasses.replace(signed(made), platform=LINUX)
        with pytest.raises(PolicyViolation, match="needs"):
            open_manifest(wrong, made.manifest)
