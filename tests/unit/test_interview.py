"""Questions to both twins: every answer is checked here, and who says what is not so counts for nothing."""

from __future__ import annotations

import asyncio
import hashlib
import math
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from node.prober.control import Heard, Kind, Question
from node.update.errors import ProberFailed, TwinFailed
from node.update.ports import TwinOrder
from node.update.trials.interview import NEWS_BYTES_MAX, NEWS_KINDS, REPORT_AGE_S_MAX, Chance, Interview
from node.update.trials.observations import Measured, NewsServed, Worth
from node.update.trials.plan import Plan
from node.vault.core import codec
from node.vault.core.identity import position_of
from node.vault.core.messages import Chunk, HeadContent
from node.vault.core.proofs import HELD, sign_answer
from tests import virtual_time
from tests.twin_world import CANDIDATE, CONTROL, Nature, PretendedVault, World, utc_s

Lie = Callable[["Scene", Question, Heard], Heard]
PAIRS_PER_S = 20.0
pytestmark = pytest.mark.usefixtures("cheap_twins")


class Scene:
    """Two twins and one prober; the second twin is the candidate, and may have a nature of its own."""

    def __init__(self, candidate: Nature | None = None) -> None:
        self.world = World(natures={CANDIDATE: candidate or Nature(), CONTROL: Nature()})
        self.measured: list[Measured] = []
        self.news: list[NewsServed] = []
        self.questions: list[Question] = []  # about chunks
        self.about_news: list[Question] = []
        self.heard: list[Heard] = []
        self.failure = ""
        self.twins: list[PretendedVault] = []

    def play(self, seconds: float = 20.0, lie: Lie | None = None, renewed_at_s: float = math.inf) -> Scene:
        def told(question: Question, heard: Heard) -> Heard:
            if question.kind in NEWS_KINDS:
                self.about_news.append(question)
            else:
                self.questions.append(question)
                self.heard.append(heard)
            return heard if lie is None else lie(self, question, heard)

        async def main() -> None:
            self.world.told = told
            for tree_hash in (CONTROL, CANDIDATE):
                seed = self.world.random.randbytes(32)
                order = TwinOrder(tree_hash=tree_hash, data=Path(tree_hash), seed=seed, quota_bytes=1 << 20)
                self.twins.append(await self.world.start_twin(order))
            prober = await self.world.start_prober(self.records())
            if renewed_at_s < seconds:
                asyncio.get_running_loop().call_later(renewed_at_s, self.renew_all)
            chance = random.Random(3)
            plan = Plan(position_of(self.twins[0].vault_id), 8, chance, chance.randbytes)
            made = Chance(chance, chance.randbytes, utc_s)
            asking = Interview(self.records, plan, self.world, made, self.hear, utc_s()).run(prober, PAIRS_PER_S)
            try:
                async with asyncio.timeout(seconds):
                    await asking
            except TimeoutError:
                pass
            except ProberFailed as error:
                self.failure = str(error)

        virtual_time.run(main())
        return self

    def records(self) -> tuple[bytes, bytes]:
        return self.twins[0].record, self.twins[1].record

    def renew_all(self) -> None:
        """Certify both anew, as happens each day."""
        for twin in self.twins:
            twin.record = twin.own_record()

    def hear(self, found: Measured | NewsServed) -> None:
        if isinstance(found, Measured):
            self.measured.append(found)
        else:
            self.news.append(found)

    def of(self, *, is_relayed: bool) -> list[Measured]:
        return [one for one in self.measured if one.is_relayed == is_relayed]

    def outcomes(self, twin: int, *, is_relayed: bool = False) -> set[Worth]:
        return {one.answers[twin].outcome for one in self.of(is_relayed=is_relayed)}


def saying(of: Heard, /, twin: int = 1, **changes: Any) -> Heard:
    """What was heard, but for something about one twin."""
    answers = list(of.answers)
    answers[twin] = msgspec.structs.replace(answers[twin], **changes)
    return Heard(of.id, (answers[0], answers[1]))


