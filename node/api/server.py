"""The local API in the supervisor: HTTP on a Unix socket that only the farmer's account can open.

Every answer is JSON of a type in ``schema``; every failure is an ErrorAnswer and never shows the inside.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, Literal, Protocol

import msgspec
from aiohttp import web

from node.api import texts
from node.api.schema import (
    ErrorAnswer,
    Event,
    HeadAnswer,
    Invitation,
    Joined,
    JoinRequest,
    PauseRequest,
    Settings,
    SettingsPatch,
    Status,
    StoredChunk,
    TrialView,
    Updates,
)
from node.vault.control import HEAD_BYTES_MAX
from node.vault.share.tree import CHUNK_BYTES_MAX

REQUEST_S_MAX: Final = 60.0  # storing a chunk in a slow close group takes the longest
PATCH_BYTES_MAX: Final = 64 << 10
JOIN_BYTES_MAX: Final = 64 << 10
STREAMS_MAX: Final = 32
HEARTBEAT_S: Final = 15.0  # so that both ends notice when the other is gone
WRITE_S_MAX: Final = 10.0  # a listener that does not take an event within it is cut
SHUTDOWN_S: Final = 1.0
JSON: Final = "application/json"
ADDRESS: Final = re.compile("[0-9a-f]{64}")

log = logging.getLogger(__name__)


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

    async def put_chunk(self, content: bytes) -> StoredChunk: ...

    async def get_chunk(self, address: bytes) -> bytes: ...

    def head(self) -> bytes: ...

    async def offer_head(self, content: bytes) -> HeadAnswer: ...

    async def invitation(self) -> Invitation: ...

    async def join(self, text: str) -> Joined: ...


class ApiServer:
    """Serves one node on one socket, from ``start`` to ``stop``."""

    def __init__(self, node: Node, socket: Path) -> None:
        self._node = node
        self._socket = socket
        self._streams = 0
        self._pauses: dict[int, asyncio.Timeout] = {}  # of the listeners that wait for something to happen
        self._is_stopping = False
        application = web.Application(middlewares=[_answer_errors], client_max_size=CHUNK_BYTES_MAX + 1)
        application.add_routes(
            [
                web.get("/v1/status", self._status),
                web.get("/v1/updates", self._updates),
                web.get("/v1/trial", self._trial),
                web.get("/v1/settings", self._settings),
                web.patch("/v1/settings", self._patch_settings),
                web.post("/v1/pause", self._pause),
                web.post("/v1/resume", self._resume),
                web.get("/v1/events", self._events),
                web.put("/v1/chunks", self._put_chunk),
                web.get("/v1/chunks/{address}", self._get_chunk),
                web.get("/v1/heads", self._head),
                web.post("/v1/heads", self._offer_head),
                web.get("/v1/invitation", self._invitation),
                web.post("/v1/invitation", self._join),
            ]
        )
        self._runner = web.AppRunner(
            application, access_log=None, handle_signals=False, handler_cancellation=True, shutdown_timeout=SHUTDOWN_S
        )

    async def start(self) -> None:
        """Serve from now on.

        Call it only while the home is locked: a socket that is there already is a left-over and is replaced.

        Raises:
            OSError: The socket cannot be made.
        """
        self._socket.unlink(missing_ok=True)
        await self._runner.setup()
        await web.UnixSite(self._runner, self._socket).start()
        self._socket.chmod(0o600)  # until here the home's own mode keeps others out

    async def stop(self) -> None:
        """End all requests and remove the socket."""
        self._is_stopping = True
        for pause in list(self._pauses.values()):
            with contextlib.suppress(RuntimeError):  # it is over this very moment
                pause.reschedule(asyncio.get_running_loop().time())  # the listeners' streams end now
        await self._runner.cleanup()
        self._socket.unlink(missing_ok=True)

    async def _status(self, _: web.Request) -> web.StreamResponse:
        return _json(self._node.status())

    async def _updates(self, _: web.Request) -> web.StreamResponse:
        return _json(self._node.updates())

    async def _trial(self, _: web.Request) -> web.StreamResponse:
        return _json(self._node.trial())

    async def _settings(self, _: web.Request) -> web.StreamResponse:
        return _json(self._node.settings())

    async def _patch_settings(self, request: web.Request) -> web.StreamResponse:
        content = await _body(request, PATCH_BYTES_MAX)
        try:
            patch = msgspec.json.decode(content, type=SettingsPatch)
        except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
            raise BadRequest(texts.malformed(str(error))) from error
        return _json(await self._node.patch_settings(patch))

    async def _pause(self, request: web.Request) -> web.StreamResponse:
        content = await _body(request, PATCH_BYTES_MAX)
        try:
            wanted = msgspec.json.decode(content, type=PauseRequest)
        except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
            raise BadRequest(texts.malformed(str(error))) from error
        return _json(await self._node.pause(wanted.lasts))

    async def _resume(self, _: web.Request) -> web.StreamResponse:
        return _json(await self._node.resume())

    async def _put_chunk(self, request: web.Request) -> web.StreamResponse:
        content = await _body(request, CHUNK_BYTES_MAX)
        if not content:
            raise BadRequest(texts.empty_chunk())
        return _json(await self._node.put_chunk(content))

    async def _get_chunk(self, request: web.Request) -> web.StreamResponse:
        address = request.match_info["address"]
        if not ADDRESS.fullmatch(address):
            raise BadRequest(texts.no_address())
        content = await self._node.get_chunk(bytes.fromhex(address))
        return _bytes(content)

    async def _head(self, _: web.Request) -> web.StreamResponse:
        return _bytes(self._node.head())

    async def _offer_head(self, request: web.Request) -> web.StreamResponse:
        return _json(await self._node.offer_head(await _body(request, HEAD_BYTES_MAX)))

    async def _invitation(self, _: web.Request) -> web.StreamResponse:
        return _json(await self._node.invitation())

    async def _join(self, request: web.Request) -> web.StreamResponse:
        content = await _body(request, JOIN_BYTES_MAX)
        try:
            given = msgspec.json.decode(content, type=JoinRequest)
        except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
            raise BadRequest(texts.malformed(str(error))) from error
        return _json(await self._node.join(given.text))

    async def _events(self, request: web.Request) -> web.StreamResponse:
        since = request.query.get("since", "")
        if since and not (since.isascii() and since.isdigit() and len(since) <= 18):
            raise BadRequest(texts.malformed("since is no number"))
        if self._streams >= STREAMS_MAX:
            return _error(503, "api.listeners", texts.too_many_listeners(STREAMS_MAX))
        self._streams += 1
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        try:
            await response.prepare(request)
            await self._stream(response, int(since) if since else self._node.events.newest)
        except (TimeoutError, ConnectionError):
            if request.transport is not None:
                request.transport.abort()  # what a slow listener has not taken is thrown away
        finally:
            self._streams -= 1
        return response

    async def _stream(self, response: web.StreamResponse, number: int) -> None:
        """Write every event after ``number``; where some are not known any more, say so and go on with the next."""
        events = self._node.events
        while not self._is_stopping:
            missed = events.since(number)
            if missed is None:
                number = events.newest
                await _write(response, b"event: reload\nid: %d\ndata:\n\n" % number)
                continue
            for event in missed:
                number = event.number
                await _write(response, b"id: %d\ndata: %b\n\n" % (number, msgspec.json.encode(event)))
            if missed:
                continue  # more may have come while these were written
            try:
                async with asyncio.timeout(HEARTBEAT_S) as pause:
                    self._pauses[id(pause)] = pause
                    await events.wait_after(number)
            except TimeoutError:
                await _write(response, b":\n\n")
            finally:
                del self._pauses[id(pause)]


class BadRequest(Exception):
    """The client's fault; the message is one sentence."""

    code = "api.request"


