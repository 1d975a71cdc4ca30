"""Whatever peers, disk and clock do to a vault, it raises nothing, and takes no more memory than its limits allow."""

from __future__ import annotations

import random
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.vault import control
from node.vault.core import codec
from node.vault.core.identity import decode_introduction, decode_record
from node.vault.core.ranking import decode_table
from node.vault.errors import VaultError
from tests.fuzz.story import PEERS, Story

LONG_STORY_EVENTS_MIN = 100

BOMBS = {
    "an array of four billion": b"\xdd\xff\xff\xff\xff",
    "a map of four billion": b"\xdf\xff\xff\xff\xff",
    "four gigabytes of bytes": b"\xc6\xff\xff\xff\xff",
    "four gigabytes of text": b"\xdb\xff\xff\xff\xff",
    "an extension of four gigabytes": b"\xc9\xff\xff\xff\xff\x01",
    "records without end": b"\x92\xa6Vaults\xdd\xff\xff\xff\xff",
    "arrays in arrays": b"\x92\xa6Vaults" + b"\xdc\xff\xff" * 1000,
}


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=1500))
def test_no_story_makes_a_vault_raise(story):
    told = Story(story)
    told.tell()

    assert told.events > PEERS


@pytest.mark.parametrize("seed", range(40))
def test_no_long_story_makes_a_vault_raise(seed):
    told = Story(random.Random(seed).randbytes(4000))
    told.tell()

    assert told.events > LONG_STORY_EVENTS_MIN


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_message_that_announces_more_than_it_brings_takes_no_memory(bomb):
    decoders = (
        codec.decode_request, codec.decode_answer, codec.decode_evidence, control.decode_order, control.decode_report,
        decode_introduction, lambda content: decode_record(content, 0.0), lambda content: decode_table(content, 0.0),
    )  # fmt: skip
    tracemalloc.start()
    try:
        for decode in decoders:
            with pytest.raises(VaultError):
                decode(bomb)
        assert tracemalloc.get_traced_memory()[1] < codec.MESSAGE_BYTES_MAX
    finally:
        tracemalloc.stop()