class TestAnHonestProber:
    def test_honest_twins_pass_in_every_kind(self):
        scene = Scene().play()
        assert {one.kind for one in scene.measured} == {"put", "get", "audit"}
        assert scene.outcomes(0) == scene.outcomes(1) == {"ok"}
        assert scene.failure == ""

    def test_no_nonce_is_used_twice(self):
        scene = Scene().play()
        assert len({question.nonce for question in scene.questions}) == len(scene.questions) > 200

    def test_a_twin_that_gives_wrong_bytes_is_seen_through_in_gets_and_in_audits(self):
        scene = Scene(Nature(wrong_every=3)).play()
        wrong = Counter(one.kind for one in scene.of(is_relayed=False) if one.answers[1].outcome == "wrong_bytes")
        assert wrong["get"] > 10 < wrong["audit"]
        assert scene.outcomes(0) == {"ok"}

    def test_a_twin_that_hands_audits_on_to_the_other_is_seen_through_by_the_prober_and_by_the_own_vault(self):
        scene = Scene(Nature(hands_audits_on=True)).play(60.0)
        for is_relayed in (False, True):
            audits = [one for one in scene.of(is_relayed=is_relayed) if one.kind == "audit"]
            assert {(one.answers[0].outcome, one.answers[1].outcome) for one in audits} == {("ok", "wrong_bytes")}

    @pytest.mark.long
    def test_an_audit_of_a_chunk_of_long_ago_is_checked_too(self):
        scene = Scene(Nature(wrong_every=1)).play(200.0)
        audits = [one for one in scene.of(is_relayed=False) if one.kind == "audit"]
        assert len({one.address for one in audits}) > 400  # more chunks than anyone would keep the bytes of
        assert {one.answers[1].outcome for one in audits} == {"wrong_bytes"}

    def test_the_bytes_on_the_wire_are_counted_here(self):
        scene = Scene().play()
        sizes = {
            len(codec.encode(codec.decode_answer(answer.content))) for one in scene.heard for answer in one.answers
        }
        assert all(answer.wire_bytes > min(sizes) for one in scene.measured for answer in one.answers)

    def test_a_put_that_only_one_twin_took_is_never_asked_for(self):
        scene = Scene(Nature(exits_after_s=5.0)).play(15.0)
        acknowledged = {
            one.address for one in scene.measured
            if one.kind == "put" and {answer.outcome for answer in one.answers} == {"ok"}
        }  # fmt: skip
        assert "failed" in scene.outcomes(1)
        assert {one.address for one in scene.measured if one.kind != "put"} <= acknowledged


def _good_of_wrong(_scene: Scene, question: Question, heard: Heard) -> Heard:
    return saying(heard, outcome="ok") if heard.answers[1].outcome == "wrong_bytes" else heard


def _wrong_of_good(_scene: Scene, question: Question, heard: Heard) -> Heard:
    return saying(heard, outcome="wrong_bytes") if question.kind == "get" else heard


def _silence_of_an_answer(_scene: Scene, question: Question, heard: Heard) -> Heard:
    return saying(heard, outcome="failed") if question.kind == "get" else heard


def _good_of_silence(_scene: Scene, question: Question, heard: Heard) -> Heard:
    return saying(heard, content=b"") if question.kind == "get" else heard


def _answer_for_another_address(scene: Scene, question: Question, heard: Heard) -> Heard:
    if question.kind != "get":
        return heard
    content = b"quite another chunk"
    digest = hashlib.sha256(content).digest()
    answer = sign_answer(scene.twins[1].key, HELD, digest, digest, question.nonce, utc_s())
    return saying(heard, content=codec.encode(Chunk(content, answer)))


def _an_old_answer(scene: Scene, question: Question, heard: Heard) -> Heard:
    for old_question, old in zip(scene.questions[:-1], scene.heard[:-1], strict=True):
        if (old_question.kind, old_question.address) == (question.kind, question.address) and question.kind != "put":
            return saying(heard, content=old.answers[1].content)
    return heard


