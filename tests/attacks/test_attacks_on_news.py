"""Peers who do not want the developers' word to come through: late, loud, in crowds, with lies of every kind."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import msgspec
import pytest

from node.pod.statements import heartbeat
from node.trust.head import TIMESTAMP_BYTES_MAX, Head, decode, encode
from node.update.reasons import UNSEEN
from node.vault.core import codec
from node.vault.core.codec import MESSAGE_BYTES_MAX
from node.vault.core.gossip import SEEN_S
from node.vault.core.messages import Chunk, FetchHead, Get, HeadContent, Ping, Pong, Refused, Request
from tests.attacks.stage import Farm, Lie, Peer, Stage, tree_of
from tests.signed_world import DAY

JUDGED_S: Final = 120.0
CROWD: Final = 20
STALE, NEW = "1", "2"


def spaced(head: bytes, number: int) -> bytes:
    """The same head under another digest: anybody can do that."""
    files = decode(head)
    return encode(msgspec.structs.replace(files, timestamp=files.timestamp + b" " * number))


def naming_no_roots(head: bytes, number: int) -> bytes:
    """The head, naming a root that nobody has."""
    return encode(msgspec.structs.replace(decode(head), roots=(number.to_bytes(32, "big"),)))


def names(head: bytes, lie: Lie) -> Lie:
    """Say to everyone that this head is carried, so as to be asked for it, and then lie."""
    digest = hashlib.sha256(head).digest()
    return lambda asked, honest: codec.encode(Pong(digest)) if isinstance(asked, Ping) else lie(asked, honest)


def says_nothing(_asked: Request, _honest: bytes) -> None:
    """A peer that never answers."""


def is_busy(_asked: Request, _honest: bytes) -> bytes:
    return codec.encode(Refused("busy"))


def sends_too_much(asked: Request, honest: bytes) -> bytes:
    return bytes(MESSAGE_BYTES_MAX + 1) if isinstance(asked, FetchHead | Get) else honest


def sends_garbage(asked: Request, honest: bytes) -> bytes:
    if isinstance(asked, Get) and isinstance(answer := codec.decode_answer(honest), Chunk):
        return codec.encode(msgspec.structs.replace(answer, content=b"garbage"))
    return codec.encode(HeadContent(b"garbage")) if isinstance(asked, FetchHead) else honest


def hides_files(asked: Request, honest: bytes) -> bytes | None:
    return None if isinstance(asked, Get) else honest


@contextlib.asynccontextmanager
async def nagging(nag: Callable[[int], Awaitable[None]], pause_s: float) -> AsyncIterator[None]:
    """``nag`` is done again and again, meanwhile."""

    async def main() -> None:
        number = 0
        while True:
            number += 1
            await nag(number)
            await asyncio.sleep(pause_s)

    task = asyncio.create_task(main())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def informed(stage: Stage, honest: list[Peer]) -> Farm:
    """A farm that knows the first word of the developers."""
    farm = await stage.farm()
    await stage.publish(honest, encode(stage.signed.head))
    await stage.until(lambda: farm.head != b"", JUDGED_S)
    return farm


class TestEndlessData:
    @pytest.mark.long
    def test_whoever_sends_more_than_a_message_is_blamed_and_the_next_one_asked(self, stage: Stage):
        async def story() -> None:
            honest = await stage.add(5)
            farm, head = await informed(stage, honest), stage.release(NEW)
            liars = await stage.add(3, lie=names(head, sends_too_much))
            await stage.until(lambda: all(farm.blames(liar) for liar in liars), JUDGED_S)
            await stage.publish(honest, head)
            assert await stage.until(lambda: farm.head == head) < JUDGED_S
            assert not any(farm.blames(peer) for peer in honest)
            await stage.until(lambda: farm.in_use == tree_of(NEW))

        stage.play(story)

    @pytest.mark.long
    def test_a_file_without_end_in_a_head_is_not_even_read(self, stage: Stage):
        """Ten times as deep as anybody can read, and as long as it may be: one blamed peer, no more."""

        async def story() -> None:
            honest = await stage.add(5)
            farm = await informed(stage, honest)
            known, (liar, other) = farm.head, await stage.add(2)
            deep = b"[" * TIMESTAMP_BYTES_MAX
            await liar.carry(encode(msgspec.structs.replace(stage.signed.head, timestamp=deep)))
            await stage.until(lambda: bool(farm.refused), JUDGED_S)
            too_long = msgspec.structs.replace(stage.signed.head, timestamp=b" " * (1 << 19))
            await other.carry(msgspec.msgpack.encode(too_long))
            await stage.until(lambda: len(farm.refused) == 2, JUDGED_S)
            assert farm.refused == [
                f"timestamp of {1 << 19} bytes is over {TIMESTAMP_BYTES_MAX}",
                "timestamp cannot be read: it is nested too deeply",
            ]
            assert (farm.head, farm.blames(liar), farm.blames(other)) == (known, True, True)
            await stage.publish(honest, stage.release(NEW))
            await stage.until(lambda: farm.in_use == tree_of(NEW))

        stage.play(story)

    @pytest.mark.long
    def test_a_thousand_roots_that_are_none_cost_one_file(self, stage: Stage):
        async def story() -> None:
            honest = await stage.add(5)
            farm, (liar,) = await informed(stage, honest), await stage.add(1)
            junk = [b"junk" + bytes(1000) + number.to_bytes(2, "big") for number in range(1000)]
            asked: list[bytes] = []

            def counts(message: Request, honest_answer: bytes) -> bytes:
                if isinstance(message, Get):
                    asked.append(message.address)
                return honest_answer

            liar.body.lie = counts
            named = tuple(hashlib.sha256(content).digest() for content in junk)
            await liar.carry(encode(Head(named, b"", b"", b"", {})), junk)
            await stage.until(lambda: bool(farm.refused), JUDGED_S)
            assert "root cannot be read" in farm.refused[0]
            assert set(asked) == {named[0]}
            assert farm.blames(liar)

        stage.play(story)


class TestFreeze:
    @pytest.mark.long
    def test_a_crowd_in_one_subnet_with_heads_that_take_long_to_judge(self, stage: Stage):
        """Each has a head of its own, which names a root that they promise and never give."""

        async def story() -> None:
            honest = await stage.add(5)
            farm, head = await informed(stage, honest), stage.release(NEW)
            crowd = await stage.add(CROWD, subnet=99, lie=hides_files)

            async def nag(number: int) -> None:
                await crowd[number % CROWD].carry(naming_no_roots(head, number))

            async with nagging(nag, pause_s=2.0):
                await asyncio.sleep(JUDGED_S)
                await stage.publish(honest, head)
                assert await stage.until(lambda: farm.head == head) < 2 * JUDGED_S

        stage.play(story)

    @pytest.mark.long
    def test_peers_who_each_show_another_digest_of_the_same_news(self, stage: Stage):
        """Else whoever is first to bring it to each farm, with a space added, could keep all from ever trying it."""

        async def story() -> None:
            honest = await stage.add(6)
            farm, head = await informed(stage, honest), stage.release(NEW)
            (liar,) = await stage.add(1)
            await stage.publish([liar], spaced(head, 7))
            await stage.until(lambda: farm.head == spaced(head, 7), JUDGED_S)
            for number, peer in enumerate(honest):
                await stage.publish([peer], spaced(head, number))
            await stage.until(lambda: farm.in_use == tree_of(NEW))

        stage.play(story)

    @pytest.mark.long
    def test_honest_peers_are_not_blamed_for_what_one_pod_signed_twice(self, stage: Stage):
        """Half of the network knows one heartbeat, half another one of the same number, until a third one comes."""

        async def story() -> None:
            honest = await stage.add(5)
            farm, signed, pods = await informed(stage, honest), stage.signed, stage.signed.pods[:2]
            one, other = (encode(heartbeat(signed.head, pod, stage.now() + DAY * n)) for n, pod in enumerate(pods))
            await stage.publish(honest[:1], one)
            await stage.until(lambda: farm.head == one, JUDGED_S)
            await stage.publish(honest, other)
            await stage.until(lambda: bool(farm.refused), JUDGED_S)
            await asyncio.sleep(2 * SEEN_S)
            assert not any(farm.blames(peer) for peer in honest)
            assert farm.state == "current"
            signed.head = heartbeat(decode(other), signed.pods[2], stage.now())
            await stage.publish(honest, encode(signed.head))
            await stage.until(lambda: farm.head == encode(signed.head), 2 * SEEN_S)

        stage.play(story)

    @pytest.mark.long
    def test_a_head_made_for_one_farm_alone_is_never_tried(self, stage: Stage):
        """Three pods that work together, and peers of theirs in two subnets, which are one too few."""

        async def story() -> None:
            first, honest, farm = encode(stage.signed.head), await stage.add(5), await stage.farm()
            liars, own = await stage.add(2), farm.in_use
            await stage.publish(liars, stage.release("secret"))
            await stage.until(lambda: "vault/secret" in farm.releases, JUDGED_S)
            await stage.publish(honest, first)
            await asyncio.sleep(6 * SEEN_S)
            found = farm.releases["vault/secret"]
            assert (found.phase, found.reason, farm.in_use) == ("announced", UNSEEN, own)

        stage.play(story)


class TestTwelveOfTwentyPeersLie:
    @pytest.mark.long
    def test_the_newest_release_comes_through_and_those_who_sent_lies_are_known(self, stage: Stage):
        async def story() -> None:
            honest = await stage.add(8)
            farm = await informed(stage, honest)
            stale = stage.release(STALE)
            forged = stage.release("forged", by=stage.signed.pods[:2])
            stage.signed.head = decode(stale)
            head = stage.release(NEW)
            kinds = (says_nothing, is_busy, sends_too_much, sends_garbage)
            senders = [liar for kind in kinds for liar in await stage.add(2, lie=names(head, kind))]
            old, forgers = await stage.add(2, lie=hides_files), await stage.add(2, lie=hides_files)
            await stage.publish(old, stale)
            await stage.publish(forgers, forged)
            await asyncio.sleep(JUDGED_S)
            await stage.publish(honest, head)
            assert await stage.until(lambda: farm.head == head) < 2 * JUDGED_S
            assert all(farm.blames(liar) for liar in senders[4:])
            assert any(farm.blames(liar) for liar in forgers)
            assert not any(farm.blames(peer) for peer in (*honest, *old))
            await stage.until(lambda: farm.in_use == tree_of(NEW))
            assert "vault/forged" not in farm.releases

        stage.play(story)
