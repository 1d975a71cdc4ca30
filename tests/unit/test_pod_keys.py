"""A pod's own key: made where it stays, never overwritten, and handed over by its public part only."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from node.keys import keyring as keyring_module
from node.keys import sealed
from node.keys.errors import KeyStoreError
from node.pod import keys
from node.pod.errors import PodError
from node.pod.files import pretty
from node.pod.invitation import Invitation, read_invitation
from node.pod.parties import SECRET_BYTES, Party
from tests.signed_world import party

PASSPHRASE = "correct horse battery"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed, "MEMORY_KIB", sealed.MEMORY_KIB_MIN)


def nobody_asks() -> str:
    raise AssertionError("nobody should be asked for a passphrase")


class FakeKeyring:
    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


class FullKeyring(FakeKeyring):
    def set_password(self, service: str, username: str, password: str) -> None:
        raise OSError("no room is left")


class LockedKeyring(FakeKeyring):
    def get_password(self, service: str, username: str) -> str | None:
        raise RuntimeError("the collection is locked")


class ForgetfulKeyring(FakeKeyring):
    def set_password(self, service: str, username: str, password: str) -> None:
        pass


class TestInTheKeyring:
    def test_a_key_comes_back_as_the_same_pod(self) -> None:
        keyring = FakeKeyring()
        made = keys.make_in_keyring("ash", os.urandom, lambda: keyring)

        found = keys.load("ash", nobody_asks, lambda: keyring)

        assert (found.name, found.member) == ("ash", made.member)

    def test_it_fits_where_least_fits_and_lies_beside_the_keys_of_farms(self) -> None:
        keyring = FakeKeyring()
        keys.make_in_keyring("ash", os.urandom, lambda: keyring)

        [((service, entry), secret)] = keyring.kept.items()
        assert (service, entry) == ("Perennial", "pod ash")
        assert len(secret) <= 1_280  # of UTF-16 on Windows

    def test_a_key_is_never_overwritten(self) -> None:
        keyring = FakeKeyring()
        keys.make_in_keyring("ash", os.urandom, lambda: keyring)
        before = dict(keyring.kept)

        with pytest.raises(PodError, match="holds a key of ash already"):
            keys.make_in_keyring("ash", os.urandom, lambda: keyring)
        assert keyring.kept == before

    @pytest.mark.parametrize(
        ("kind", "sentence"),
        [
            (FullKeyring, "refused: no room is left"),
            (LockedKeyring, "refused: the collection is locked"),
            (ForgetfulKeyring, "something else than a key"),
        ],
    )
    def test_a_full_or_locked_keyring_is_named_and_nothing_is_made(self, kind: type, sentence: str) -> None:
        keyring: FakeKeyring = kind()

        with pytest.raises(PodError, match=sentence):
            keys.make_in_keyring("ash", os.urandom, lambda: keyring)
        assert not keyring.kept

    def test_a_keyring_that_waits_for_somebody_is_given_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(keyring_module, "KEYRING_S_MAX", 0.05)
        forever = threading.Event()

        def wait() -> FakeKeyring:
            forever.wait()
            return FakeKeyring()

        try:
            with pytest.raises(PodError, match="did not answer"):
                keys.load("ash", nobody_asks, wait)
        finally:
            forever.set()

    def test_what_it_keeps_when_it_was_given_up_is_removed_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(keyring_module, "KEYRING_S_MAX", 0.05)
        unlocked, removed = threading.Event(), threading.Event()

        class LateKeyring(FakeKeyring):
            def set_password(self, service: str, username: str, password: str) -> None:
                assert unlocked.wait(60)
                super().set_password(service, username, password)

            def delete_password(self, service: str, username: str) -> None:
                super().delete_password(service, username)
                removed.set()

        keyring = LateKeyring()
        with pytest.raises(KeyStoreError, match="did not answer"):
            asyncio.run(keyring_module.keep("pod ash", os.urandom(SECRET_BYTES), lambda: keyring))
        monkeypatch.setattr(keyring_module, "KEYRING_S_MAX", 60)
        unlocked.set()
        assert removed.wait(60)
        assert not keyring.kept

        keys.make_in_keyring("ash", os.urandom, lambda: keyring)
        assert len(keyring.kept) == 1

    def test_a_system_without_one_that_encrypts_keeps_no_key(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import keyring

        monkeypatch.setattr(keyring, "get_keyring", FakeKeyring)
        with pytest.raises(PodError, match="no keyring that encrypts"):
            keys.make_in_keyring("ash", os.urandom)

    def test_something_else_under_the_name_is_no_key(self) -> None:
        keyring = FakeKeyring()
        keyring.set_password("Perennial", "pod ash", "a password of somebody")

        for use in (lambda: keys.load("ash", nobody_asks, lambda: keyring), lambda: make_in(keyring)):
            with pytest.raises(PodError, match="something else"):
                use()

    def test_an_absent_key_is_named(self) -> None:
        with pytest.raises(PodError, match="no key file elm, and the keyring holds no key of that name"):
            keys.load("elm", nobody_asks, FakeKeyring)

    def test_where_the_keyring_is_locked_the_file_that_is_not_there_is_named_too(self) -> None:
        with pytest.raises(PodError, match=r"^there is no key file elm.key\. .* the collection is locked\.$"):
            keys.load("elm.key", nobody_asks, LockedKeyring)


class TestInAFile:
    def test_the_passphrase_gives_back_the_same_pod(self, tmp_path: Path) -> None:
        made = keys.make_in_file(tmp_path / "key", "ash", PASSPHRASE, os.urandom)

        assert keys.load(str(tmp_path / "key"), lambda: PASSPHRASE).member == made.member
        assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600

    def test_a_wrong_passphrase_is_one_sentence(self, tmp_path: Path) -> None:
        keys.make_in_file(tmp_path / "key", "ash", PASSPHRASE, os.urandom)

        with pytest.raises(PodError, match="does not open the key of 'ash'"):
            keys.load(str(tmp_path / "key"), lambda: "something else altogether")

    @pytest.mark.parametrize("make", ["file", "folder", "link"])
    def test_whatever_has_the_name_already_stays(self, tmp_path: Path, make: str) -> None:
        place = tmp_path / "key"
        if make == "file":
            place.write_text("mine")
        elif make == "folder":
            place.mkdir()
        else:
            place.symlink_to(tmp_path / "elsewhere")

        with pytest.raises(PodError, match="exists, and is not overwritten"):
            keys.make_in_file(place, "ash", PASSPHRASE, os.urandom)
        assert not (tmp_path / "elsewhere").exists()
        assert make != "file" or place.read_text() == "mine"

    def test_a_short_passphrase_makes_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(PodError, match="12 to 1024 characters"):
            keys.make_in_file(tmp_path / "key", "ash", "short", os.urandom)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("name", ["", "a b", "../ash", "ash/", "-x", "\x1b[31m", "x" * 41, "äsh"])
    def test_a_name_that_is_none_is_refused(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(PodError, match="is no name"):
            keys.make_in_file(tmp_path / "key", name, PASSPHRASE, os.urandom)
        with pytest.raises(PodError, match="is no name"):
            keys.make_in_keyring(name, os.urandom, FakeKeyring)

    def test_an_invitation_is_no_key(self, tmp_path: Path) -> None:
        (tmp_path / "ash.json").write_bytes(pretty(Invitation.of(Party.from_secret("ash", bytes(range(SECRET_BYTES))))))

        with pytest.raises(PodError, match=r"ash\.json is not a key: it is over 4096 bytes"):
            keys.load(str(tmp_path / "ash.json"), nobody_asks)

    @pytest.mark.parametrize("secret", [b"", bytes(32), bytes(SECRET_BYTES + 1)])
    def test_a_secret_of_another_length_is_no_pods(self, tmp_path: Path, secret: bytes) -> None:
        (tmp_path / "key").write_bytes(sealed.seal(secret, "ash", PASSPHRASE, os.urandom))

        with pytest.raises(PodError, match="key of another kind"):
            keys.load(str(tmp_path / "key"), lambda: PASSPHRASE)

    def test_a_key_that_lies_open_never_becomes_part_of_a_network(self, tmp_path: Path) -> None:
        keys.make_for_practice(tmp_path / "key.json", "ash", os.urandom)

        assert keys.load(str(tmp_path / "key.json"), nobody_asks).name == "ash"
        with pytest.raises(PodError, match="no key behind a passphrase"):
            keys.load(str(tmp_path / "key.json"), nobody_asks, for_practice=False)

    @pytest.mark.parametrize(
        "content", [b"", b"[" * 4_000, b"\xff", b'{"format": 2, "format": 2}', b"x" * 5_000, b'{"kty": "RSA"}']
    )
    def test_what_is_no_key_file_is_said_to_be_none(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "key").write_bytes(content)

        with pytest.raises(PodError, match=str(tmp_path / "key")):
            keys.load(str(tmp_path / "key"), nobody_asks)


class TestInvitation:
    def test_it_holds_the_public_keys_and_no_secret(self) -> None:
        secret = os.urandom(SECRET_BYTES)
        pod = Party.from_secret("ash", secret)
        invitation = Invitation.of(pod)

        content = pretty(invitation)
        assert invitation.member() == pod.member
        assert all(secret[start : start + 32].hex().encode() not in content for start in (0, 32, 64))

    def test_its_fingerprint_is_always_the_same_and_of_this_pod_alone(self) -> None:
        secret = os.urandom(SECRET_BYTES)
        same = [Invitation.of(Party.from_secret("ash", secret)).fingerprint for _ in range(2)]
        others = [
            Invitation.of(Party.from_secret(name, os.urandom(SECRET_BYTES))).fingerprint for name in ("ash", "elm")
        ]

        assert len({*same, *others, Invitation.of(Party.from_secret("elm", secret)).fingerprint}) == 4

    @pytest.mark.parametrize("field", ["name", "key", "root_ed25519", "root_mldsa65", "signature", "root_signature"])
    def test_no_part_of_it_can_come_from_another_pod(self, field: str) -> None:
        mine, others = (Invitation.of(Party.from_secret(name, os.urandom(SECRET_BYTES))) for name in ("ash", "elm"))

        with pytest.raises(PodError, match="was damaged or changed"):
            msgspec.structs.replace(mine, **{field: getattr(others, field)}).member()

    @pytest.mark.parametrize(
        ("field", "value"),
        [("format", 2), ("kind", "other"), ("name", "a b"), ("key", "zz"), ("key", "aa"), ("root_mldsa65", "aa")],
    )
    def test_an_invitation_of_another_kind_is_refused(self, field: str, value: Any) -> None:
        invitation = Invitation.of(Party.from_secret("ash", os.urandom(SECRET_BYTES)))

        with pytest.raises(PodError):
            msgspec.structs.replace(invitation, **{field: value}).member()

    def test_a_key_without_a_hybrid_part_is_invited_nowhere(self) -> None:
        with pytest.raises(PodError, match="no hybrid part"):
            Invitation.of(party(1))

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda content: content[:-20],
            lambda content: content + b"{}",
            lambda _: b"[" * 50_000,
            lambda content: b"\xff" + content,
            lambda content: content.replace(b'"name"', b'"name": "elm", "name"'),
            lambda content: content + b" " * (64 << 10),
            lambda content: json.dumps(json.loads(content) | {"more": 1}).encode(),
            lambda _: b"{}",
        ],
        ids=range(8),
    )
    def test_a_file_that_holds_none_is_named(self, tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
        content = pretty(Invitation.of(Party.from_secret("ash", os.urandom(SECRET_BYTES))))
        (tmp_path / "ash.json").write_bytes(spoil(content))

        with pytest.raises(PodError, match=r"ash\.json"):
            read_invitation(tmp_path / "ash.json")


def make_in(keyring: FakeKeyring) -> Party:
    return keys.make_in_keyring("ash", os.urandom, lambda: keyring)
