"""Whatever a stranger sends as a head: it verifies or it is refused with a TrustError, and nothing else happens."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import json
import zlib
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.trust.chain import Chain, Verified
from node.trust.equivocation import check_proof
from node.trust.errors import Equivocation, MalformedMetadata, NotEnoughSignatures, TrustError
from node.trust.head import Head, encode
from node.trust.metadata import Root, Snapshot, Targets, Timestamp, read
from tests.signed_world import NOW, World, unchanged

WORLD: Final = World()
HEAD: Final = WORLD.with_root(unchanged, head=WORLD.release("0.1.1"))
CONTENT: Final = encode(HEAD)
FRESH: Final = Chain.start(WORLD.genesis)
ROOTS: Final = dict(WORLD.roots)
HELD: Final = FRESH.verify(CONTENT, NOW, ROOTS).chain
RELEASES: Final = FRESH.verify(CONTENT, NOW, ROOTS).releases
FILES: Final = ("root", "timestamp", "snapshot", "targets", "vault", "app", "foundation")

HOSTILE: Final = {
    "deep list": b"[" * 60_000,
    "deep object": b'{"a":' * 10_000,
    "deep and whole": b'{"signed":' + b"[" * 900 + b"]" * 900 + b',"signatures":[]}',
    "invalid UTF-8": b"\xff\xfe{}",
    "UTF-16": '{"signed":{}}'.encode("utf-16"),
    "huge number": b'{"signed":{"_type":"root","version":' + b"9" * 5_000 + b'},"signatures":[]}',
    "large number": b'{"signed":{"_type":"timestamp","version":' + b"9" * 4_000 + b'},"signatures":[]}',
    "NaN": b'{"signed":NaN,"signatures":[]}',
    "infinity": b'{"signed":{"_type":"timestamp","version":1e999},"signatures":[]}',
    "null": b"null",
    "list": b"[]",
    "text": b'"root"',
    "empty": b"",
    "zero bytes": b"\0" * 100,
    "no signed part": b'{"signatures":[]}',
    "signed is null": b'{"signed":null,"signatures":[]}',
    "twice": b'{"signed":{},"signed":{},"signatures":[]}',
    "lone surrogate": b'{"signed":{"_type":"timestamp","x":"\\ud800"},"signatures":[]}',
}


def verify(content: bytes, chain: Chain = FRESH) -> Verified | None:
    """None: refused as it should be."""
    try:
        return chain.verify(content, NOW, ROOTS)
    except TrustError:
        return None


def verify_with_file(name: str, content: bytes) -> Verified:
    """What a farm says to the valid head with one file replaced."""
    address = hashlib.sha256(content).digest()
    return FRESH.verify(with_file(name, content), NOW, {**ROOTS, address: content})


def with_file(name: str, content: bytes) -> bytes:
    if name == "root":
        return msgspec.msgpack.encode(msgspec.structs.replace(HEAD, roots=(hashlib.sha256(content).digest(),)))
    if name in HEAD.delegated:
        return msgspec.msgpack.encode(msgspec.structs.replace(HEAD, delegated={**HEAD.delegated, name: content}))
    return msgspec.msgpack.encode(msgspec.structs.replace(HEAD, **{name: content}))


def file_of(name: str) -> bytes:
    files: dict[str, bytes] = {"root": ROOTS[HEAD.roots[0]], **HEAD.delegated}
    return files[name] if name in files else bytes(getattr(HEAD, name))


@given(st.binary(max_size=300))
def test_random_bytes_are_no_head(content: bytes) -> None:
    assert verify(content) is None


@given(
    st.tuples(st.binary(max_size=50)),
    st.binary(max_size=50),
    st.binary(max_size=50),
    st.dictionaries(st.text(max_size=8), st.binary(max_size=50), max_size=3),
)
def test_random_files_are_no_head(
    roots: tuple[bytes, ...], timestamp: bytes, rest: bytes, delegated: dict[str, bytes]
) -> None:
    assert verify(msgspec.msgpack.encode(Head(roots, timestamp, rest, rest, delegated))) is None


@pytest.mark.parametrize("what", HOSTILE)
@pytest.mark.parametrize("name", FILES)
def test_hostile_json_in_any_file_is_refused(name: str, what: str) -> None:
    with pytest.raises(TrustError):
        verify_with_file(name, HOSTILE[what])


@pytest.mark.parametrize("what", HOSTILE)
@pytest.mark.parametrize("kind", [Root, Timestamp, Snapshot, Targets])
def test_hostile_json_is_read_as_no_kind_of_file(kind: type[Root], what: str) -> None:
    with pytest.raises(MalformedMetadata):
        read(HOSTILE[what], kind)


@settings(deadline=None)
@given(st.integers(0, len(CONTENT) - 1), st.integers(1, 255), st.sampled_from([FRESH, HELD]))
def test_no_flipped_byte_changes_what_is_released(position: int, flip: int, chain: Chain) -> None:
    broken = bytearray(CONTENT)
    broken[position] ^= flip

    verified = verify(bytes(broken), chain)

    # A spoiled signature may be one more than is needed; then the others still vouch for the same.
    assert verified is None or [(r.name, r.tree_hash) for r in verified.releases] == [
        (r.name, r.tree_hash) for r in RELEASES
    ]


@settings(deadline=None)
@given(st.integers(0, len(CONTENT) - 1))
def test_no_part_of_a_head_is_a_head(length: int) -> None:
    assert verify(CONTENT[:length]) is None


@pytest.mark.parametrize("field", ["spec_version", "version"])
def test_a_null_is_not_taken_for_the_value_that_was_signed(field: str) -> None:
    """The library fills in its own value and then finds the signature right."""
    content = json.loads(file_of("root"))
    content["signed"][field] = None

    with pytest.raises(MalformedMetadata):
        verify_with_file("root", json.dumps(content).encode())


VALUES: Final = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 80), 1 << 80) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.long
@settings(deadline=None, max_examples=300)
@given(st.sampled_from(FILES), st.data())
def test_no_change_of_what_a_file_says_survives_its_signatures(name: str, data: st.DataObject) -> None:
    content: Any = json.loads(file_of(name))
    place, key = content, "signed"
    while isinstance(place[key], dict) and place[key] and data.draw(st.booleans()):
        place = place[key]
        key = data.draw(st.sampled_from(sorted(place)))
    place[key] = data.draw(VALUES)
    changed = json.dumps(content).encode()

    with contextlib.suppress(TrustError):
        verify_with_file(name, changed)
        assert json.loads(changed) == json.loads(file_of(name))


@pytest.mark.long
@settings(deadline=None, max_examples=300)
@given(st.sampled_from(FILES), VALUES, st.sampled_from(["signatures", "keyid", "sig", "beside"]))
def test_no_change_of_the_signatures_does_more_than_refuse(name: str, value: Any, where: str) -> None:
    content: Any = json.loads(file_of(name))
    if where == "signatures":
        content["signatures"] = value
    elif where == "beside":
        content["more"] = value
    else:
        content["signatures"][0][where] = value

    with contextlib.suppress(TrustError):
        verified = verify_with_file(name, json.dumps(content).encode())
        assert [r.tree_hash for r in verified.releases] == [r.tree_hash for r in RELEASES]


def proof_of_two() -> bytes:
    """What proves that pod-3 signed two releases in one place."""
    one, other = copy.deepcopy(WORLD), copy.deepcopy(WORLD)
    one.head = other.head = HEAD
    held = HELD.verify(encode(one.release("1", by=one.pods[:3])), NOW, ROOTS).chain
    with pytest.raises(Equivocation) as found:
        held.verify(encode(other.release("2", by=other.pods[2:])), NOW, ROOTS)
    return found.value.proof


PROOF: Final[dict[str, Any]] = msgspec.msgpack.decode(zlib.decompress(proof_of_two()))


def accused(proof: bytes) -> list[str]:
    try:
        return [culprit.name for culprit in check_proof(proof, HELD).culprits]
    except (MalformedMetadata, NotEnoughSignatures):
        return []


@given(st.binary(max_size=300))
def test_random_bytes_accuse_nobody(content: bytes) -> None:
    assert accused(content) == accused(zlib.compress(content)) == []


@pytest.mark.long
@settings(deadline=None, max_examples=300)
@given(st.sampled_from(["first", "second", "targets"]), st.data())
def test_no_change_of_a_proof_accuses_anybody_else(part: str, data: st.DataObject) -> None:
    content: Any = json.loads(PROOF[part])
    place, key = content, data.draw(st.sampled_from(["signed", "signatures"]))
    while isinstance(place[key], dict) and place[key] and data.draw(st.booleans()):
        place = place[key]
        key = data.draw(st.sampled_from(sorted(place)))
    place[key] = data.draw(VALUES)

    changed = zlib.compress(msgspec.msgpack.encode(PROOF | {part: json.dumps(content).encode()}))

    assert accused(changed) in ([], ["pod-3"])


@settings(deadline=None)
@given(st.sampled_from(sorted(PROOF)), st.none() | st.integers() | st.binary(max_size=50) | st.text(max_size=9))
def test_no_other_part_of_a_proof_accuses_anybody_else(part: str, value: object) -> None:
    with contextlib.suppress(OverflowError):  # a number that no message can hold
        assert accused(zlib.compress(msgspec.msgpack.encode(PROOF | {part: value}))) in ([], ["pod-3"])


@given(st.binary(max_size=200))
def test_no_garbage_is_a_kept_chain(content: bytes) -> None:
    with pytest.raises(MalformedMetadata):
        Chain.load(content)


@settings(deadline=None)
@given(st.integers(0, 400), st.integers(1, 255))
def test_a_kept_chain_with_a_flipped_byte_loads_or_is_refused(position: int, flip: int) -> None:
    broken = bytearray(HELD.dump())
    broken[-1 - position] ^= flip
    with contextlib.suppress(MalformedMetadata):
        verify(CONTENT, Chain.load(bytes(broken)))
