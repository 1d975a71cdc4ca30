"""Keys: made once, kept where they belong, and every certificate with a higher serial."""

from __future__ import annotations

import asyncio
import os
import stat
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest

from node.api.schema import KeyPlace
from node.keys import bare
from node.keys import keyring as keyring_module
from node.supervisor.ballast import Ballast
from node.supervisor.errors import KeyGone, KeyUnavailable, StateError
from node.supervisor.home import Home, Kind
from node.supervisor.keys import RunKey, check_place, load, wanted_passphrase
from node.supervisor.twins import renewed_key, twin_key
from node.vault.core.identity import CERTIFICATE_S, Certificate, Signer, check_certificate
from node.vault.storage.filesystem import write_durably

NOW_S = 1_800_000_000.0


PASSPHRASE = "correct horse battery"


def home_of(tmp_path: Path, kind: Kind = "practice", key_place: KeyPlace = "keyring"):
    return Home.make(
        tmp_path, kind=kind, root=b"genesis", bind="127.0.1.1:0", quota_bytes=64 << 20, key_place=key_place
    )


def keys_of(home: Home, **others: Any):
    return asyncio.run(load(home, os.urandom, **others))


def certificate_of(run: RunKey):
    return msgspec.msgpack.decode(run.certificate, type=Certificate)


class FakeKeyring:
    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str):
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str):
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str):
        del self.kept[service, username]


class Forgetful(dict[tuple[str, str], str]):
    """Keeps nothing."""

    def __setitem__(self, key: tuple[str, str], value: str) -> None:
        pass


class TestPracticeHome:
    def test_the_key_is_made_once_and_found_again(self, tmp_path: Path):
        home = home_of(tmp_path)
        assert keys_of(home).vault_id == keys_of(home).vault_id

    def test_nobody_else_may_read_the_key(self, tmp_path: Path):
        home = home_of(tmp_path)
        keys_of(home)
        assert stat.S_IMODE((home.state / "vault_id.key").stat().st_mode) == 0o600

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"short",
            bytes(33),
            b"\xff" * 40,
            b"[" * 4_000,
            b'{"format":1,"kind":"perennial key, unprotected","name":"a","name":"b","secret":""}',
            b'{"format":1,"kind":"perennial key, sealed","name":"a","secret":""}',
            bytes(1 << 20),
        ],
        ids=["nothing", "short", "raw", "not UTF-8", "deep", "a key twice", "of another kind", "huge"],
    )
    def test_a_damaged_key_is_named_and_not_replaced(self, tmp_path: Path, content: bytes):
        home = home_of(tmp_path)
        (home.state / "vault_id.key").write_bytes(content)
        with pytest.raises(KeyUnavailable, match=r"vault_id\.key: this is no unprotected key, or a damaged one\."):
            keys_of(home)
        assert (home.state / "vault_id.key").read_bytes() == content

    def test_a_key_of_another_length_is_named_and_not_replaced(self, tmp_path: Path):
        home = home_of(tmp_path)
        content = bare.write(bytes(31), home.marker.name)
        (home.state / "vault_id.key").write_bytes(content)
        with pytest.raises(KeyUnavailable, match="a key has 32 bytes"):
            keys_of(home)
        assert (home.state / "vault_id.key").read_bytes() == content

    @pytest.mark.parametrize("kind", ["practice", "real"])
    def test_copied_into_another_home_it_opens_nothing_and_stays_as_it_is(self, tmp_path: Path, kind: Kind):
        """Two farms under one vault id would contradict each other."""
        homes = [home_of(tmp_path / name, kind, "unprotected") for name in ("one", "two")]
        keys_of(homes[0])
        content = (homes[0].state / "vault_id.key").read_bytes()
        copied = homes[1].state / "vault_id.key"
        copied.write_bytes(content)

        with pytest.raises(KeyUnavailable, match="key of another home"):
            keys_of(homes[1])
        assert copied.read_bytes() == content

    def test_one_from_before_such_files_named_their_home_opens_and_belongs_to_it_from_then_on(self, tmp_path: Path):
        homes = [home_of(tmp_path / name) for name in ("one", "two")]
        (homes[0].state / "vault_id.key").write_bytes(bytes(range(32)))

        assert keys_of(homes[0]).vault_id == Signer(bytes(range(32))).public_key
        bound = (homes[0].state / "vault_id.key").read_bytes()
        (homes[1].state / "vault_id.key").write_bytes(bound)
        with pytest.raises(KeyUnavailable, match="key of another home"):
            keys_of(homes[1])
        assert stat.S_IMODE((homes[0].state / "vault_id.key").stat().st_mode) == 0o600

    def test_a_lost_key_is_not_replaced_by_another_identity(self, tmp_path: Path):
        home = home_of(tmp_path)
        keys_of(home).new_run(NOW_S)
        (home.state / "vault_id.key").unlink()
        with pytest.raises(KeyGone, match="perennial leave --give-back"):
            keys_of(home)


