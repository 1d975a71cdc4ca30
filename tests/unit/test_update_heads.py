"""Heads that are offered to one farm: what is refused and blamed, what is no news, and what is on disk first."""

from __future__ import annotations

import errno
import hashlib
from pathlib import Path

import msgspec
import pytest

from node.api.schema import HeadAnswer
from node.update import judging
from node.update.driver import Updates
from node.update.errors import StateUnreadable
from node.update.store import Saved
from tests import virtual_time
from tests.update_world import SENDER, Farm, live, tell

pytestmark = pytest.mark.usefixtures("cheap_twins")


@pytest.fixture
def farm(tmp_path: Path) -> Farm:
    return Farm(folder=tmp_path)


class TestHeads:
    def offer(self, farm: Farm, *heads: bytes, sender: bytes = SENDER) -> list[HeadAnswer]:
        answers = []

        async def story(updates: Updates) -> None:
            answers.extend([await updates.offered(head, sender) for head in heads])
            self.updates = updates.updates()
            self.head = updates.head

        live(farm, story)
        return answers

    def test_a_forged_head_is_refused_remembered_and_blamed_and_nothing_is_staged(self, farm: Farm):
        forged = farm.publish("2", pods=2)

        answers = self.offer(farm, forged, forged)

        assert [answer.outcome for answer in answers] == ["refused", "refused"]
        assert "signed by 2 pods, 3 are needed" in answers[1].reason
        assert [head.digest for head in self.updates.refused_heads] == [hashlib.sha256(forged).hexdigest()]
        assert self.updates.items == ()
        assert farm.blamed == [(hashlib.sha256(forged).digest(), SENDER)] * 2
        assert (farm.carried, self.head) == ([], b"")

    def test_garbage_is_refused_and_a_person_is_not_blamed(self, farm: Farm):
        answers = self.offer(farm, b"", b"garbage", b"\x00" * 1000, sender=b"")
        assert {answer.outcome for answer in answers} == {"refused"}
        assert farm.blamed == []

    def test_refused_heads_are_remembered_over_a_restart_and_not_without_limit(self, farm: Farm, monkeypatch):
        monkeypatch.setattr(judging, "REFUSED_HEADS_MAX", 3)
        self.offer(farm, *(b"garbage %d" % n for n in range(5)))
        self.offer(farm)
        assert [head.digest for head in self.updates.refused_heads] == [
            hashlib.sha256(b"garbage %d" % n).hexdigest() for n in (4, 3, 2)
        ]

    def test_a_known_and_an_older_head_are_no_news_and_nobodys_fault(self, farm: Farm):
        older, newer = farm.publish("2"), farm.publish("3")
        answers = self.offer(farm, newer, newer, older)
        assert [answer.outcome for answer in answers] == ["accepted", "known", "outdated"]
        assert (self.updates.refused_heads, farm.blamed, farm.carried) == ((), [], [newer])

    @pytest.mark.long
    def test_the_chain_is_on_disk_before_anything_is_done(self, farm: Farm):
        head = farm.publish("2")

        class Broken(Exception):
            pass

        def fail(_saved: Saved) -> None:
            raise Broken

        async def main() -> None:
            updates = farm.open()
            patch.setattr(farm.store, "save", fail)
            with pytest.raises(Broken):
                await updates.offered(head, SENDER)

        with pytest.MonkeyPatch.context() as patch:
            virtual_time.run(main())

        assert tell(farm)["vault/2"].phase == "confirmed"  # learnt from the chain at the next start

    def test_a_full_disk_refuses_the_head_for_now(self, farm: Farm, monkeypatch: pytest.MonkeyPatch):
        def full(_chain: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        head = farm.publish("2")
        with monkeypatch.context() as patch:
            patch.setattr(farm.store, "save_chain", full)
            assert self.offer(farm, head) == [HeadAnswer("refused", "it could not be kept: No space left on device")]
        assert self.offer(farm, head) == [HeadAnswer("accepted", "")]

    def test_heads_that_are_refused_cannot_fill_the_history_until_it_is_too_long_to_be_read(self, farm: Farm):
        async def story(updates: Updates) -> None:
            for number in range(100):
                junk = msgspec.msgpack.encode({f"\x1b]0;{number}" + "x" * 500_000: 1})
                assert (await updates.offered(junk, SENDER)).outcome == "refused"

        live(farm, story)

        refused = farm.store.load().refused
        assert len(refused) == judging.REFUSED_HEADS_MAX
        assert all(head.reason.isprintable() and len(head.reason) < 500 for head in refused)

    def test_a_damaged_state_is_never_guessed_at(self, farm: Farm):
        for name in ("chain", "updates.json"):
            path = farm.folder / "state" / name
            path.write_bytes(b"{")
            with pytest.raises(StateUnreadable):
                farm.open()
            path.unlink()
