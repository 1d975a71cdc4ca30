"""Old words sold as new ones, new ones kept away, wrong clocks, and newcomers who know nothing but the genesis root."""

from __future__ import annotations

import asyncio
import copy
import hashlib
from datetime import timedelta
from typing import Final

import pytest

from node.pod.statements import heartbeat
from node.trust.head import decode, encode
from node.trust.metadata import Root, read, time_text
from node.trust.policy import SIGNED_AT_FIELD
from node.vault import control
from tests.attacks.stage import Farm, Peer, Stage, takes_up, tree_of
from tests.signed_world import DAY, add_pod, all_of, drop_pod, party, unchanged

JUDGED_S: Final = 120.0
SEEN_AGAIN_S: Final = 1_200.0  # after which every peer has offered once more what it carries
YEARS_OF_ROOTS: Final = 300  # more root versions than the 256 after which the library's own client stops


async def knows(stage: Stage, farm: Farm, peers: list[Peer], head: bytes) -> None:
    """These carry the head, and the farm takes it from them."""
    await stage.publish(peers, head)
    await stage.until(lambda: farm.head == head, JUDGED_S)


class TestReplay:
    @pytest.mark.long
    def test_an_older_head_changes_nothing_also_after_a_restart(self, stage: Stage):
        async def story() -> None:
            honest, farm = await stage.add(5), await stage.farm()
            old = stage.release("1")
            await knows(stage, farm, honest, old)
            await takes_up(stage, farm, honest, "2")
            known, liars = farm.head, await stage.add(6)
            await stage.publish(liars, old)
            for _ in range(2):
                await asyncio.sleep(SEEN_AGAIN_S)
                assert (farm.head, farm.in_use, farm.refused) == (known, tree_of("2"), [])
                await farm.switch_off()
                await farm.switch_on()
            assert not any(farm.blames(peer) for peer in liars)  # they may be honest, and late
            await takes_up(stage, farm, honest, "3")

        stage.play(story)


class TestFreeze:
    @pytest.mark.long
    def test_a_farm_whose_peers_all_hide_the_news_stops_updates_says_so_and_serves_until_one_tells(self, stage: Stage):
        chunk = b"somebody's chunk"
        address = hashlib.sha256(chunk).digest()

        async def story() -> None:
            liars, farm = await stage.add(5), await stage.farm()
            await knows(stage, farm, liars, encode(stage.signed.head))
            await farm.supervisor.put_chunk(chunk)
            await stage.let_pass((30 * DAY).total_seconds())
            assert farm.developers.sentence == "Last news from the developers: 30 days ago."
            news = stage.release("2")
            await stage.let_pass((16 * DAY).total_seconds())
            assert farm.state == "expired"
            assert farm.sentence.startswith("Updates wait for the developers: their last word expired on 2027-01-06")
            kept = await liars[0].body.ask(lambda number: control.GetChunk(number, address))
            assert isinstance(kept, control.Content)
            assert kept.content == chunk
            honest = await stage.add(4)
            await knows(stage, farm, honest, news)
            assert farm.state == "current"
            await stage.until(lambda: farm.in_use == tree_of("2"))

        stage.play(story)

    @pytest.mark.long
    def test_a_pod_that_numbers_its_word_too_high_delays_the_others_until_a_root_drops_it(self, stage: Stage):
        async def story() -> None:
            honest, farm = await stage.add(5), await stage.farm()
            await knows(stage, farm, honest, encode(stage.signed.head))
            liars, forger, own = await stage.add(1), copy.deepcopy(stage.signed), farm.in_use
            bad = stage.signed.pods[4]
            jumped = forger.with_timestamp(lambda signed: setattr(signed, "version", 1 << 30), by=[bad])
            await knows(stage, farm, liars, encode(jumped))
            await stage.publish(honest, stage.release("2"))
            await asyncio.sleep(SEEN_AGAIN_S)
            assert (farm.head, farm.in_use, farm.refused) == (encode(jumped), own, [])
            signed = stage.signed
            signed.head = signed.change("targets", drop_pod(bad), by=signed.pods[:4], now=stage.now())
            signed.head = signed.with_root(drop_pod(bad))
            await knows(stage, farm, honest, encode(signed.head))
            await stage.until(lambda: farm.in_use == tree_of("2"))

        stage.play(story)


