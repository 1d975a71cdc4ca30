"""What holds for every pair of trees, and for every sequence of bytes that claims to lead from one to the other."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.pod.build import build_tree
from node.trust.delta import applied, decode_delta
from node.trust.errors import MalformedMetadata
from node.trust.packed import patch, patched, unpack
from node.update.files.slots import Slots
from node.vault.share.tree import CHUNK_BYTES_MAX, tree_hash_of
from tests.layer_world import Network, lay, read_back
from tests.property.test_tree import anything

contents = st.binary(max_size=60) | st.builds(
    lambda part, times: part * times, st.binary(max_size=40), st.integers(1, 60)
)
paths = st.sampled_from(["lib/a.py", "lib/b.py", "lib/deep/c.so", "lib/deep/d", "e"])
trees = st.dictionaries(paths, contents, max_size=5).map(lambda files: {"bin/python3": b"#!", **files})


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(trees, trees)
def test_a_delta_leads_from_any_tree_to_any_other_and_costs_one_chunk(old: dict[str, bytes], new: dict[str, bytes]):
    with tempfile.TemporaryDirectory() as folder:
        place, platform = Path(folder), "linux-x86_64"
        before = build_tree(lay(place / "old", old), "1", layer="runtime", platform=platform)
        after = build_tree(lay(place / "new", new), "2", layer="runtime", platform=platform, before=[before])
        network, slots = Network(before, after), Slots(place / "home/slots")
        network.fetch(before, slots)

        fetched = network.fetch(after, slots)

        assert read_back(fetched.path) == new
        assert fetched.objects_fetched == 1 or not after.release.deltas


@settings(max_examples=30, deadline=None)
@given(contents, contents)
def test_a_patch_leads_back_to_what_it_was_made_of(old: bytes, new: bytes):
    assert patched(old, patch(old, new), len(new)) == new


@given(st.binary(max_size=200), st.integers(0, 300))
def test_any_bytes_unpack_to_so_many_or_are_refused(chunk: bytes, length: int):
    try:
        assert len(unpack(chunk, length)) == length
    except MalformedMetadata:
        return


@settings(max_examples=50, deadline=None)
@given(contents, st.data())
def test_any_damage_to_a_patch_leads_to_so_many_bytes_or_is_refused(new: bytes, data: st.DataObject):
    damaged = bytearray(patch(b"the old file", new))
    damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        assert len(patched(b"the old file", bytes(damaged), len(new))) == len(new)
    except MalformedMetadata:
        return


@given(st.binary(max_size=200) | anything.map(msgspec.msgpack.encode))
def test_any_bytes_are_a_delta_within_limits_or_are_refused(content: bytes):
    try:
        delta = decode_delta(content)
    except MalformedMetadata:
        return
    entry = (False, hashlib.sha256(b"").hexdigest(), 0)
    try:
        manifest = applied(delta, {"a": entry, "b/c": entry})
    except MalformedMetadata:
        return
    assert len(tree_hash_of(manifest)) == 64
    assert sum(patch.length for patch in delta.patches) <= len(delta.body) + len(delta.parts) * CHUNK_BYTES_MAX