class TooLarge(BadRequest):
    code = "api.too_large"


@web.middleware
async def _answer_errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """End each request in time, and turn whatever goes wrong into an ErrorAnswer."""
    seconds = None if request.path == "/v1/events" else REQUEST_S_MAX
    try:
        async with asyncio.timeout(seconds):
            return await handler(request)
    except web.HTTPNotFound:
        return _error(404, "api.path", texts.unknown_path(request.path))
    except web.HTTPMethodNotAllowed:
        return _error(405, "api.method", texts.wrong_method(request.method, request.path))
    except web.HTTPException as error:
        return _error(error.status, "api.request", texts.malformed(error.reason))
    except TooLarge as error:
        return _error(413, error.code, str(error))
    except BadRequest as error:
        return _error(400, error.code, str(error))
    except TimeoutError:
        return _error(504, "api.timeout", texts.vault_slow(REQUEST_S_MAX))
    except Exception as error:
        code = getattr(error, "code", None)
        if isinstance(code, str):
            return _error(409, code, texts.refusal(code, str(error)))
        log.exception("request failed path=%s", request.path)
        return _error(500, "internal", texts.internal())


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


async def _write(response: web.StreamResponse, content: bytes) -> None:
    async with asyncio.timeout(WRITE_S_MAX):
        await response.write(content)


def _bytes(content: bytes) -> web.Response:
    return web.Response(body=content, content_type="application/octet-stream")


def _json(value: msgspec.Struct | None) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type=JSON)


def _error(status: int, code: str, message: str) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(ErrorAnswer(code, message)), content_type=JSON)
