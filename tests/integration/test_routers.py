"""Homes behind real routers, made of network namespaces: they meet, and hold each other's chunks.

Left out, aloud, where there are none: they need root, and the programs ``ip`` and ``iptables``.
"""

from __future__ import annotations

import asyncio
import os

import pytest

from tests.routers.bed import NoBed
from tests.routers.story import HOLDERS, Found, play

HOMES = 3


@pytest.fixture(scope="module")
def found() -> Found:
    try:
        return asyncio.run(play(HOMES))
    except NoBed as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


@pytest.mark.long
def test_every_home_knows_every_other_one(found: Found):
    assert found.unknown == 0


def test_every_home_names_the_address_of_its_router(found: Found):
    assert all(home.is_outer_named for home in found.homes)


def test_what_one_home_puts_another_one_reads(found: Found):
    assert (found.copies, found.is_read) == (HOLDERS, True)
