"""Deltas from strangers: read within limits, and applied to a tree that is here, or refused."""

from __future__ import annotations

import hashlib

import msgspec
import pytest

from node.trust.delta import BODY_BYTES_MAX, Delta, Entry, Patch, applied, decode_delta, make_delta
from node.trust.errors import MalformedMetadata
from node.trust.packed import PATCHED_BYTES_MAX
from node.vault.errors import MalformedMessage
from node.vault.share.tree import CHUNK_BYTES_MAX, TreeFile, address_of, tree_hash, tree_hash_of


def file(path: str, content: bytes = b"new", length: int | None = None) -> TreeFile:
    length = len(content) if length is None else length
    chunks = (address_of(content),) * -(-length // CHUNK_BYTES_MAX)
    return TreeFile(path, False, hashlib.sha256(content).hexdigest(), length, chunks)


def entry(content: bytes) -> Entry:
    return False, hashlib.sha256(content).hexdigest(), len(content)


OLD = {"gui/a.py": entry(b"a"), "gui/b.py": entry(b"b"), "node/c.py": entry(b"c")}
FILES = (file("gui/b.py"), file("gui/d.py"))


def encoded(**changes: object) -> bytes:
    good = Delta(("gui/a.py",), FILES, (Patch(0, True, 2), Patch(1, False, 3)), (), b"12345")
    return msgspec.msgpack.encode(msgspec.structs.replace(good, **changes))


def test_a_delta_comes_back_as_it_was_made():
    content, others = make_delta(("gui/a.py",), FILES, {"gui/b.py": (True, b"12"), "gui/d.py": (False, b"345")})

    assert content == encoded()
    assert others == {}
    assert decode_delta(content).body == b"12345"


def test_long_patches_lie_in_chunks_of_their_own():
    long = bytes(BODY_BYTES_MAX) + b"x" * (CHUNK_BYTES_MAX - BODY_BYTES_MAX) + b"y"

    content, others = make_delta((), FILES, {"gui/b.py": (True, long)})

    delta = decode_delta(content)
    assert len(content) < 1_000
    assert b"".join(others[address] for address in delta.parts) == long
    assert max(map(len, others.values())) <= CHUNK_BYTES_MAX


def test_a_delta_over_its_limits_is_not_made(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("node.trust.delta.PATCHES_BYTES_MAX", 4)
    with pytest.raises(MalformedMessage):
        make_delta((), FILES, {"gui/b.py": (True, b"12345")})


def test_the_new_tree_is_the_old_one_with_what_differs():
    manifest = applied(decode_delta(encoded()), OLD)

    assert [file.path for file in manifest.files] == ["gui/b.py", "gui/d.py", "node/c.py"]
    expected = {"gui/b.py": entry(b"new"), "gui/d.py": entry(b"new"), "node/c.py": entry(b"c")}
    assert tree_hash_of(manifest) == tree_hash((path, x, sha256) for path, (x, sha256, _) in expected.items())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nonsense",
        msgspec.msgpack.encode([]),
        encoded() + b"x",
        b"\x91" * 100_000,
        bytes(CHUNK_BYTES_MAX + 1),
        encoded(files=(file("../b.py"), file("gui/d.py"))),
        encoded(files=(file("/etc/passwd"),)),
        encoded(files=(file("gui/d.py"), file("gui/b.py"))),
        encoded(files=(file("gui/b.py"), file("gui/B.py"))),
        encoded(files=(file("gui/b.py", length=-1), file("gui/d.py"))),
        encoded(patches=(Patch(0, True, 2), Patch(2, False, 3))),
        encoded(patches=(Patch(-1, True, 2), Patch(1, False, 3))),
        encoded(patches=(Patch(1, True, 2), Patch(0, False, 3))),
        encoded(patches=(Patch(0, True, 2), Patch(0, False, 3))),
        encoded(patches=(Patch(0, True, 2),)),
        encoded(patches=(Patch(0, True, -2), Patch(1, True, 7))),
        encoded(patches=(Patch(0, True, 0), Patch(1, True, 5))),
        encoded(
            patches=(Patch(0, True, PATCHED_BYTES_MAX + 1),),
            body=b"",
            parts=(bytes(32),) * (PATCHED_BYTES_MAX // CHUNK_BYTES_MAX + 1),
        ),
        encoded(files=(file("gui/b.py", length=PATCHED_BYTES_MAX + 1), file("gui/d.py"))),
        encoded(body=b"", parts=(bytes(31),)),
        encoded(body=b"", parts=(bytes(32),) * 2),
        encoded(parts=(bytes(32),)),
        encoded(body=b"123456"),
    ],
    ids=range(24),
)
def test_what_is_no_delta_is_refused(content: bytes):
    with pytest.raises(MalformedMetadata):
        decode_delta(content)


@pytest.mark.parametrize(
    "changes",
    [
        {"removed": ("gui/x.py",)},
        {"files": (file("gui/A.py"),), "removed": (), "patches": (), "body": b""},
        {"files": (file("gui/a.py/x"),), "removed": (), "patches": (), "body": b""},
    ],
    ids=["it removes what is not there", "names differ only in case", "a file is a folder at once"],
)
def test_what_leads_to_no_tree_is_refused(changes: dict[str, object]):
    delta = decode_delta(encoded(**changes))
    with pytest.raises(MalformedMetadata):
        applied(delta, OLD)
