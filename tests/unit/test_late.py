"""What vaults without a version in common say to each other stays as it is, byte for byte, for ever.

A test here that fails is never mended by changing the bytes in it.
"""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.vault.core import late
from node.vault.core.identity import Introduction
from node.vault.core.late import Question
from node.vault.errors import MalformedMessage

NETWORK, SUBJECT = b"n" * 32, b"s" * 32
VAULTS = (
    Introduction(b"k" * 32, ("192.0.2.7:4711", "[2001:db8::7]:4711")),
    Introduction(b"l" * 32, ("198.51.100.1:1",)),
)
VAULTS_GOLDEN = (
    b"k" * 32 + b"\x02\x0e192.0.2.7:4711\x12[2001:db8::7]:4711" + b"l" * 32 + b"\x01\x0e198.51.100.1:1"
)  # fmt: skip


def test_the_name_of_the_protocol_is_golden():
    assert late.PROTOCOL == b"perennial/late"


@pytest.mark.parametrize(
    ("kind", "first"), [(late.WHICH, b"\x01"), (late.HEAD, b"\x02"), (late.FILE, b"\x03"), (late.NEAR, b"\x04")]
)
def test_the_bytes_of_each_question_are_golden(kind: int, first: bytes):
    golden = first + NETWORK + SUBJECT
    assert late.encode_question(Question(kind, NETWORK, SUBJECT)) == golden
    assert late.decode_question(golden) == Question(kind, NETWORK, SUBJECT)


def test_the_bytes_of_answers_are_golden():
    assert late.encode_answer(late.HERE, b"content") == b"\x00content"
    assert late.encode_answer(late.NOT_HERE) == b"\x01"
    assert late.encode_answer(late.NOT_NOW) == b"\x02"
    assert late.content_of(b"\x00content") == b"content"
    assert [late.content_of(answer) for answer in (b"", b"\x01content", b"\x02", b"\xffcontent")] == [b""] * 4


def test_the_bytes_that_name_vaults_are_golden():
    assert late.encode_vaults(VAULTS) == VAULTS_GOLDEN
    assert late.decode_vaults(VAULTS_GOLDEN) == VAULTS


def test_what_a_later_version_appends_to_a_question_is_not_read():
    assert late.decode_question(b"\x03" + NETWORK + SUBJECT + b"later") == Question(late.FILE, NETWORK, SUBJECT)


def test_a_kind_that_no_version_knows_yet_can_be_read():
    assert late.decode_question(b"\x63" + NETWORK + SUBJECT).kind == 99


@pytest.mark.parametrize("content", [b"", b"\x01", b"\x01" + NETWORK + SUBJECT[:-1], b"\x01" * 1025])
def test_what_is_too_short_or_too_long_is_no_question(content: bytes):
    with pytest.raises(MalformedMessage):
        late.decode_question(content)


@pytest.mark.parametrize(
    "content",
    [VAULTS_GOLDEN[:-1], VAULTS_GOLDEN[:40], b"k" * 33, b"k" * 32 + b"\x01\x03abc", b"k" * 32 + b"\x01\x09224.0.0.1"],
)
def test_vaults_that_end_too_soon_or_can_be_nowhere_are_refused(content: bytes):
    with pytest.raises(MalformedMessage):
        late.decode_vaults(content)


def test_more_vaults_than_are_wanted_are_not_read():
    many = late.encode_vaults(VAULTS[:1] * (late.VAULTS_MAX + 5))
    assert len(late.decode_vaults(many)) == late.VAULTS_MAX


@given(st.binary(max_size=1100))
def test_whatever_comes_is_read_or_refused(content: bytes):
    for read in (late.decode_question, late.decode_vaults):
        with contextlib.suppress(MalformedMessage):
            read(content)
    late.content_of(content)
