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
    ChainUsedUp,
    check_reveal,
    commitment,
    position,
    private_position,
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

    def test_is_not_to_be_had_beyond_the_chain(self):
        with pytest.raises(ChainUsedUp):
            reveal(SEED, "vault", CHAIN_LENGTH + 1)
        with pytest.raises(ChainUsedUp):
            check_reveal(commitment(SEED), reveal(SEED, "vault", 7), "vault", CHAIN_LENGTH + 1)


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

    def test_that_no_chain_reaches_is_a_secret_of_its_own(self):
        assert private_position(SEED, DIGEST) != private_position(b"t" * 32, DIGEST)
        assert private_position(SEED, DIGEST) != private_position(SEED, b"e" * 32)
        assert 0.0 <= private_position(SEED, DIGEST) < 1.0


class TestAWave:
    def test_takes_its_share_of_the_positions(self):
        waves = [wave_of(place, (0.02, 0.18, 0.80)) for place in (0.0, 0.0199, 0.02, 0.1999, 0.2, 0.999999)]

        assert waves == [0, 0, 1, 1, 2, 2]

    def test_that_is_the_last_takes_what_rounding_has_left(self):
        assert wave_of(0.9999999999999999, (0.1, 0.2, 0.7 - 1e-9)) == 2

    def test_without_shares_is_the_first(self):
        assert wave_of(0.999, ()) == 0
