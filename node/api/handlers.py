"""What the local API does at each of its routes: read the request, ask the node, write the answer.

Every answer is of a type in ``schema`` or bytes; what goes wrong is raised, and answered in ``server``.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Final, Literal, Protocol, TypeVar

import msgspec
from aiohttp import web

from node.api import metrics, openapi, request_texts, routes, texts
from node.api.schema import (
    Event,
    HeadAnswer,
    Invitation,
    Joined,
    JoinRequest,
    NetworkView,
    PauseRequest,
    Settings,
    SettingsPatch,
    Status,
    StoredChunk,
    TrialView,
    Updates,
)
from node.api.shares import streams
from node.api.shares.errors import ShareError
from node.vault.control import HEAD_BYTES_MAX
from node.vault.share.tree import CHUNK_BYTES_MAX

STREAMS_MAX: Final = 32
SHARES_MAX: Final = 4  # at once, each with up to a dozen chunks in memory
HEARTBEAT_S: Final = 15.0  # so that both ends notice when the other is gone
WRITE_S_MAX: Final = 10.0  # a listener that does not take an event within it is cut
SHARE_S_MAX: Final = 60.0  # in which the next bytes of a share are sent or taken
ADDRESS: Final = re.compile("[0-9a-f]{64}")

log = logging.getLogger(__name__)
Change = Callable[[SettingsPatch], Awaitable[Settings]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
T = TypeVar("T")


class Events(Protocol):
    """Numbered events; see ``node.supervisor.events.EventLog``."""

    @property
    def newest(self) -> int: ...

    def since(self, number: int) -> tuple[Event, ...] | None: ...

    async def wait_after(self, number: int) -> None: ...


class Node(Protocol):
    """What the API needs of a node.  Errors with a ``code`` are shown to the client, others are not."""

    @property
    def events(self) -> Events: ...

    def status(self) -> Status: ...

    def updates(self) -> Updates: ...

    def trial(self) -> TrialView | None: ...

    def settings(self) -> Settings: ...

    async def patch_settings(self, patch: SettingsPatch) -> Settings: ...

    async def pause(self, lasts: Literal["1h", "tomorrow", "until-resumed"]) -> Status: ...

    async def resume(self) -> Status: ...

    def stop(self) -> object:
        """End in order; called again, end at once."""
        ...

    async def network(self) -> NetworkView: ...

    async def put_chunk(self, content: bytes) -> StoredChunk: ...

    async def get_chunk(self, address: bytes) -> bytes: ...

    def head(self) -> bytes: ...

    async def offer_head(self, content: bytes) -> HeadAnswer: ...

    async def invitation(self, at: str = "") -> Invitation: ...

    async def join(self, text: str) -> Joined: ...

    def counters(self) -> Mapping[str, int]:
        """What the vault has counted since it was started, by name."""
        ...

    async def diagnostics(self) -> bytes:
        """A text in which nothing is secret, and nothing says who or where this is."""
        ...


class BadRequest(Exception):
    """The client's fault; the message is one sentence."""

    code = "api.request"


class TooLarge(BadRequest):
    code = "api.too_large"


class TooSlow(BadRequest):
    code = "api.slow"


class Busy(BadRequest):
    """As much of it is under way as may be; try again later."""

    code = "api.busy"


