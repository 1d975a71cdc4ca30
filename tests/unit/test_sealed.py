"""A secret in a file behind a passphrase."""

from __future__ import annotations

import base64
import json
import os
from typing import Any

import pytest

from node.keys import sealed
from node.keys.errors import KeyStoreError, WrongPassphrase
from node.keys.sealed import is_sealed, seal, unseal

COST = (sealed.MEMORY_KIB, sealed.PASSES, sealed.LANES)
SECRET = bytes(range(96))
PASSPHRASE = "correct horse battery"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """The least memory that a file may ask for: the tests do not measure how dear guessing is."""
    monkeypatch.setattr(sealed, "MEMORY_KIB", sealed.MEMORY_KIB_MIN)
    monkeypatch.setattr(sealed, "PASSES", 1)


def file(**changed: Any) -> bytes:
    content: dict[str, Any] = json.loads(seal(SECRET, "ash", PASSPHRASE, os.urandom))
    return json.dumps(content | changed).encode()


def test_the_passphrase_opens_it() -> None:
    assert unseal(file(), PASSPHRASE) == ("ash", SECRET)


def test_another_passphrase_does_not() -> None:
    with pytest.raises(KeyStoreError, match="does not open the key of 'ash'"):
        unseal(file(), "correct horse batterz")


def test_one_that_is_longer_than_any_is_said_to_be_so() -> None:
    with pytest.raises(WrongPassphrase, match="a passphrase has 12 to 1024 characters"):
        unseal(file(), "x" * 1_025)


def test_guessing_is_dear() -> None:
    assert COST == (128 << 10, 3, 2)


def test_the_secret_is_not_in_the_file() -> None:
    content = file()

    assert SECRET.hex().encode() not in content
    assert base64.b64encode(SECRET) not in content


def test_the_same_passphrase_typed_on_another_system_opens_it() -> None:
    content = seal(SECRET, "ash", "cl\u00e9 de la maison", os.urandom)

    assert unseal(content, "cle\u0301 de la maison")[1] == SECRET


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "birch"),
        ("passes", 2),
        ("lanes", 1),
        ("memory_kib", 9 << 10),
        ("salt", base64.b64encode(bytes(16)).decode()),
        ("nonce", base64.b64encode(bytes(12)).decode()),
        ("sealed", base64.b64encode(bytes(112)).decode()),
    ],
)
def test_no_part_of_it_can_be_changed_unseen(field: str, value: Any) -> None:
    with pytest.raises(KeyStoreError, match="does not open"):
        unseal(file(**{field: value}), PASSPHRASE)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("format", 2),
        ("kind", "perennial key"),
        ("memory_kib", sealed.MEMORY_KIB_MAX + 1),
        ("memory_kib", 1),
        ("passes", sealed.PASSES_MAX + 1),
        ("passes", 0),
        ("lanes", sealed.LANES_MAX + 1),
        ("lanes", 0),
        ("salt", ""),
        ("nonce", ""),
        ("salt", 7),
        ("more", 1),
    ],
)
def test_a_file_that_would_eat_the_machine_or_is_none_is_not_even_tried(
    field: str, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = file(**{field: value})

    def derive(*_: Any, **__: Any) -> None:
        raise AssertionError("the passphrase was tried")

    monkeypatch.setattr(sealed, "Argon2id", derive)
    with pytest.raises(KeyStoreError, match="no key behind a passphrase"):
        unseal(content, PASSPHRASE)


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[" * 4_000, b"\xff\xfe", b'{"format": 1, "format": 1}', b"null", b'{"format": 1e999}'],
)
def test_what_is_no_such_file_is_said_to_be_none(content: bytes) -> None:
    with pytest.raises(KeyStoreError, match="no key behind a passphrase"):
        unseal(content, PASSPHRASE)
    assert not is_sealed(content)


@pytest.mark.parametrize("passphrase", ["", "short", "x" * 1_025])
def test_a_passphrase_that_protects_nothing_is_refused(passphrase: str) -> None:
    with pytest.raises(KeyStoreError, match="12 to 1024 characters"):
        seal(SECRET, "ash", passphrase, os.urandom)
