"""What a farm says of its trial: signed, bound to one wave, and without what would betray the trial or the home."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest

from node.trial import PRACTICE
from node.trial.membership import CHAIN_LENGTH, commitment, position, reveal
from node.trial.notes import (
    REASON_BYTES_MAX,
    MetricNote,
    Note,
    Numbers,
    State,
    Subject,
    check_note,
    decode_note,
    encode_note,
    follows,
    make_note,
    numbers_of,
)
from node.trial.profile import METRICS
from node.trial.verdict import MetricProgress, Progress
from node.vault.core.identity import Signer
from node.vault.errors import BadSignature, MalformedMessage
from node.vault.noting import NOTE_BYTES_MAX
from tests.trial_world import World

SEED = b"s" * 32
SUBJECT = Subject(b"d" * 32, "vault", 7)
SIGNER = Signer(b"k" * 32)
STATES: tuple[State, ...] = ("on_trial", "pass", "fail", "not_proven", "void")


def note(state: State = "pass", subject: Subject = SUBJECT, numbers: Numbers | None = None, reason: str = "") -> Note:
    return make_note(
        subject, state, numbers or Numbers(20_000), SIGNER.sign,
        vault_id=SIGNER.public_key, seed=SEED, baseline=b"b" * 32, platform="linux", reason=reason,
    )  # fmt: skip


def check(said: Note, vault_id: bytes = SIGNER.public_key, subject: Subject = SUBJECT, seed: bytes = SEED) -> None:
    check_note(said, vault_id, subject, commitment(seed))


class TestANote:
    def test_comes_back_as_it_was_made_and_passes_the_check(self):
        said = note("fail", reason="lost 3 of 2,400 stored pieces")

        assert decode_note(encode_note(said)) == said
        check(said)
        assert said.position == position(reveal(SEED, "vault", 7), SUBJECT.digest)

    def test_of_another_vault_is_refused(self):
        with pytest.raises(BadSignature):
            check(note(), vault_id=Signer(b"o" * 32).public_key)

    def test_names_its_vault_in_what_is_signed(self):
        signed: list[bytes] = []

        def sign(content: bytes) -> bytes:
            signed.append(content)
            return SIGNER.sign(content)

        make_note(
            SUBJECT, "pass", Numbers(1), sign,
            vault_id=SIGNER.public_key, seed=SEED, baseline=b"b" * 32, platform="linux",
        )  # fmt: skip
        assert SIGNER.public_key in signed[0]
        assert signed[0].startswith(b"perennial/1 note\0")

    @pytest.mark.parametrize("vault_id", [b"", b"x" * 31, b"x" * 33])
    def test_of_no_vault_is_refused(self, vault_id):
        with pytest.raises(BadSignature):
            check(note(), vault_id=vault_id)

    @pytest.mark.parametrize(
        "subject", [Subject(b"e" * 32, "vault", 7), Subject(b"d" * 32, "foundation", 7), Subject(b"d" * 32, "vault", 8)]
    )
    def test_about_another_release_is_refused(self, subject):
        with pytest.raises(MalformedMessage):
            check(note(subject=subject))

    def test_under_another_commitment_than_the_known_one_is_refused(self):
        with pytest.raises(MalformedMessage):
            check(note(), seed=b"t" * 32)

    @pytest.mark.parametrize(
        "changed",
        [{"state": "pass"}, {"reason": "x"}, {"platform": "macos"}, {"rule_version": 2}, {"numbers": Numbers(1)},
         {"baseline": b"c" * 32}],
    )  # fmt: skip
    def test_with_anything_changed_is_refused(self, changed: dict[str, Any]):
        with pytest.raises(BadSignature):
            check(msgspec.structs.replace(note("on_trial"), **changed))

    def test_can_be_made_for_a_number_of_any_height_under_the_commitment_to_its_era(self):
        subject = Subject(b"d" * 32, "vault", CHAIN_LENGTH + 1)
        said = note(subject=subject)

        check_note(said, SIGNER.public_key, subject, commitment(SEED, CHAIN_LENGTH))
        with pytest.raises(MalformedMessage, match="without its place"):
            check_note(said, SIGNER.public_key, subject, commitment(SEED))

    def test_that_is_as_full_as_can_be_fits(self):
        metric = MetricNote(-1e6, 1e6 / 3, 1e6, is_proven=True, is_alarming=True)
        numbers = Numbers(100_000, 1_000, 1 << 30, 1 << 30, 1 << 30, 3, 9, 9, 99, (metric,) * len(METRICS))

        assert len(encode_note(note("not_proven", numbers=numbers, reason="…" * 200))) <= NOTE_BYTES_MAX


class TestWhatIsNoNote:
    def test_is_refused_with_an_error_that_blames_its_sender(self):
        content = encode_note(note())
        for bad in (b"", b"\xc1", content[:-1], content + b"\0", b"\x91" * 500, bytes(NOTE_BYTES_MAX + 1)):
            with pytest.raises(MalformedMessage):
                decode_note(bad)

    @pytest.mark.parametrize(
        "changed",
        [{"version": 2}, {"digest": b"d" * 31}, {"reveal": b"r"}, {"state": "splendid"}, {"platform": "amiga"},
         {"role": "app"}, {"sequence": 0}, {"signature": b"x" * 65}, {"reason": "a\nb"},
         {"reason": "x" * (REASON_BYTES_MAX + 1)}, {"numbers": Numbers(-1)}, {"numbers": Numbers(1, pairs=1 << 31)},
         {"numbers": Numbers(1, metrics=(MetricNote(math.nan, None, None, is_proven=False, is_alarming=False),))},
         {"numbers": Numbers(1, metrics=(MetricNote(None, None, None, is_proven=True, is_alarming=True),) * 8)}],
    )  # fmt: skip
    def test_a_field_outside_its_limits_is_refused(self, changed: dict[str, Any]):
        with pytest.raises(MalformedMessage):
            decode_note(msgspec.msgpack.encode(msgspec.structs.replace(note(), **changed)))

    def test_a_note_that_is_too_long_is_not_even_read(self):
        numbers = Numbers(1, metrics=(MetricNote(1.0, 1.0, 1.0, is_proven=True, is_alarming=True),) * 7)
        long = msgspec.structs.replace(note(numbers=numbers), reason="x" * NOTE_BYTES_MAX)

        with pytest.raises(MalformedMessage, match=f"over {NOTE_BYTES_MAX}"):
            decode_note(msgspec.msgpack.encode(long))


class TestTheNumbers:
    def test_of_a_real_trial_fit_in_a_note(self):
        progress = World(PRACTICE).start().rate().go_on(60.0).trial.progress()
        numbers = numbers_of(progress, 1.7e9)

        assert decode_note(encode_note(note(numbers=numbers))).numbers == numbers
        assert [metric.is_proven for metric in numbers.metrics] == [metric.is_proven for metric in progress.metrics]

    def test_of_trials_of_nearly_the_same_length_are_the_same(self):
        """The private duration, and what follows from it, must not show."""

        def numbers(hours: float) -> Numbers:
            blocks, pairs = int(hours / 2), round(100 * hours)
            return numbers_of(Progress(hours * 3600, blocks, pairs, pairs // 2, 0, 0, 3, 12, 12, (), ()), 1.7e9)

        assert len({numbers(hours) for hours in (98.0, 103.1, 107.7, 117.3, 119.9)}) == 1

    def test_of_nothing_are_zero_and_never_more_than_the_limits(self):
        nothing = numbers_of(Progress(0.0, 0, 0, 0, 0, 0, 0, 0, 0, (), ()), -5.0)
        endless = MetricProgress("p50", 1.0, -math.inf, math.inf, 1.05, is_proven=False, is_alarming=False)
        most = numbers_of(Progress(1e12, 12, 1, 1 << 40, 0, 0, 0, 0, 0, (endless,), ()), 1e15)

        assert (nothing.started_day, nothing.days, nothing.pairs) == (0, 0, 0)
        assert decode_note(encode_note(note(numbers=most))).numbers == most


class TestWhatMayFollow:
    def test_nobody_has_two_verdicts(self):
        allowed = {(before, after) for before in STATES for after in STATES if follows(before, after)}

        again = {(before, after) for before in ("on_trial", "void", "not_proven") for after in STATES}
        assert allowed == {pair for pair in again if pair[0] != pair[1]} | {("pass", "fail")}