class Handlers:
    """Answers for one node.  ``change`` changes its settings, and whatever follows from them here."""

    def __init__(self, node: Node, change: Change) -> None:
        self._node = node
        self._change = change
        self._shares = 0
        self.streams = 0
        self._pauses: dict[int, asyncio.Timeout] = {}  # of the listeners that wait for something to happen
        self._is_stopping = False
        self._is_asked_to_stop = False

    def table(self) -> dict[str, Handler]:
        """The handler of each route, by the route's name."""
        return {
            "status": self._status,
            "updates": self._updates,
            "trial": self._trial,
            "settings": self._settings,
            "patch_settings": self._patch_settings,
            "pause": self._pause,
            "resume": self._resume,
            "stop": self._stop,
            "network": self._network,
            "events": self._events,
            "put_chunk": self._put_chunk,
            "get_chunk": self._get_chunk,
            "put_share": self._put_share,
            "get_share": self._get_share,
            "head": self._head,
            "offer_head": self._offer_head,
            "invitation": self._invitation,
            "join": self._join,
            "diagnostics": self._diagnostics,
            "openapi": self._openapi,
            "metrics": self._metrics,
        }

    def stop(self) -> None:
        """Let all listeners' streams end now."""
        self._is_stopping = True
        for pause in list(self._pauses.values()):
            with contextlib.suppress(RuntimeError):  # it is over this very moment
                pause.reschedule(asyncio.get_running_loop().time())

    async def _status(self, _: web.Request) -> web.StreamResponse:
        return _json(self._node.status())

    async def _updates(self, _: web.Request) -> web.StreamResponse:
        return _json(self._node.updates())

    async def _trial(self, _: web.Request) -> web.StreamResponse:
        return _json(self._node.trial())

    async def _settings(self, _: web.Request) -> web.StreamResponse:
        return _json(self._node.settings())

    async def _patch_settings(self, request: web.Request) -> web.StreamResponse:
        return _json(await self._change(await _read(request, SettingsPatch)))

    async def _pause(self, request: web.Request) -> web.StreamResponse:
        return _json(await self._node.pause((await _read(request, PauseRequest)).lasts))

    async def _resume(self, _: web.Request) -> web.StreamResponse:
        return _json(await self._node.resume())

    async def _stop(self, _: web.Request) -> web.StreamResponse:
        if not self._is_asked_to_stop:  # whoever asks again is not in a hurry: a person in a hurry has other means
            self._is_asked_to_stop = True
            self._node.stop()
        return _json(self._node.status())

    async def _network(self, _: web.Request) -> web.StreamResponse:
        return _json(await self._node.network())

    async def _put_chunk(self, request: web.Request) -> web.StreamResponse:
        content = await _body(request, CHUNK_BYTES_MAX)
        if not content:
            raise BadRequest(request_texts.empty_chunk())
        return _json(await self._node.put_chunk(content))

    async def _get_chunk(self, request: web.Request) -> web.StreamResponse:
        return _bytes(await self._node.get_chunk(_address(request)))

    async def _put_share(self, request: web.Request) -> web.StreamResponse:
        name = request.query.get("name", "")
        with self._one_share():
            return _json(await streams.put(self._node, name, _parts(request)))

    async def _get_share(self, request: web.Request) -> web.StreamResponse:
        address = _address(request)
        with self._one_share():
            share = await streams.find(self._node, address)
            response = web.StreamResponse(headers={"Content-Disposition": f"attachment; filename*={share.quoted_name}"})
            response.content_type = routes.TAR if share.is_folder else routes.BYTES
            if not share.is_folder:
                response.content_length = share.length
            await response.prepare(request)
            try:
                async with contextlib.aclosing(share.content()) as parts:
                    async for part in parts:
                        await _write(response, part, SHARE_S_MAX)
                await response.write_eof()
            except (ShareError, TimeoutError, ConnectionError) as error:
                # It has begun as a good answer; only an end too early can say that it is none.
                log.info("share not passed on to its end reason=%s", error)
                _abort(request)
            except Exception:  # a fault inside: an answer about it would come as bytes of the share
                log.exception("share not passed on to its end")
                _abort(request)
        return response

    async def _head(self, _: web.Request) -> web.StreamResponse:
        return _bytes(self._node.head())

    async def _offer_head(self, request: web.Request) -> web.StreamResponse:
        return _json(await self._node.offer_head(await _body(request, HEAD_BYTES_MAX)))

    async def _invitation(self, request: web.Request) -> web.StreamResponse:
        at = request.query.get("at", "")
        if len(at) > routes.AT_CHARACTERS_MAX:
            raise BadRequest(request_texts.malformed("at is too long for an address"))
        return _json(await self._node.invitation(at))

    async def _join(self, request: web.Request) -> web.StreamResponse:
        return _json(await self._node.join((await _read(request, JoinRequest)).text))

    async def _diagnostics(self, _: web.Request) -> web.StreamResponse:
        return _text(await self._node.diagnostics(), routes.TEXT)

    async def _openapi(self, _: web.Request) -> web.StreamResponse:
        return web.Response(body=openapi.document(), content_type=routes.JSON)

    async def _metrics(self, _: web.Request) -> web.StreamResponse:
        traffic = (await self._node.network()).traffic
        content = metrics.exposition(self._node.status(), self._node.updates(), self._node.counters(), traffic)
        return _text(content.encode(), routes.METRICS)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        since = request.query.get("since", "")
        if since and not (since.isascii() and since.isdigit() and len(since) <= routes.NUMBER_DIGITS_MAX):
            raise BadRequest(request_texts.malformed("since is no number"))
        if self.streams >= STREAMS_MAX:
            raise Busy(request_texts.too_many_listeners(STREAMS_MAX))
        self.streams += 1
        response = web.StreamResponse(headers={"Content-Type": routes.EVENTS, "Cache-Control": "no-store"})
        try:
            await response.prepare(request)
            await self._stream(response, int(since) if since else self._node.events.newest)
        except (TimeoutError, ConnectionError):
            _abort(request)  # what a slow listener has not taken is thrown away
        finally:
            self.streams -= 1
        return response

    async def _stream(self, response: web.StreamResponse, number: int) -> None:
        """Write every event after ``number``; where some are not known any more, say so and go on with the next."""
        events = self._node.events
        while not self._is_stopping:
            missed = events.since(number)
            if missed is None:
                number = events.newest
                await _write(response, b"event: reload\nid: %d\ndata:\n\n" % number, WRITE_S_MAX)
                continue
            for event in missed:
                number = event.number
                await _write(response, b"id: %d\ndata: %b\n\n" % (number, msgspec.json.encode(event)), WRITE_S_MAX)
            if missed:
                continue  # more may have come while these were written
            try:
                async with asyncio.timeout(HEARTBEAT_S) as pause:
                    self._pauses[id(pause)] = pause
                    await events.wait_after(number)
            except TimeoutError:
                await _write(response, b":\n\n", WRITE_S_MAX)
            finally:
                del self._pauses[id(pause)]

    @contextlib.contextmanager
    def _one_share(self) -> Iterator[None]:
        if self._shares >= SHARES_MAX:
            raise Busy(request_texts.too_many_shares(SHARES_MAX))
        self._shares += 1
        try:
            yield
        finally:
            self._shares -= 1


