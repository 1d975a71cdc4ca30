"""Chunks that a twin hands over, as any vault may: no loss anywhere, and no way to a promotion either."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

import pytest

from node.prober.judging import is_handed_over
from node.trial.events import ChunkLost, Event, PairMeasured, Twin
from node.trial.evidence import Pair
from node.trial.handed import Handed
from node.trial.profile import PRACTICE, Profile
from node.trial.verdict import gave_away
from node.update.ports import TwinOrder
from node.update.trials.observations import Measured, Neighbourhood, Observer, ProbeAnswer, Worth
from node.update.trials.rehearsal import TrialResult, WayBack, rehearse
from node.vault.core import codec
from node.vault.core.messages import TAKERS_MAX, NotHeld, Takers
from node.vault.core.proofs import LEASE_S, NOT_HELD, sign_answer, takers_digest
from tests import virtual_time
from tests.trial_world import GOOD, World, running, told
from tests.twin_world import CANDIDATE, CONTROL, Nature, PretendedVault, utc_s
from tests.twin_world import World as Farm
from tests.unit.test_interview import Scene
from tests.unit.test_trial_cut import Node
from tests.unit.test_trial_run import PROFILE, hold

GIVEN = told("handed_over")
ADDRESS = b"a" * 32
RESTARTED = replace(PROFILE, restarts_min=1)
ORDER: tuple[Twin, Twin] = ("candidate", "control")


class TestTheRule:
    @pytest.mark.parametrize(
        ("both", "candidate", "control", "is_held"),
        [
            (0, 0, 0, False),
            (500, 0, 0, False),  # an army of keys drew all of it away
            (0, 9, 0, False),  # three deviations of nine coins
            (0, 10, 0, True),
            (500, 10, 0, True),
            (0, 40, 30, False),
            (0, 60, 30, True),
            (0, 0, 90, False),
        ],
    )
    def test_a_candidate_is_held_that_hands_over_more_than_its_twin_by_more_than_chance(
        self, both: int, candidate: int, control: int, is_held: bool
    ):
        handed = Handed()
        for count, of_candidate, of_control in ((both, GIVEN, GIVEN), (candidate, GIVEN, GOOD), (control, GOOD, GIVEN)):
            for _ in range(count):
                handed.count(Pair(1.0, "get", ADDRESS, of_candidate, of_control))
        expected = [gave_away(both + candidate, both + control)]
        assert handed.missing(stored=2000) == (expected if is_held else [])

    def test_nor_is_one_promoted_of_whose_chunks_most_went_to_others(self):
        handed = Handed(both=600)
        assert handed.missing(stored=1200) == []
        assert handed.missing(stored=1199) == [gave_away(600, 600)]

    def test_that_a_twin_handed_a_chunk_over_while_the_candidate_does_not_answer_speaks_for_nobody(self):
        handed = Handed()
        for _ in range(99):
            handed.count(Pair(1.0, "get", ADDRESS, told("failed"), GIVEN))
        assert handed == Handed()

    def test_it_is_neither_a_failure_nor_a_read(self):
        world = running()
        before = world.trial.progress()
        failed = world.trial.comparison.block.candidate.failed
        for _ in range(9):
            world.now_s += 0.01
            world.pair(candidate=GIVEN)
        assert world.trial.progress().verified_reads == before.verified_reads
        assert world.trial.progress().pairs == before.pairs
        assert world.trial.comparison.block.candidate.failed == failed

    def test_one_that_hands_over_more_and_more_is_held_and_not_refused(self):
        world = World().start().rate()
        while not world.verdicts:
            world.pair(candidate=GIVEN)
            world.go_on(0.5)
        assert world.outcome == "keep"
        assert "stored pieces where its twin gave 0" in world.reason

    def test_wrong_bytes_of_the_other_one_are_as_wrong_as_ever(self):
        world = running()
        world.pair(candidate=told("wrong_bytes"), control=GIVEN).wait(5.0)
        assert world.outcome == "refuse"


class TestWhatIsHeard:
    def hear(self, *reads: tuple[Worth, Worth]) -> tuple[Observer, list[Event]]:
        """One chunk that both acknowledged, and what they then answered."""
        observer, events = Observer(replace(PRACTICE, lost_tries=1, lost_retry_s=0.0)), list[Event]()
        for at_s, (first, second) in enumerate((("ok", "ok"), *reads)):
            answers = (ProbeAnswer(first, 0.01, 10), ProbeAnswer(second, 0.01, 10))
            events += observer.measured(Measured("get" if at_s else "put", ADDRESS, answers), ORDER, float(at_s))
        return observer, events

    @pytest.mark.parametrize("read", [("handed_over", "ok"), ("ok", "handed_over"), ("handed_over", "handed_over")])
    def test_whoever_of_both_hands_a_chunk_over_neither_owes_it_any_more(self, read: tuple[Worth, Worth]):
        observer, events = self.hear(read)
        assert observer.owed("candidate") == observer.owed("control") == ()
        assert not any(isinstance(event, ChunkLost) for event in events)

    def test_it_is_told_once_and_what_is_gone_after_that_is_no_loss(self):
        _, events = self.hear(("handed_over", "ok"), ("handed_over", "not_held"), ("not_held", "not_held"))
        assert [type(event) for event in events] == [PairMeasured, PairMeasured]

    def test_without_takers_it_is_a_loss_as_ever(self):
        _, events = self.hear(("not_held", "ok"))
        assert ChunkLost(1.0, "candidate", ADDRESS) in events

    def test_a_wrong_answer_about_it_is_told_all_the_same(self):
        _, events = self.hear(("handed_over", "ok"), ("wrong_bytes", "ok"))
        assert [event.pair.candidate.is_wrong for event in events if isinstance(event, PairMeasured)][-1]


@pytest.mark.usefixtures("cheap_twins")
class TestOnPaper:
    def is_counted(self, change: Callable[[Farm, PretendedVault], NotHeld], since_s: float = 0.0) -> bool:
        return virtual_time.run(self._is_counted(change, since_s))

    async def _is_counted(self, change: Callable[[Farm, PretendedVault], NotHeld], since_s: float) -> bool:
        farm = Farm()
        order = TwinOrder(tree_hash=CANDIDATE, data=Path("data"), seed=b"s" * 32, quota_bytes=1 << 20)
        vault = PretendedVault(farm, order)
        content = codec.encode(change(farm, vault))
        return is_handed_over(content, (vault.vault_id, b"t" * 32), utc_s() + since_s)

    def denial(self, vault: PretendedVault, takers: Takers) -> NotHeld:
        signed = sign_answer(vault.key, NOT_HELD, ADDRESS, takers_digest(takers), b"n" * 16, utc_s())
        return NotHeld(signed, takers)

    @pytest.mark.parametrize(("count", "is_enough"), [(0, False), (2, False), (3, True), (TAKERS_MAX, True)])
    def test_three_others_must_have_signed(self, count: int, is_enough: bool):
        def deny(farm: Farm, vault: PretendedVault) -> NotHeld:
            return self.denial(vault, farm.signed_by_others(ADDRESS, count))

        assert self.is_counted(deny) is is_enough

    def test_each_counts_once(self):
        assert not self.is_counted(lambda farm, vault: self.denial(vault, farm.signed_by_others(ADDRESS, 1) * 4))

    def test_for_another_chunk_they_count_for_nothing(self):
        assert not self.is_counted(lambda farm, vault: self.denial(vault, farm.signed_by_others(b"b" * 32)))

    def test_they_must_have_signed_since_the_trial_began_and_for_as_long_as_that_promise(self):
        assert not self.is_counted(lambda farm, vault: self.denial(vault, farm.signed_by_others(ADDRESS)), LEASE_S)


@pytest.mark.usefixtures("cheap_twins")
class TestATrial:
    def both(self, every: int) -> Farm:
        """The last seconds excepted: what is handed over after the last look is missing at the rehearsal."""
        natures = {one: Nature(hands_over_every=every, hands_over_until_s=35.0) for one in (CANDIDATE, CONTROL)}
        return Farm(natures=natures)

    def way_back(self, farm: Farm, result: TrialResult) -> WayBack:
        async def main() -> WayBack:
            return await rehearse(CONTROL, result, 1 << 20, farm, farm.random.randbytes)

        return virtual_time.run(main())

    @pytest.mark.long
    @pytest.mark.parametrize("profile", [PROFILE, RESTARTED])
    def test_of_twins_that_both_hand_chunks_over_ends_as_any_other_and_so_does_the_way_back(
        self, tmp_path: Path, profile: Profile
    ):
        farm = self.both(5)
        result = hold(farm, tmp_path, profile)

        assert (result.outcome, "rated by 6" in result.reason) == ("promote", True)
        given_up = [one for one, is_there in farm.store_in(result.candidate_data).items() if not is_there]
        assert len(given_up) > 5
        assert not set(given_up) & set(result.acknowledged)
        assert self.way_back(farm, result).missing == 0

    def test_each_by_what_it_knows_so_that_one_gives_up_what_the_other_keeps(self, tmp_path: Path):
        farm = Farm(natures={CANDIDATE: Nature(hands_over_every=40), CONTROL: Nature(hands_over_every=38)})
        assert hold(farm, tmp_path, RESTARTED).outcome == "promote"

    @pytest.mark.long
    def test_of_a_candidate_that_invents_takers_is_held(self, tmp_path: Path):
        farm = Farm(natures={CANDIDATE: Nature(hands_over_every=5), CONTROL: Nature()})
        result = hold(farm, tmp_path, RESTARTED)
        assert result.outcome == "keep"
        assert "stored pieces where its twin gave 0" in result.reason

    @pytest.mark.long
    def test_of_a_candidate_that_keeps_nothing_at_all_is_held_too(self, tmp_path: Path):
        farm = self.both(1)
        farm.natures[CONTROL] = Nature()
        assert hold(farm, tmp_path).outcome == "keep"

    @pytest.mark.long
    def test_of_twins_that_both_keep_nothing_proves_nothing(self, tmp_path: Path):
        farm = Farm(natures={CANDIDATE: Nature(hands_over_every=1), CONTROL: Nature(hands_over_every=1)})
        assert hold(farm, tmp_path).outcome == "keep"

    def test_a_loss_among_what_is_handed_over_refuses_as_ever(self, tmp_path: Path):
        farm = self.both(5)
        farm.natures[CANDIDATE].hides_at_scan = 3
        result = hold(farm, tmp_path, RESTARTED)
        assert (result.outcome, result.reason[:7]) == ("refuse", "lost 3 ")


@pytest.mark.usefixtures("cheap_twins")
class TestATrialThatIsCutOff:
    """A twin that is started again has forgotten whom it gave its chunks to."""

    @pytest.fixture
    def node(self, tmp_path: Path) -> Node:
        natures = {one: Nature(hands_over_every=5, hands_over_until_s=20.0) for one in (CANDIDATE, CONTROL)}
        return Node(Farm(natures=natures), tmp_path)

    @pytest.mark.long
    def test_goes_on_without_what_was_handed_over_before(self, node: Node):
        node.live(26.0)
        cut = node.cut()
        assert cut is not None
        assert len(cut.handed_over) > 5

        result = node.live()

        assert result is not None
        assert result.outcome == "promote"

    def test_has_settled_all_that_is_missing_soon_after_the_first_was_found(self, node: Node):
        """Also what nobody happened to ask for."""
        node.live(26.0)
        cut = node.cut()
        assert cut is not None
        (first, _) = node.world.stores.values()
        assert {one for one, is_there in first.items() if not is_there} == set(cut.handed_over)

    @pytest.mark.long
    def test_is_not_blamed_for_what_it_hands_over_as_it_takes_its_store_over_again(self, node: Node):
        for nature in node.world.natures.values():
            nature.gives_up_when_active = 3
        node.live(26.0)
        result = node.live()
        assert result is not None
        assert result.outcome == "promote"

    @pytest.mark.long
    def test_draws_chunks_as_near_as_before(self, tmp_path: Path):
        class Growing(Farm):
            size = 500

            async def neighbourhood(self, around: Collection[bytes] = ()) -> Neighbourhood:
                return replace(await super().neighbourhood(around), network_size=self.size)

        world = Growing()
        node = Node(world, tmp_path)
        node.live(20.0)
        world.size = 100_000
        node.live(20.0)
        cut = node.cut()
        assert cut is not None
        assert cut.kept.network_size == 500


@pytest.mark.usefixtures("cheap_twins")
def test_what_was_handed_over_is_heard_so_and_never_asked_for_again():
    scene = Scene(Nature(hands_over_every=4)).play(60.0)
    given = [number for number, one in enumerate(scene.measured) if one.answers[1].outcome == "handed_over"]
    assert len(given) > 10
    for number in given:
        assert scene.measured[number].address not in {one.address for one in scene.measured[number + 1 :]}
    assert scene.outcomes(1) == {"ok", "handed_over"}
    assert scene.outcomes(0) == {"ok"}