class TestRealHome:
    def test_the_key_lies_in_the_keyring_and_in_no_file(self, tmp_path: Path):
        home, keyring = home_of(tmp_path, "real"), FakeKeyring()
        keys = keys_of(home, keyring=lambda: keyring)
        (secret,) = keyring.kept.values()
        files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
        assert not (home.state / "vault_id.key").exists()
        assert all(secret.encode() not in content for content in files)
        assert keys_of(home, keyring=lambda: keyring).vault_id == keys.vault_id

    def test_two_homes_have_two_keys_in_one_keyring(self, tmp_path: Path):
        keyring = FakeKeyring()
        (tmp_path / "a").mkdir()
        (tmp_path / "b").mkdir()
        first = keys_of(home_of(tmp_path / "a", "real"), keyring=lambda: keyring)
        second = keys_of(home_of(tmp_path / "b", "real"), keyring=lambda: keyring)
        assert first.vault_id != second.vault_id

    def test_something_else_in_the_keyring_is_not_overwritten(self, tmp_path: Path):
        home, keyring = home_of(tmp_path, "real"), FakeKeyring()
        keyring.set_password("Perennial", home.marker.name, "a password of somebody")
        with pytest.raises(KeyUnavailable, match="something else"):
            keys_of(home, keyring=lambda: keyring)
        assert keyring.get_password("Perennial", home.marker.name) == "a password of somebody"

    def test_a_keyring_that_keeps_nothing_is_found_out(self, tmp_path: Path):
        keyring = FakeKeyring()
        keyring.kept = Forgetful()
        with pytest.raises(KeyUnavailable):
            keys_of(home_of(tmp_path, "real"), keyring=lambda: keyring)

    def test_what_a_keyring_raises_becomes_one_sentence(self, tmp_path: Path):
        def locked():
            raise RuntimeError("the collection is locked")

        with pytest.raises(KeyUnavailable, match="refused: the collection is locked"):
            keys_of(home_of(tmp_path, "real"), keyring=locked)

    def test_a_keyring_that_never_answers_is_given_up(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(keyring_module, "KEYRING_S_MAX", 0.05)
        forever = threading.Event()
        try:
            with pytest.raises(KeyUnavailable, match="did not answer"):
                keys_of(home_of(tmp_path, "real"), keyring=forever.wait)
        finally:
            forever.set()

    def test_only_keyrings_that_encrypt_are_used(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        import keyring

        class PlaintextKeyring(FakeKeyring):
            pass

        monkeypatch.setattr(keyring, "get_keyring", PlaintextKeyring)
        with pytest.raises(KeyUnavailable, match="no keyring that encrypts"):
            keys_of(home_of(tmp_path, "real"))


def no_keyring() -> FakeKeyring:
    raise AssertionError("the keyring was asked")


class TestRealHomeWithoutAKeyring:
    @pytest.mark.long
    def test_behind_a_passphrase_the_key_is_made_once_and_found_again_with_it_alone(self, tmp_path: Path):
        home = home_of(tmp_path, "real", "passphrase")
        assert wanted_passphrase(home) == "new"
        made = keys_of(home, keyring=no_keyring, passphrase=PASSPHRASE)

        assert wanted_passphrase(Home.open(tmp_path)) == "known"
        assert keys_of(Home.open(tmp_path), keyring=no_keyring, passphrase=PASSPHRASE).vault_id == made.vault_id
        with pytest.raises(KeyUnavailable, match="the passphrase does not open the key"):
            keys_of(home, keyring=no_keyring, passphrase="another one altogether")
        assert [file.name for file in home.state.glob("vault_id*")] == ["vault_id.sealed"]
        assert stat.S_IMODE((home.state / "vault_id.sealed").stat().st_mode) == 0o600

    def test_a_passphrase_that_is_too_short_keeps_nothing(self, tmp_path: Path):
        home = home_of(tmp_path, "real", "passphrase")

        with pytest.raises(KeyUnavailable, match="a passphrase has 12 to"):
            keys_of(home, keyring=no_keyring, passphrase="short")
        assert wanted_passphrase(home) == "new"

    @pytest.mark.long
    def test_a_file_behind_a_passphrase_opens_no_other_home(self, tmp_path: Path):
        homes = [home_of(tmp_path / name, "real", "passphrase") for name in ("one", "two")]
        keys_of(homes[0], passphrase=PASSPHRASE)
        copied = homes[1].state / "vault_id.sealed"
        copied.write_bytes((homes[0].state / "vault_id.sealed").read_bytes())

        with pytest.raises(KeyUnavailable, match="key of another home"):
            keys_of(homes[1], passphrase=PASSPHRASE)

    @pytest.mark.long
    def test_a_lost_file_behind_a_passphrase_is_not_replaced_by_another_identity(self, tmp_path: Path):
        home = home_of(tmp_path, "real", "passphrase")
        keys_of(home, keyring=no_keyring, passphrase=PASSPHRASE).new_run(NOW_S)
        (home.state / "vault_id.sealed").unlink()

        with pytest.raises(KeyUnavailable, match="is gone"):
            keys_of(home, keyring=no_keyring, passphrase=PASSPHRASE)
        with pytest.raises(KeyUnavailable, match="is gone"):
            wanted_passphrase(home)

    def test_unprotected_it_lies_in_a_file_of_this_account_and_nobody_is_asked(self, tmp_path: Path):
        home = home_of(tmp_path, "real", "unprotected")
        made = keys_of(home, keyring=no_keyring)

        assert wanted_passphrase(home) == ""
        assert keys_of(Home.open(tmp_path), keyring=no_keyring).vault_id == made.vault_id
        assert stat.S_IMODE((home.state / "vault_id.key").stat().st_mode) == 0o600

    def test_where_it_lies_is_remembered_and_another_place_is_refused(self, tmp_path: Path):
        home_of(tmp_path, "real", "unprotected")
        home = Home.open(tmp_path)

        assert home.key_place == "unprotected"
        check_place(home, None)
        check_place(home, "unprotected")
        with pytest.raises(KeyUnavailable, match="keeps its key as 'unprotected', not 'keyring'"):
            check_place(home, "keyring")

    def test_a_practice_home_is_unprotected(self, tmp_path: Path):
        assert home_of(tmp_path).key_place == "unprotected"


class TestCertificates:
    def test_a_run_gets_a_fresh_key_that_the_vault_id_vouches_for(self, tmp_path: Path):
        keys = keys_of(home_of(tmp_path))
        one, two = keys.new_run(NOW_S), keys.new_run(NOW_S)
        assert one.seed != two.seed
        for run in (one, two):
            certificate = certificate_of(run)
            check_certificate(certificate, NOW_S)
            assert certificate.vault_id == keys.vault_id
            assert certificate.transport_key == Signer(run.seed).public_key
            assert run.expires_s == NOW_S + CERTIFICATE_S

    def test_renewing_keeps_the_key_and_moves_the_end(self, tmp_path: Path):
        keys = keys_of(home_of(tmp_path))
        run = keys.new_run(NOW_S)
        renewed = keys.renew(run, NOW_S + 1000)
        assert (renewed.seed, renewed.transport_key) == (run.seed, run.transport_key)
        assert renewed.expires_s == run.expires_s + 1000

    def test_serials_rise_over_restarts_and_when_the_clock_goes_back(self, tmp_path: Path):
        home = home_of(tmp_path)
        times_s = (NOW_S, NOW_S, NOW_S - 1_000_000, NOW_S - 1_000_000)
        serials = [certificate_of(keys_of(home).new_run(now_s)).serial for now_s in times_s]
        assert serials == sorted(set(serials))

    def test_the_newest_serial_is_known_after_a_restart_and_before_any_run(self, tmp_path: Path):
        home = home_of(tmp_path)
        assert keys_of(home).newest_serial() == 0
        keys = keys_of(home)
        given = [certificate_of(keys.new_run(NOW_S)).serial, certificate_of(keys.new_run(NOW_S)).serial]
        assert keys.newest_serial() == keys_of(home).newest_serial() == given[1]

    def test_serials_rise_even_when_the_file_was_lost(self, tmp_path: Path):
        home = home_of(tmp_path)
        keys = keys_of(home)
        before = certificate_of(keys.new_run(NOW_S)).serial
        (home.state / "serial.json").unlink()
        assert certificate_of(keys_of(home).new_run(NOW_S + 10)).serial > before

    def test_serials_tell_no_farm_from_a_twin(self, tmp_path: Path):
        farms = certificate_of(keys_of(home_of(tmp_path)).new_run(NOW_S)).serial
        twins = certificate_of(twin_key(bytes(32), os.urandom, NOW_S)).serial
        assert farms == twins

    def test_a_twins_serials_rise_with_each_run_and_renewal(self):
        seed = bytes(32)
        run = twin_key(seed, os.urandom, NOW_S)
        renewed = renewed_key(seed, run, NOW_S + 1.0)
        again = twin_key(seed, os.urandom, NOW_S + 1.002)
        serials = [certificate_of(one).serial for one in (run, renewed, again)]
        assert serials == sorted(set(serials))
        assert (
            (renewed.seed, renewed.transport_key) == (run.seed, run.transport_key) != (again.seed, again.transport_key)
        )
        assert renewed.expires_s == run.expires_s + 1.0

    def test_on_a_full_disk_the_serial_takes_what_was_held_back_for_such_a_time(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        home = home_of(tmp_path)
        keys, ballast = keys_of(home), Ballast.of(home)
        ballast.lay()

        def write(path: Path, content: bytes):
            if ballast.path.exists():
                raise OSError(28, "No space left on device")
            write_durably(path, content)

        monkeypatch.setattr("node.supervisor.state.write_durably", write)
        run = keys.new_run(NOW_S)

        assert keys_of(home).newest_serial() == certificate_of(run).serial

    def test_nothing_is_issued_when_the_serial_cannot_be_kept(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        home = home_of(tmp_path)
        keys = keys_of(home)

        def full(path: Path, content: bytes):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("node.supervisor.state.write_durably", full)
        with pytest.raises(StateError, match="No space left on device"):
            keys.new_run(NOW_S)
