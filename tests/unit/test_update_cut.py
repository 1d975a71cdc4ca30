"""A trial that is cut off, as the whole way of a release sees it; and what is remembered of releases before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from node.api.schema import Update
from node.trust.head import encode
from node.update.driver import Updates
from node.update.store import Record
from tests.twin_world import Nature
from tests.update_world import SENDER, Farm, live, tell, tree_of, wait_until

pytestmark = pytest.mark.usefixtures("cheap_twins")


@pytest.fixture
def farm(tmp_path: Path) -> Farm:
    return Farm(folder=tmp_path)


def stop_on_trial(farm: Farm, head: bytes, seconds: float = 25.0) -> Update:
    """Run until the release was on trial for so long; then the node is stopped."""
    found: list[Update] = []

    async def story(updates: Updates) -> None:
        await updates.offered(head, SENDER)
        await wait_until(updates, lambda items: items["vault/2"].seconds.get("on_trial", 0.0) >= seconds)
        found.append(updates.updates().items[0])

    live(farm, story)
    assert found[0].phase == "on_trial"
    return found[0]


def record(farm: Farm, name: str = "vault/2") -> Record:
    return next(one for one in farm.store.load().records if one.release.name == name)


def beginnings(farm: Farm) -> int:
    return sum(not order.is_standby for order in farm.orders)


class TestATrialThatWasCutOff:
    @pytest.mark.long
    def test_goes_on_at_the_next_start_and_counts_as_no_failed_one(self, farm: Farm):
        before = stop_on_trial(farm, farm.publish("2"))

        update = tell(farm)["vault/2"]

        assert (update.phase, record(farm).way.voids) == ("confirmed", 0)
        assert beginnings(farm) == 2
        assert before.trial is not None
        assert update.trial is not None
        assert update.trial.started_s == before.trial.started_s
        assert update.trial.pairs > before.trial.pairs

    @pytest.mark.long
    def test_begins_anew_and_says_so_if_what_was_kept_of_it_is_damaged(self, farm: Farm):
        stop_on_trial(farm, farm.publish("2"))
        (farm.folder / "state" / "trial" / "run.bin").write_bytes(b"rot")
        reasons: list[str] = []

        async def story(updates: Updates) -> None:
            await wait_until(updates, lambda items: items["vault/2"].phase == "staged")
            reasons.append(updates.updates().items[0].reason)
            await wait_until(updates, lambda items: items["vault/2"].phase == "confirmed")

        live(farm, story)

        assert reasons == ["what was kept of the trial is damaged; it begins anew"]
        assert (record(farm).way.voids, beginnings(farm)) == (1, 4)

    @pytest.mark.long
    def test_begins_anew_if_the_twins_data_is_gone(self, farm: Farm):
        stop_on_trial(farm, farm.publish("2"))
        for folder in (farm.folder / "trial").iterdir():
            folder.rmdir()

        assert tell(farm)["vault/2"].phase == "confirmed"
        assert (record(farm).way.voids, beginnings(farm)) == (1, 4)

    @pytest.mark.long
    def test_begins_anew_if_what_was_kept_is_of_an_earlier_trial(self, farm: Farm):
        stop_on_trial(farm, farm.publish("2"))
        saved = farm.store.load()
        (before,) = saved.records
        later = msgspec.structs.replace(before, way=replace(before.way, trials=before.way.trials + 1))
        farm.store.save(msgspec.structs.replace(saved, records=(later,)))

        assert tell(farm)["vault/2"].phase == "confirmed"
        assert (record(farm).way.voids, beginnings(farm)) == (0, 4)

    @pytest.mark.long
    def test_keeps_its_size_whatever_room_there_is_now(self, farm: Farm, monkeypatch: pytest.MonkeyPatch):
        """Less room would make both twins give chunks away, and then they would be missing."""
        stop_on_trial(farm, farm.publish("2"))
        farm.quota_bytes = 1 << 10
        tell(farm)
        assert {order.quota_bytes for order in farm.orders if order.tree_hash == tree_of("2")} == {1 << 20}

    @pytest.mark.long
    def test_leaves_nothing_behind_in_the_end(self, farm: Farm):
        stop_on_trial(farm, farm.publish("2"))
        tell(farm)
        assert list((farm.folder / "state" / "trial").iterdir()) == []
        assert list((farm.folder / "trial").iterdir()) == []

    @pytest.mark.long
    def test_is_not_gone_on_with_when_the_developers_withdraw_it(self, farm: Farm):
        head = farm.publish("2")
        stop_on_trial(farm, head)

        async def story(updates: Updates) -> None:
            await updates.offered(encode(farm.signed.change("vault", lambda signed: signed.targets.clear())), SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "refused")

        live(farm, story)
        assert not (farm.folder / "state" / "trial" / "run.bin").exists()

    @pytest.mark.long
    def test_tells_nobody_how_long_it_will_last(self, farm: Farm):
        """The private time is where nobody but the supervisor reads, and in nothing that is shown or listed."""
        stop_on_trial(farm, farm.publish("2"))
        cut = farm.store.running.load()
        assert cut is not None
        secrets = [cut.kept.twins["candidate"].seed, cut.kept.twins["control"].seed, cut.kept.trial[-64:]]
        content = (farm.folder / "state" / "updates.json").read_bytes()
        assert b"duration" not in content
        assert not any(secret in content or secret.hex().encode() in content for secret in secrets)


class TestWhatIsRememberedOfReleasesBefore:
    @pytest.mark.long
    def test_how_each_one_compared_is_kept_with_it(self, farm: Farm):
        tell(farm, farm.publish("2", Nature(latency_s=0.011)))
        kept = record(farm).estimates
        assert kept["p50"].mean == pytest.approx(0.318, abs=0.1)  # ln 1.1 / ln 1.35
        assert 0.0 < kept["p50"].variance < 0.1
        assert "leak" not in kept

    @pytest.mark.long
    def test_two_that_need_more_by_less_than_a_margin_each_are_not_both_taken_into_use(self, farm: Farm):
        tell(farm, farm.publish("2", Nature(cpu_share=0.123)))
        update = tell(farm, farm.publish("3", Nature(cpu_share=0.151)), of="vault/3")["vault/3"]

        assert record(farm).way.phase == "confirmed"
        assert update.phase == "not_proven"
        assert "beside the best version of the last year" in update.reason
        assert farm.slots.current("vault") == tree_of("2")

    @pytest.mark.long
    def test_two_that_are_equal_are(self, farm: Farm):
        tell(farm, farm.publish("2"))
        tell(farm, farm.publish("3"), of="vault/3")
        assert farm.slots.current("vault") == tree_of("3")