async def _read(request: web.Request, kind: type[T]) -> T:
    """The request's body as a ``kind``; raises BadRequest."""
    content = await _body(request, routes.JSON_BYTES_MAX)
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise BadRequest(request_texts.malformed(str(error))) from error


async def _body(request: web.Request, bytes_max: int) -> bytes:
    """Read the request's body.

    Raises:
        TooLarge: It is longer than ``bytes_max``; the rest is not read.
    """
    if (request.content_length or 0) > bytes_max:
        raise TooLarge(texts.too_large(bytes_max))
    try:
        content = await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise TooLarge(texts.too_large(bytes_max)) from error
    if len(content) > bytes_max:
        raise TooLarge(texts.too_large(bytes_max))
    return content


async def _parts(request: web.Request) -> AsyncIterator[bytes]:
    """The body as it comes.  Raises TooSlow where nothing comes for SHARE_S_MAX."""
    while True:
        try:
            async with asyncio.timeout(SHARE_S_MAX):
                part = await request.content.readany()
        except TimeoutError as error:
            raise TooSlow(request_texts.body_slow(SHARE_S_MAX)) from error
        if not part:
            return
        yield part


def _address(request: web.Request) -> bytes:
    address = request.match_info["address"]
    if not ADDRESS.fullmatch(address):
        raise BadRequest(request_texts.no_address())
    return bytes.fromhex(address)


async def _write(response: web.StreamResponse, content: bytes, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        await response.write(content)


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _bytes(content: bytes) -> web.Response:
    return web.Response(body=content, content_type=routes.BYTES)


def _text(content: bytes, media: str) -> web.Response:
    return web.Response(body=content, headers={"Content-Type": media})


def _json(value: msgspec.Struct | None) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type=routes.JSON)