def _the_twins_answer(_scene: Scene, question: Question, heard: Heard) -> Heard:
    return saying(heard, content=heard.answers[0].content) if question.kind == "get" else heard


def _bytes_changed_on_the_way(_scene: Scene, question: Question, heard: Heard) -> Heard:
    if question.kind != "get":
        return heard
    content = heard.answers[1].content
    return saying(heard, content=content[:20] + bytes([content[20] ^ 1]) + content[21:])


LIES: list[Lie] = [
    _good_of_wrong,
    _wrong_of_good,
    _silence_of_an_answer,
    _good_of_silence,
    _answer_for_another_address,
    _an_old_answer,
    _the_twins_answer,
    _bytes_changed_on_the_way,
]


class TestALyingProber:
    @pytest.mark.parametrize("lie", LIES)
    def test_it_is_found_out_and_the_pair_does_not_count(self, lie: Lie):
        scene = Scene(Nature(wrong_every=20) if lie is _good_of_wrong else None).play(lie=lie)

        assert "it said" in scene.failure
        assert len(scene.of(is_relayed=False)) == len(scene.heard) - 1
        assert scene.outcomes(1) <= {"ok", "wrong_bytes"}

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"latency_s": -0.001}, "a time that cannot be"),
            ({"latency_s": float("nan")}, "a time that cannot be"),
            ({"latency_s": 60.0}, "a time that cannot be"),
            ({"at_s": 0.0}, "answers of another time"),
            ({"at_s": float("nan")}, "answers of another time"),
        ],
    )
    def test_it_names_no_impossible_time(self, changes: dict[str, Any], words: str):
        scene = Scene().play(lie=lambda _scene, _question, heard: saying(heard, **changes))
        assert words in scene.failure
        assert scene.measured == []

    def test_both_answers_together_took_no_longer_than_the_time_that_passed(self):
        def add_up(_scene: Scene, _question: Question, heard: Heard) -> Heard:
            return saying(heard, latency_s=sum(answer.latency_s for answer in heard.answers))

        scene = Scene().play(lie=add_up)
        assert scene.measured == []
        assert "longer than the time that passed" in scene.failure

    def test_an_answer_may_be_on_its_way_for_a_while(self):
        soon = REPORT_AGE_S_MAX / 2
        scene = Scene().play(lie=lambda _scene, _question, heard: saying(heard, at_s=heard.answers[1].at_s - soon))
        assert scene.failure == ""


class TestByWayOfTheOwnVault:
    @pytest.mark.long
    def test_a_quarter_of_all_reads_is_asked_by_another_than_the_prober(self):
        scene = Scene().play(100.0)
        reads = [one for one in scene.measured if one.kind != "put"]
        share = sum(one.is_relayed for one in reads) / len(reads)
        assert 0.2 < share < 0.3
        assert {one.kind for one in scene.of(is_relayed=True)} == {"get", "audit"}
        assert scene.outcomes(1, is_relayed=True) == {"ok"}

    def test_both_twins_are_asked_the_same_and_each_first_about_as_often(self):
        scene = Scene().play(100.0)
        assert scene.world.relayed == 2 * len(scene.of(is_relayed=True)) > 300

    def test_what_is_good_only_to_clients_is_seen(self):
        scene = Scene(Nature(is_for_clients_only=True)).play()
        assert scene.outcomes(1) == {"ok"}
        assert scene.outcomes(1, is_relayed=True) == {"refused"}
        assert scene.outcomes(0, is_relayed=True) == {"ok"}

    def test_wrong_bytes_are_seen_there_too(self):
        assert "wrong_bytes" in Scene(Nature(wrong_every=2)).play().outcomes(1, is_relayed=True)

    def test_it_asks_by_the_records_that_the_twins_have_now(self):
        scene = Scene().play(renewed_at_s=5.0)  # of those from before nobody is found any more
        assert len(scene.of(is_relayed=True)) > 50
        assert scene.outcomes(1, is_relayed=True) == {"ok"}

    def test_an_own_vault_that_is_away_says_nothing_of_the_twins(self):
        scene = Scene()
        scene.world.is_own_vault_away = True
        scene.play()
        assert scene.of(is_relayed=True) == []
        assert len(scene.of(is_relayed=False)) > 100


