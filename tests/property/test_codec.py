"""Whatever comes from outside is a message within its limits, or MalformedMessage."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.vault import control
from node.vault.core import codec
from node.vault.core.identity import decode_certificate, decode_record
from node.vault.core.messages import (
    CHUNK_BYTES_MAX,
    Audit,
    FindVaults,
    Get,
    GetNote,
    Hello,
    NoteContent,
    Ping,
    Put,
)
from node.vault.core.ranking import decode_table
from node.vault.errors import ControlError, MalformedMessage, PeerError
from node.vault.noting import NOTE_BYTES_MAX

HASH = st.binary(min_size=32, max_size=32)
REQUESTS = st.one_of(
    st.builds(Ping, st.one_of(st.just(b""), HASH)),
    st.builds(FindVaults, HASH),
    st.builds(Get, HASH, st.binary(min_size=16, max_size=32)),
    st.builds(Audit, HASH, st.binary(min_size=16, max_size=32)),
    st.builds(Put, HASH, st.binary(min_size=1, max_size=2000)),
    st.builds(GetNote, HASH),
)
NESTED = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@given(REQUESTS)
def test_a_request_survives_the_way_over_the_wire(request):
    assert codec.decode_request(codec.encode(request)) == request


@given(st.binary(max_size=4000))
def test_garbage_is_malformed_and_nothing_worse(garbage):
    for decode in (codec.decode_request, codec.decode_answer, codec.decode_evidence):
        try:
            message = decode(garbage)
        except MalformedMessage:
            continue
        assert isinstance(message, msgspec.Struct)


@pytest.mark.long
@given(NESTED)
def test_well_formed_nonsense_is_malformed_and_nothing_worse(nonsense):
    garbage = msgspec.msgpack.encode(nonsense)
    for decode in (codec.decode_request, codec.decode_answer, codec.decode_evidence):
        with pytest.raises(MalformedMessage):
            decode(garbage)


@given(REQUESTS, st.integers(0, 5000))
def test_a_message_cut_short_is_malformed(request, cut):
    content = codec.encode(request)
    with pytest.raises(MalformedMessage):
        codec.decode_request(content[: min(cut, len(content) - 1)])


@given(st.binary(max_size=2000), st.floats(0, 2e9))
def test_garbage_is_no_record_certificate_or_table(garbage, utc_s):
    for decode in (decode_record, decode_certificate, decode_table):
        with pytest.raises(PeerError):
            decode(garbage, utc_s)


def test_an_oversize_message_is_refused_before_it_is_parsed():
    with pytest.raises(MalformedMessage, match="are over"):
        codec.decode_request(bytes(codec.MESSAGE_BYTES_MAX + 1))


def test_a_chunk_may_be_one_mebibyte_and_not_a_byte_more():
    largest = Put(bytes(32), bytes(CHUNK_BYTES_MAX))
    assert codec.decode_request(codec.encode(largest)) == largest
    with pytest.raises(MalformedMessage):
        codec.decode_request(codec.encode(Put(bytes(32), bytes(CHUNK_BYTES_MAX + 1))))


@given(st.binary(max_size=NOTE_BYTES_MAX))
def test_a_note_survives_the_way_over_the_wire_and_is_no_byte_over_its_limit(content):
    answer = NoteContent(content)
    assert codec.decode_answer(codec.encode(answer)) == answer
    with pytest.raises(MalformedMessage):
        codec.decode_answer(codec.encode(NoteContent(content.ljust(NOTE_BYTES_MAX + 1))))


def test_deep_nesting_is_malformed():
    with pytest.raises(MalformedMessage):
        codec.decode_request(b"\x91" * 100_000)


@given(st.binary(max_size=300))
def test_garbage_on_the_control_channel_is_a_broken_contract(garbage):
    for decode in (control.decode_order, control.decode_report):
        with pytest.raises(ControlError):
            decode(garbage)


@given(st.lists(st.binary(max_size=500), max_size=10), st.lists(st.integers(1, 200), min_size=1))
def test_frames_come_out_whole_however_the_stream_is_cut(contents, cuts):
    stream = b"".join(len(content).to_bytes(4, "big") + content for content in contents)
    frames, received, start = control.Frames(), [], 0
    for turn in range(len(stream) + 1):
        end = start + cuts[turn % len(cuts)]
        received += frames.feed(stream[start:end])
        start = end
        if start >= len(stream):
            break
    assert received == contents


def test_a_frame_that_announces_too_much_is_refused_at_once():
    with pytest.raises(ControlError):
        control.Frames().feed((control.FRAME_BYTES_MAX + 1).to_bytes(4, "big"))


def test_a_hello_of_another_shape_is_malformed():
    with pytest.raises(MalformedMessage):
        codec.decode_request(msgspec.msgpack.encode([Hello.__name__, b"short", [1], [], ""]))
