"""What is checked before a vault is believed, and what is made of its last words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from node.supervisor.keys import RunKey
from node.supervisor.launch import (
    LAST_WORDS_CHARACTERS_MAX,
    NoCommonVersion,
    answer_hello,
    check_record,
    last_line,
    same_port,
)
from node.supervisor.ports import Assignment, Slot
from node.vault import CONTROL_VERSIONS, control
from node.vault.core.identity import (
    RECORD_BYTES_MAX,
    Signer,
    certify,
    decode_certificate,
    encode_certificate,
    encode_record,
    make_record,
)
from node.vault.errors import ControlError
from node.vault.limiting import Limits

SLOT = Slot("ab" * 32, Path("/slot"), None)
KEY = RunKey(bytes(32), bytes(32), b"certificate", 1.0)
ASSIGNMENT = Assignment(bytes(32), "127.0.1.1:0", 1000, (b"contact",), b"head", control.Pace(), is_standby=True)


def hello(tree_hash: str = SLOT.tree_hash, versions: tuple[int, ...] = (1,)) -> bytes:
    return msgspec.msgpack.encode(control.Hello(versions, (1,), tree_hash))


def record_at(*addresses: str) -> bytes:
    transport = Signer(bytes(32))
    certificate = certify(Signer(bytes(range(32))), transport.public_key, serial=1, now_s=1.0)
    return encode_record(make_record(transport, certificate, addresses, 1.0))


class TestHello:
    def test_a_vault_that_was_loaded_from_its_slot_is_configured(self):
        order = answer_hello(hello(), SLOT, KEY, ASSIGNMENT)
        assert order == control.Configure(
            control_version=1, network=bytes(32), transport_seed=bytes(32), certificate=b"certificate",
            bind="127.0.1.1:0", quota_bytes=1000, contacts=(b"contact",), head=b"head", is_standby=True,
        )  # fmt: skip

    def test_limits_are_told_to_who_speaks_of_them_and_to_nobody_else(self):
        limited = replace(ASSIGNMENT, limits=Limits(200_000, 300_000, is_taking=False))
        assert answer_hello(hello(versions=(4, 3)), SLOT, KEY, limited).limits == limited.limits
        old = answer_hello(hello(versions=(3,)), SLOT, KEY, limited)
        assert old.limits is None
        assert b"limits" not in control.encode(old)  # it would end for a word that it does not know

    def test_the_vault_that_comes_with_it_is_spoken_to_in_the_newest_version(self):
        assert answer_hello(hello(versions=CONTROL_VERSIONS), SLOT, KEY, ASSIGNMENT).control_version == max(
            CONTROL_VERSIONS
        )

    def test_one_of_two_versions_in_common_is_enough(self):
        assert answer_hello(hello(versions=(7, 1)), SLOT, KEY, ASSIGNMENT)

    def test_one_that_speaks_with_others_as_this_program_does_not_is_refused_only_where_that_matters(self):
        assert answer_hello(hello(), SLOT, KEY, ASSIGNMENT, wire_versions=(2, 1))
        assert answer_hello(hello(), SLOT, KEY, ASSIGNMENT)
        with pytest.raises(NoCommonVersion, match="it speaks versions 1 with others"):
            answer_hello(hello(), SLOT, KEY, ASSIGNMENT, wire_versions=(99, 98))

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (hello(tree_hash="cd" * 32), "its slot is abababababababab, but it says that it was loaded from cdcd"),
            (hello(versions=(8, 9)), "speaks control versions 8, 9"),
            (hello(versions=()), "speaks control versions none"),
            (msgspec.msgpack.encode(control.Listening(b"")), "its first word was Listening"),
            (b"", "not a control message"),
            (b"\xff" * 100, "not a control message"),
        ],
    )
    def test_anything_else_is_refused_with_the_reason(self, content: bytes, words: str):
        with pytest.raises(ControlError, match=words):
            answer_hello(content, SLOT, KEY, ASSIGNMENT)


class TestTheRecordOfARun:
    def key(self, farm: int = 1, transport: int = 2) -> RunKey:
        run = Signer(bytes([transport]) * 32)
        certificate = certify(Signer(bytes([farm]) * 32), run.public_key, serial=1, now_s=1.0)
        return RunKey(bytes([transport]) * 32, run.public_key, encode_certificate(certificate), 2.0)

    def record(self, key: RunKey) -> bytes:
        certificate = decode_certificate(key.certificate, 1.0)
        return encode_record(make_record(Signer(key.seed), certificate, ("127.0.1.1:4001",), 1.0))

    def test_its_own_is_believed(self):
        check_record(self.record(self.key()), self.key())

    def test_one_that_is_longer_than_any_is_not_whatever_it_begins_with(self):
        key = self.key()
        certificate = decode_certificate(key.certificate, 1.0)

        def of_length(count: int) -> bytes:
            return encode_record(make_record(Signer(key.seed), certificate, ("x" * count,), 1.0))

        full = of_length(500 + RECORD_BYTES_MAX - len(of_length(500)))
        assert len(full) == RECORD_BYTES_MAX
        check_record(full, key)

        with pytest.raises(ControlError, match="not its own"):
            check_record(full + bytes(2000), key)

    @pytest.mark.parametrize(
        "record",
        [
            lambda test: test.record(test.key(farm=3, transport=4)),  # its twin's
            lambda test: test.record(test.key(farm=3)),
            lambda test: test.record(test.key(transport=4)),
            lambda test: test.record(test.key()) + bytes(2000),
            lambda _: b"",
            lambda _: b"\xff" * 5000,
        ],
    )
    def test_any_other_is_not(self, record: Callable[[TestTheRecordOfARun], bytes]):
        with pytest.raises(ControlError, match="not its own"):
            check_record(record(self), self.key())


class TestLastWords:
    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", ""),
            (b"\n\n", ""),
            (b"first\nlast\n\n", "last"),
            (b"2026-11-22T09:06:39.076Z ERROR node.vault the port is in use\n", "the port is in use"),
            (b"WARNING node.vault.driver chunk not stored\n", "chunk not stored"),
            (b"  | OSError: no room\n  +------\n", "OSError: no room"),
            (b"\x1b[31mred\x07\n", "?[31mred?"),
            (b"\xff\xfe\n", "\ufffd\ufffd"),
            (b"x" * 10_000, "x" * LAST_WORDS_CHARACTERS_MAX),
        ],
    )
    def test_they_are_the_last_line_made_harmless_and_short(self, tmp_path: Path, content: bytes, words: str):
        (tmp_path / "log").write_bytes(content)
        assert last_line(tmp_path / "log") == words

    def test_without_a_log_there_are_none(self, tmp_path: Path):
        assert last_line(tmp_path / "log") == ""


class TestPort:
    def test_the_port_of_the_last_run_is_asked_for_again(self):
        assert same_port("127.0.1.1:0", record_at("127.0.1.1:4001")) == "127.0.1.1:4001"

    def test_a_port_that_was_chosen_stays(self):
        assert same_port("127.0.1.1:7000", record_at("127.0.1.1:4001")) == "127.0.1.1:7000"

    def test_another_address_says_nothing(self):
        assert same_port("127.0.1.1:0", record_at("127.0.2.1:4001")) == "127.0.1.1:0"

    def test_any_address_will_do_where_all_are_bound(self):
        assert same_port("0.0.0.0:0", record_at("192.0.2.1:4001")) == "0.0.0.0:4001"

    @pytest.mark.parametrize("port", ["0", "1023", "65536", "99999", "9" * 40])
    def test_one_that_no_system_gives_to_a_vault_is_not_asked_for(self, port: str):
        """A version could name it, and the one from before would not start there when it is gone back to."""
        assert same_port("0.0.0.0:0", record_at(f"192.0.2.1:{port}")) == "0.0.0.0:0"

    @pytest.mark.parametrize("record", [b"", b"\xff", record_at(), record_at("127.0.1.1:x")])
    def test_a_record_that_says_nothing_changes_nothing(self, record: bytes):
        assert same_port("127.0.1.1:0", record) == "127.0.1.1:0"
