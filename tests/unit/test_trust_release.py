"""What a release may contain, whoever signed it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from node.pod.build import Built
from node.trust.errors import MalformedMetadata, PolicyViolation
from node.trust.layers import Layer
from node.trust.release import Release, check_layer, open_manifest
from node.vault.share.tree import (
    MANIFEST_BYTES_MAX,
    address_of,
    decode_manifest,
    encode_manifest,
    manifest_of,
    tree_hash_of,
)
from tests.signed_world import SOURCE, World, built


def released(made: Built) -> Release:
    told = made.release
    address = address_of(made.manifest)
    return Release(told.name, "vault", told.version, told.tree, address, len(made.manifest), ("ash",), "", 1)


class TestLayer:
    def test_source_below_node_vault_is_a_vault_release(self) -> None:
        made = built("1", [("node/vault/core/ranking.py", False, b"x"), ("node/vault/notes.txt", False, b"y")])

        assert open_manifest(released(made), made.manifest) == decode_manifest(made.manifest)

    @pytest.mark.parametrize(
        "path",
        [
            "node/update/driver.py",
            "node/sandbox/linux.py",
            "node/vault.py",
            "gui/app.py",
            "sitecustomize.py",
            "node/vaults/x.py",
            "node/vault/core/fast.so",
            "node/vault/core/fast.cpython-311-x86_64-linux-gnu.SO",
            "node/vault/hidden.pyc",
            "node/vault/__pycache__/x.py",
            "vault/__init__.py",
        ],
    )
    def test_any_other_file_is_refused_whoever_signed_it(self, path: str) -> None:
        made = built("1", [(path, False, b"x")])

        with pytest.raises(PolicyViolation):
            check_layer(released(made), decode_manifest(made.manifest))

    @pytest.mark.parametrize("missing", [path for path, _, _ in SOURCE])
    def test_a_release_that_could_not_start_is_refused(self, missing: str) -> None:
        manifest, _ = manifest_of([file for file in SOURCE if file[0] != missing])
        content = encode_manifest(manifest)
        release = dataclasses.replace(
            released(built("1")),
            tree_hash=tree_hash_of(manifest),
            manifest=address_of(content),
            manifest_length=len(content),
        )

        with pytest.raises(PolicyViolation, match="needs"):
            check_layer(release, manifest)

    @pytest.mark.parametrize("layer", ["app", "runtime"])
    def test_what_makes_a_vault_makes_no_other_layer(self, layer: Layer) -> None:
        made = built("1")

        with pytest.raises(PolicyViolation, match="needs"):
            check_layer(dataclasses.replace(released(made), layer=layer), decode_manifest(made.manifest))


class TestManifest:
    def test_a_manifest_of_other_files_is_not_the_signed_one(self) -> None:
        with pytest.raises(MalformedMetadata):
            open_manifest(released(built("1")), built("2").manifest)
        with pytest.raises(MalformedMetadata):
            check_layer(released(built("1")), decode_manifest(built("2").manifest))

    @pytest.mark.parametrize("length", [-1, 1])
    def test_the_length_is_signed_too(self, length: int) -> None:
        made = built("1")
        release = dataclasses.replace(released(made), manifest_length=len(made.manifest) + length)

        with pytest.raises(MalformedMetadata):
            open_manifest(release, made.manifest)
        with pytest.raises(MalformedMetadata):
            check_layer(release, decode_manifest(made.manifest))

    def test_the_files_have_the_signed_tree_hash(self) -> None:
        made = built("1")

        with pytest.raises(PolicyViolation, match="tree hash"):
            open_manifest(dataclasses.replace(released(made), tree_hash="0" * 64), made.manifest)

    def test_signed_bytes_that_are_no_manifest_are_refused(self) -> None:
        release = dataclasses.replace(released(built("1")), manifest=address_of(b"nonsense"), manifest_length=8)

        with pytest.raises(MalformedMetadata):
            open_manifest(release, b"nonsense")


class TestDescription:
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("layer", "app"),
            ("layer", None),
            ("version", "0.1.2"),
            ("version", 1),
            ("version", "../0.1.1"),
            ("tree", "ab"),
            ("tree", "G" * 64),
            ("tree", None),
            ("sequence", 0),
            ("sequence", True),
            ("sequence", "1"),
            ("sequence", 2),
            ("sequence", 1 << 60),
            ("notes", 5),
            ("notes", "x" * 5_000),
        ],
    )
    def test_a_release_that_is_described_otherwise_is_refused(self, field: str, value: Any) -> None:
        world = World()
        world.release("0.1.1")

        def change(signed: Any) -> None:
            signed.targets["vault/0.1.1"].custom[field] = value

        with pytest.raises(PolicyViolation):
            world.verify(world.change("vault", change))

    @pytest.mark.parametrize("length", [0, MANIFEST_BYTES_MAX + 1])
    def test_the_manifest_fits_into_one_chunk(self, length: int) -> None:
        world = World()
        world.release("0.1.1")

        with pytest.raises(PolicyViolation):
            world.verify(world.change("vault", lambda signed: setattr(signed.targets["vault/0.1.1"], "length", length)))

    def test_two_releases_never_share_a_number(self) -> None:
        world = World()
        world.release("0.1.1")
        world.release("0.1.2")

        def change(signed: Any) -> None:
            signed.targets["vault/0.1.1"].custom["sequence"] = 2

        with pytest.raises(PolicyViolation, match="wrongly"):
            world.verify(world.change("vault", change))

    def test_the_count_of_releases_never_falls(self) -> None:
        world = World()
        world.accept(world.release("0.1.1"))

        def change(signed: Any) -> None:
            signed.targets.clear()
            signed.unrecognized_fields["x-sequence"] = 0

        with pytest.raises(PolicyViolation, match="backwards"):
            world.verify(world.change("vault", change))
