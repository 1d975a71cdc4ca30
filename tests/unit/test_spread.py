"""In the network that the benchmark plays, a proof really reaches everyone, and only where there is one."""

from __future__ import annotations

from node.trust.chain import Chain
from node.trust.equivocation import check_proof
from tests.benchmarks.spread import Network
from tests.signed_world import World


def network(liars_ratio: float, victims: int) -> Network:
    return Network(60, liars_ratio, victims, seed=1)


def test_every_honest_vault_halts_within_ten_rounds_although_liars_are_silent():
    played = network(0.3, victims=1)

    spread = played.run()

    assert spread.rounds is not None
    assert 1 < spread.rounds <= 10
    assert (spread.honest, spread.eclipsed) == (42, 0)


def test_each_of_them_holds_a_proof_that_convinces_who_knows_the_genesis_root_only():
    played = network(0.3, victims=3)
    played.run()

    stranger = Chain.start(World().genesis)
    for honest in played.honest:
        [culprit] = check_proof(played.all[honest].chain.proof, stranger).culprits
        assert culprit.name == "pod-3"


def test_a_silent_liar_takes_no_part():
    played = network(0.3, victims=3)
    played.run()

    assert not any(played.all[liar].chain.proof for liar in played.liars)


def test_where_all_were_given_the_same_nobody_halts():
    assert network(0.0, victims=0).run().rounds is None


def test_who_has_no_honest_peer_is_counted_and_not_waited_for():
    played = Network(60, 0.9, 0, seed=2)

    assert played.eclipsed
    assert all(played._links[number] <= played.liars for number in played.eclipsed)