class TestWrongClocks:
    @pytest.mark.long
    @pytest.mark.parametrize("is_by_three", [False, True])
    def test_a_clock_that_is_set_back_makes_no_old_word_fresh(self, stage: Stage, is_by_three: bool):
        """Liars who date themselves back too, with a word that ended long ago: by one pod, or by three who say so."""

        async def story() -> None:
            honest, farm = await stage.add(5), await stage.farm()
            await knows(stage, farm, honest, encode(stage.signed.head))
            back_s, founded = (100 * DAY).total_seconds(), stage.now()
            await stage.let_pass(back_s)
            await takes_up(stage, farm, honest, "2")
            known, signed_s = farm.head, farm.developers.signed_s
            await farm.switch_off()
            farm.clock.wrong_s = -back_s
            await farm.switch_on()
            liars = await stage.add(5, dated_s=-back_s)
            ends, dated = founded + 50 * DAY, {SIGNED_AT_FIELD: time_text(founded)}
            ended = stage.signed.with_timestamp(lambda signed: setattr(signed, "expires", ends))
            if is_by_three:
                back_dated = lambda signed: signed.unrecognized_fields.update(dated)  # noqa: E731
                ended = stage.signed.with_snapshot(back_dated, by=stage.signed.pods[:3], now=founded)
            await stage.publish(liars, encode(ended))
            await asyncio.sleep(SEEN_AGAIN_S)
            assert len(farm.body.core._desk.table) == len(liars)
            assert (farm.head, farm.in_use) == (known, tree_of("2"))
            assert farm.developers.sentence == "Last news from the developers: today."
            assert farm.developers.signed_s == signed_s
            await farm.switch_off()
            farm.clock.wrong_s = 0.0
            await farm.switch_on()
            await takes_up(stage, farm, honest, "3")

        stage.play(story)

    @pytest.mark.long
    def test_a_clock_that_is_set_forward_stops_updates_alone_and_only_as_long_as_it_is_wrong(self, stage: Stage):
        async def story() -> None:
            honest, farm = await stage.add(5), await stage.farm()
            await knows(stage, farm, honest, encode(stage.signed.head))
            run, own = farm.body, farm.in_use
            farm.clock.wrong_s = (700 * DAY).total_seconds()
            await stage.publish(honest, stage.release("2"))
            await asyncio.sleep(SEEN_AGAIN_S)
            assert farm.state == "expired"
            assert (farm.body, farm.in_use, farm.refused) == (run, own, [])
            farm.clock.wrong_s = 0.0
            await stage.until(lambda: farm.in_use == tree_of("2"), 2 * SEEN_AGAIN_S)
            assert farm.state == "current"

        stage.play(story)


class TestLateJoiners:
    @pytest.mark.long
    def test_across_three_hundred_roots_they_catch_up_in_one_go_though_most_peers_are_silent(self, stage: Stage):
        signed = stage.signed
        for _ in range(YEARS_OF_ROOTS):
            signed.head = signed.with_root(unchanged, by=signed.pods[:4])

        async def story() -> None:
            honest, silent = await stage.add(4), await stage.add(6)
            for peer in silent:
                peer.body.lie = lambda asked, answer: None if type(asked).__name__ == "Get" else answer
            head = stage.release("2")
            await stage.publish(honest, head)
            farm = await stage.farm()
            await stage.until(lambda: farm.head == head, SEEN_AGAIN_S)
            await stage.until(lambda: farm.in_use == tree_of("2"))
            assert len(decode(farm.head).roots) == YEARS_OF_ROOTS

        stage.play(story)

    @pytest.mark.long
    def test_fed_with_old_roots_and_a_word_of_a_removed_pod_they_end_at_the_newest_release(self, stage: Stage):
        """A pod that is none any more makes the old head fresh, with a number that no later word will ever have."""

        async def story() -> None:
            signed = stage.signed
            gone, new = signed.pods[4], party(40, "new")
            stage.release("old")
            thief = copy.deepcopy(signed)
            swap = all_of(add_pod(new), drop_pod(gone))
            signed.head = signed.with_root(swap, by=[*signed.pods, new])
            signed.head = signed.change("targets", swap, by=signed.pods[:4], now=stage.now())
            signed.pods[4] = new
            stage.passed_s += (60 * DAY).total_seconds()
            thief.head = heartbeat(thief.head, gone, stage.now())
            stale = encode(thief.with_timestamp(lambda word: setattr(word, "version", 1 << 30), by=[gone]))
            newest = stage.release("2", by=signed.pods[2:])
            liars, honest = await stage.add(8), await stage.add(4)
            await stage.publish(liars, stale)
            farm = await stage.farm()
            await stage.until(lambda: farm.head == stale, JUDGED_S)
            assert "Last news from the developers: today." in farm.developers.sentence
            await knows(stage, farm, honest, newest)
            await stage.until(lambda: farm.in_use == tree_of("2"))
            await asyncio.sleep(SEEN_AGAIN_S)
            assert (farm.head, farm.in_use) == (newest, tree_of("2"))

        stage.play(story)

    @pytest.mark.long
    @pytest.mark.parametrize("is_clock_back", [False, True])
    def test_after_the_sunset_they_follow_the_pods_and_take_up_nothing_of_the_foundation(
        self, stage: Stage, is_clock_back: bool
    ):
        async def story() -> None:
            signed = stage.signed
            stage.release("pods")
            signed.head = decode(stage.release("founders", role="foundation"))
            sunset = read(signed.genesis, Root).signed.unrecognized_fields["x-foundation-until"]
            passed = timedelta(days=200)
            stage.passed_s += passed.total_seconds()
            assert stage.now().isoformat() > sunset
            head = encode(heartbeat(signed.head, signed.pods[0], stage.now()))
            if is_clock_back:  # all peers and the farm agree on a time before the sunset; the pods' word does not
                signed.head = decode(stage.release("later"))
                head = encode(signed.head)
                stage.passed_s -= passed.total_seconds()
            honest = await stage.add(5)
            await stage.publish(honest, head)
            farm = await stage.farm()
            await stage.until(lambda: farm.head == head, JUDGED_S)
            newest = "later" if is_clock_back else "pods"
            await stage.until(lambda: farm.in_use == tree_of(newest))
            assert not any(name.startswith("foundation/") for name in farm.releases)
            assert not farm.supervisor.slots.has("vault", tree_of("founders", "foundation"))

        stage.play(story)
