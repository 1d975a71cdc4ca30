"""In which wave a farm is: bound before a release is known, unknown until the farm enrols."""

from __future__ import annotations

import random

import pytest

from node.trial import membership
from node.trial.membership import (
    CHAIN_LENGTH,
    REVEAL_BYTES,
    ROLES,
    BadReveal,
    check_reveal,
    commitment,
    position,
    reveal,
    wave_of,
)

SEED = b"s" * 32
DIGEST = b"d" * 32


class TestAReveal:
    @pytest.mark.parametrize("role", ROLES)
    @pytest.mark.parametrize("sequence", [1, 2, 700, CHAIN_LENGTH])
    def test_leads_to_the_commitment(self, role, sequence):
        check_reveal(commitment(SEED), reveal(SEED, role, sequence), role, sequence)

    @pytest.mark.parametrize("other", [1, 6, 8, CHAIN_LENGTH])
    def test_of_one_release_is_none_of_another_number(self, other):
        with pytest.raises(BadReveal):
            check_reveal(commitment(SEED), reveal(SEED, "vault", 7), "vault", other)

    def test_of_one_role_is_none_of_another_role(self):
        with pytest.raises(BadReveal):
            check_reveal(commitment(SEED), reveal(SEED, "foundation", 7), "vault", 7)

    def test_of_another_seed_leads_elsewhere(self):
        with pytest.raises(BadReveal):
            check_reveal(commitment(b"t" * 32), reveal(SEED, "vault", 7), "vault", 7)

    @pytest.mark.parametrize("place", [0, 31, 32, REVEAL_BYTES - 1])
    def test_with_any_byte_changed_leads_nowhere(self, place):
        revealed = bytearray(reveal(SEED, "vault", 7))
        revealed[place] ^= 1

        with pytest.raises(BadReveal):
            check_reveal(commitment(SEED), bytes(revealed), "vault", 7)

    def test_of_another_length_is_refused(self):
        right = reveal(SEED, "vault", 7)

        for wrong in (b"", right[:-1], right + b"\0", right * 2):
            with pytest.raises(BadReveal):
                check_reveal(commitment(SEED), wrong, "vault", 7)

    def test_tells_the_links_of_earlier_releases_but_not_those_of_later_ones(self):
        seventh, eighth = (reveal(SEED, "vault", n)[:32] for n in (7, 8))

        assert membership._stepped(eighth, 1) == seventh
        assert all(membership._stepped(seventh, steps) != eighth for steps in range(CHAIN_LENGTH))

    def test_of_one_role_tells_no_link_of_another_role(self):
        """Releases of both are numbered apart: the foundation's twentieth must not tell the pods' first."""
        known = {membership._stepped(reveal(SEED, "foundation", 20)[:32], steps) for steps in range(20)}

        assert not known & {reveal(SEED, "vault", n)[:32] for n in range(1, 21)}


class TestAnEra:
    @pytest.mark.parametrize("role", ROLES)
    @pytest.mark.parametrize("sequence", [CHAIN_LENGTH + 1, 2 * CHAIN_LENGTH, 1_795_348_796, (1 << 53) - 1])
    def test_has_a_reveal_for_every_number_however_high(self, role, sequence):
        check_reveal(commitment(SEED, sequence - 1), reveal(SEED, role, sequence), role, sequence)

    def test_begins_with_the_release_after_the_last_one_of_the_chain(self):
        highest = [0, CHAIN_LENGTH - 1, CHAIN_LENGTH, 2 * CHAIN_LENGTH - 1, 2 * CHAIN_LENGTH]

        first, last, second, second_last, third = (commitment(SEED, number) for number in highest)
        assert (first == last, second == second_last, len({first, second, third})) == (True, True, 3)

    @pytest.mark.parametrize("sequence", [7, 2 * CHAIN_LENGTH + 7])
    def test_has_a_commitment_that_holds_for_no_other(self, sequence):
        with pytest.raises(BadReveal):
            check_reveal(commitment(SEED, CHAIN_LENGTH), reveal(SEED, "vault", sequence), "vault", sequence)
        with pytest.raises(BadReveal):
            check_reveal(commitment(SEED), reveal(SEED, "vault", CHAIN_LENGTH + 7), "vault", CHAIN_LENGTH + 7)

    @pytest.mark.long
    def test_has_chains_of_its_own_so_that_no_place_is_known_from_the_one_before(self):
        known = {membership._stepped(reveal(SEED, "vault", CHAIN_LENGTH)[:32], n) for n in range(CHAIN_LENGTH + 1)}

        assert not known & {reveal(SEED, "vault", CHAIN_LENGTH + n)[:32] for n in (1, 2, CHAIN_LENGTH)}

    def test_that_is_the_first_has_the_commitment_that_it_always_had(self):
        """Farms of older versions know no eras."""
        assert commitment(SEED).hex() == "2838acf7b393400019d88cf25df3c4c3a82e0cdb5856cab9945f2ae0773a79eb"


class TestAPosition:
    def test_differs_with_the_release_and_with_the_reveal(self):
        seventh, eighth = reveal(SEED, "vault", 7), reveal(SEED, "vault", 8)

        assert len({position(seventh, DIGEST), position(seventh, b"e" * 32), position(eighth, DIGEST)}) == 3

    def test_is_uniform(self):
        chance = random.Random(1)
        places = [position(chance.randbytes(REVEAL_BYTES), DIGEST) for _ in range(4000)]

        assert all(0.0 <= place < 1.0 for place in places)
        for tenth in range(10):
            assert 330 <= sum(tenth <= 10 * place < tenth + 1 for place in places) <= 470


class TestAWave:
    def test_takes_its_share_of_the_positions(self):
        waves = [wave_of(place, (0.02, 0.18, 0.80)) for place in (0.0, 0.0199, 0.02, 0.1999, 0.2, 0.999999)]

        assert waves == [0, 0, 1, 1, 2, 2]

    def test_that_is_the_last_takes_what_rounding_has_left(self):
        assert wave_of(0.9999999999999999, (0.1, 0.2, 0.7 - 1e-9)) == 2

    def test_without_shares_is_the_first(self):
        assert wave_of(0.999, ()) == 0
