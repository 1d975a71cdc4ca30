"""A head is cut to size before anything in it is parsed."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from node.trust import head as heads
from node.trust.errors import MalformedMetadata
from node.trust.head import Head, decode, encode
from node.vault.control import HEAD_BYTES_MAX
from tests.signed_world import World

HEAD = World().head


def test_a_head_comes_back_as_it_was() -> None:
    assert decode(encode(HEAD)) == HEAD


def test_equal_heads_give_equal_bytes_whatever_the_order_of_their_roles() -> None:
    turned = msgspec.structs.replace(HEAD, delegated=dict(reversed(HEAD.delegated.items())))

    assert encode(turned) == encode(HEAD)


@pytest.mark.parametrize(
    "change",
    [
        {"timestamp": b" " * (heads.TIMESTAMP_BYTES_MAX + 1)},
        {"snapshot": b" " * (heads.SNAPSHOT_BYTES_MAX + 1)},
        {"targets": b" " * (heads.TARGETS_BYTES_MAX + 1)},
        {"roots": tuple(number.to_bytes(32, "big") for number in range(heads.ROOTS_MAX + 1))},
        {"roots": (b"r" * 31,)},
        {"roots": (b"r" * 33,)},
        {"roots": (b"r" * 32,) * 2},
        {"proof": b" " * (heads.PROOF_BYTES_MAX + 1)},
        {"delegated": {f"role{number}": b" " * heads.TARGETS_BYTES_MAX for number in range(3)}},
        {"format": 1},
        {"format": 3},
        {"delegated": {"vault": b" " * (heads.TARGETS_BYTES_MAX + 1)}},
        {"delegated": {f"role{number}": b"" for number in range(heads.DELEGATED_MAX + 1)}},
        {"delegated": {"": b""}},
        {"delegated": {"../vault": b""}},
        {"delegated": {"v" * (heads.ROLE_CHARACTERS_MAX + 1): b""}},
    ],
)
def test_a_head_over_any_limit_is_refused_both_ways(change: dict[str, Any]) -> None:
    head = msgspec.structs.replace(HEAD, **change)

    with pytest.raises(MalformedMetadata):
        decode(msgspec.msgpack.encode(head))
    with pytest.raises(MalformedMetadata):
        encode(head)


def test_a_head_that_is_too_long_is_refused_before_it_is_read() -> None:
    with pytest.raises(MalformedMetadata, match="over"):
        decode(b"\xc1" * (HEAD_BYTES_MAX + 1))


@pytest.mark.parametrize(
    "content", [b"", b"\x80", b"\xc0", b"{}", b"\x91" * 5_000, encode(HEAD)[:-1], encode(HEAD) + b"x"]
)
def test_what_is_no_head_is_refused(content: bytes) -> None:
    with pytest.raises(MalformedMetadata):
        decode(content)


def test_a_field_that_no_head_has_is_refused() -> None:
    fields = msgspec.to_builtins(HEAD, builtin_types=(bytes,)) | {"more": 1}

    with pytest.raises(MalformedMetadata):
        decode(msgspec.msgpack.encode(fields))


def test_a_head_holds_bytes_only() -> None:
    fields: dict[str, Any] = msgspec.to_builtins(Head((), b"", b"", b"", {}), builtin_types=(bytes,))

    with pytest.raises(MalformedMetadata):
        decode(msgspec.msgpack.encode(fields | {"timestamp": "text"}))