class TestTheDevelopersNews:
    @pytest.mark.long
    def test_both_are_asked_now_and_then_which_head_they_carry_and_for_that_head_and_each_first_about_as_often(self):
        scene = Scene().play(400.0)
        pairs = len(scene.of(is_relayed=False))
        assert {one.by for one in scene.news} == {(True, True)}
        assert 0.03 < len(scene.news) / pairs < 0.07
        assert [question.kind for question in scene.about_news[:4]] == ["ping", "head"] * 2
        assert {question.address for question in scene.about_news} == {hashlib.sha256(scene.world.head).digest()}
        assert 0.4 < sum(question.first for question in scene.about_news) / len(scene.about_news) < 0.6

    @pytest.mark.parametrize("nature", [Nature(serves_news=False), Nature(names_news=False)])
    def test_who_does_not_name_it_or_does_not_hand_it_out_does_not_pass_it_on(self, nature: Nature):
        assert {one.by for one in Scene(nature).play().news} == {(True, False)}

    def test_another_head_under_the_name_of_the_newest_is_none(self):
        def forge(_scene: Scene, question: Question, heard: Heard) -> Heard:
            if question.kind != "head":
                return heard
            return saying(heard, outcome="wrong_bytes", content=codec.encode(HeadContent(b"an older head")))

        scene = Scene().play(lie=forge)
        assert scene.failure == ""
        assert {one.by for one in scene.news} == {(True, False)}

    @pytest.mark.parametrize("kind", NEWS_KINDS)
    def test_a_prober_that_says_what_is_not_so_is_found_out(self, kind: Kind):
        def deny(_scene: Scene, question: Question, heard: Heard) -> Heard:
            return saying(heard, outcome="not_held") if question.kind == kind else heard

        scene = Scene().play(lie=deny)
        assert "it said not_held of an answer that is ok" in scene.failure
        assert scene.news == []

    def test_answers_between_which_another_head_became_the_newest_say_nothing(self):
        def publish(scene: Scene, question: Question, heard: Heard) -> Heard:
            if question.kind == "head":
                later = scene.world.head + b"."
                scene.world.newest = lambda: later
            return heard

        scene = Scene().play(lie=publish)
        assert len(scene.about_news) > 10
        assert scene.news == []

    @pytest.mark.parametrize("head", [b"", bytes(NEWS_BYTES_MAX + 1)])
    def test_nobody_is_asked_for_no_head_or_for_one_that_no_report_has_room_for(self, head: bytes):
        scene = Scene()
        scene.world.newest = lambda: head
        assert (scene.play().about_news, scene.failure) == ([], "")


@pytest.mark.long
def test_the_prober_takes_on_another_identity_now_and_then_and_both_twins_see_the_same_ones():
    scene = Scene().play(60.0)
    first, second = (twin.asked_by for twin in scene.twins)
    assert first == second
    assert len(set(first)) == len(first) > 5


def test_a_record_that_is_none_is_the_twins_failure():
    async def main() -> None:
        chance = random.Random(1)
        plan = Plan(0, 8, chance, chance.randbytes)
        with pytest.raises(TwinFailed, match="its record is none"):
            Interview(lambda: (b"", b""), plan, World(), Chance(chance, chance.randbytes, utc_s), print, 0.0)

    virtual_time.run(main())


def test_silence_is_believed_for_it_leaves_nothing_to_check():
    scene = Scene().play(lie=lambda _scene, _question, heard: saying(heard, outcome="failed", content=b""))
    assert (scene.failure, scene.outcomes(1)) == ("", {"failed"})
