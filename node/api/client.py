"""The client of the local API, for the command line and the window.  Plain asyncio; runs under qasync too."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar
from urllib.parse import quote

import aiohttp
import msgspec

from node.api import door, texts
from node.api.schema import (
    ErrorAnswer,
    Event,
    HeadAnswer,
    Invitation,
    Joined,
    JoinRequest,
    NetworkView,
    PauseLasts,
    PauseRequest,
    Settings,
    SettingsPatch,
    Status,
    StoredChunk,
    TrialView,
    Updates,
)
from node.api.told import Told, ToldError
from node.vault.control import HEAD_BYTES_MAX
from node.vault.share.tree import CHUNK_BYTES_MAX

ANSWER_S_MAX: Final = 10.0
STORE_S_MAX: Final = 90.0  # longer than the server's own limit: its answer says more than silence
CHUNK_S_MAX: Final = 2_040.0  # likewise, for a chunk
SILENCE_S_MAX: Final = 45.0  # three of the server's heartbeats
CUT_S: Final = 0.1  # for what a request given up had begun to send: a loop that ends before leaves its socket open
RETRY_S_MIN: Final = 0.5
RETRY_S_MAX: Final = 10.0
ANSWER_BYTES_MAX: Final = 8 << 20
BUFFER_BYTES: Final = ANSWER_BYTES_MAX >> 1  # aiohttp takes lines of up to twice as much

T = TypeVar("T")


class ApiError(ToldError):
    """The node refused, or gave no answer that could be understood.  ``code`` is stable."""

    def __init__(self, code: str, found: Told | str) -> None:
        super().__init__(found)
        self.code = code
        self.message = self.told.sentence


class NotRunning(ToldError):
    """Nobody serves this home's API.  Start the node, or try again later."""

    code = "api.not_running"


class Reload(msgspec.Struct, frozen=True):
    """Events were missed, or the connection was lost or is back: read everything anew."""


class Client:
    """Talks to the node of one home.  Belongs to one event loop; close it there."""

    def __init__(self, home: Path, *, has_socket: bool = door.HAS_UNIX_SOCKETS) -> None:
        """``has_socket``: whether the node is asked on its Unix socket; else where its ``api.json`` says."""
        self._home = home
        self._has_socket = has_socket
        self._session: aiohttp.ClientSession | None = None
        self._way = contextlib.ExitStack()  # to the socket; as long as the session
        self._is_cut = False  # whether a request was given up before its answer

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections.  May be called more than once."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()
            if self._is_cut:
                await asyncio.sleep(CUT_S)
        self._way.close()

    # Each of these raises NotRunning, or ApiError with what the node said.

    async def status(self) -> Status:
        return await self._ask("GET", "/v1/status", Status)

    async def app(self) -> str | None:
        """Which app a real node runs, by its tree hash: the one thing that is read of a later version in any case.

        None: it was started by no launcher, or is a practice network's.
        """
        found = await self._ask("GET", "/v1/status", _Running)
        return None if found.is_practice or found.program is None else found.program.app

    async def updates(self) -> Updates:
        return await self._ask("GET", "/v1/updates", Updates)

    async def trial(self) -> TrialView | None:
        return await self._ask("GET", "/v1/trial", TrialView | None)  # type: ignore[arg-type]

    async def settings(self) -> Settings:
        return await self._ask("GET", "/v1/settings", Settings)

    async def patch_settings(self, patch: SettingsPatch) -> Settings:
        return await self._ask("PATCH", "/v1/settings", Settings, msgspec.json.encode(patch))

    async def pause(self, lasts: PauseLasts) -> Status:
        return await self._ask("POST", "/v1/pause", Status, msgspec.json.encode(PauseRequest(lasts)))

    async def resume(self) -> Status:
        return await self._ask("POST", "/v1/resume", Status)

    async def stop(self) -> Status:
        """Let the node end in order; it may go on for half a minute, and answers meanwhile."""
        return await self._ask("POST", "/v1/stop", Status)

    async def put_chunk(self, content: bytes) -> StoredChunk:
        _check_size(content, CHUNK_BYTES_MAX)
        return await self._ask("PUT", "/v1/chunks", StoredChunk, content, CHUNK_S_MAX)

    async def get_chunk(self, address: str) -> bytes:
        """The chunk at ``address`` (64 hex digits); the node has checked that it is the one."""
        return await self._request("GET", f"/v1/chunks/{address}", None, CHUNK_S_MAX)

    async def head(self) -> bytes:
        """The head that the node carries, with what halts it; b"" before the first one."""
        return await self._request("GET", "/v1/heads", None, ANSWER_S_MAX)

    async def offer_head(self, content: bytes) -> HeadAnswer:
        _check_size(content, HEAD_BYTES_MAX)
        return await self._ask("POST", "/v1/heads", HeadAnswer, content, STORE_S_MAX)

    async def invitation(self, at: str = "") -> Invitation:
        """``at``: an IP address at which a router passes the vault's port on to it."""
        return await self._ask("GET", f"/v1/invitation?at={quote(at, safe='')}", Invitation)

    async def diagnostics(self) -> bytes:
        """The diagnostics file, as it may be given to others: nothing secret and no address is in it."""
        return await self._request("GET", "/v1/diagnostics", None, STORE_S_MAX)

    async def join(self, text: str) -> Joined:
        return await self._ask("POST", "/v1/invitation", Joined, msgspec.json.encode(JoinRequest(text)))

    async def network(self) -> NetworkView:
        return await self._ask("GET", "/v1/network", NetworkView)

    async def events(self, since: int) -> AsyncIterator[Event | Reload]:
        """Yield every event after number ``since``, for ever; connect again whenever the connection is lost.

        A ``Reload`` comes instead of events that were missed, when the connection is lost, and when it is back.
        After it, read what you show anew (which raises NotRunning while the node is down).  Kinds of events of a later
        version are passed over.
        """
        wait_s, is_lost = RETRY_S_MIN, False
        while True:
            try:
                async for item in self._listen(since, is_lost=is_lost):
                    wait_s, is_lost = RETRY_S_MIN, False
                    if isinstance(item, int):
                        since = item
                        yield Reload()
                    elif item.number != since + 1:
                        since = item.number
                        yield Reload()
                    else:
                        since = item.number
                        if isinstance(item, Event):
                            yield item
            except (NotRunning, ApiError):
                pass
            if not is_lost:
                is_lost = True
                yield Reload()
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, RETRY_S_MAX)

    async def _listen(self, since: int, *, is_lost: bool) -> AsyncIterator[Event | _Kind | int]:
        """Yield the events of one connection, raw where their kind is not known.

        A number comes where the server says that some were missed.

        Raises:
            NotRunning, ApiError: The connection could not be made, or broke.
        """
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=ANSWER_S_MAX, sock_read=SILENCE_S_MAX)
        try:
            url, headers = self._place()
            async with self._opened().get(
                f"{url}/v1/events", params={"since": str(since)}, headers=headers, timeout=timeout
            ) as answer:
                if answer.status != 200:
                    raise _refused(await _content(answer))
                if is_lost:
                    yield since  # back again: whatever is shown may be old
                number, content, is_reload = since, b"", False
                async for line in answer.content:
                    field, _, value = line.rstrip(b"\n").partition(b": ")
                    match field:
                        case b"id":
                            number = int(value)
                        case b"event":
                            is_reload = value == b"reload"
                        case b"data":
                            content = value
                        case b"" if is_reload:
                            yield number
                            content, is_reload = b"", False
                        case b"" if content:
                            yield _event(content)
                            content = b""
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise self._lost(error, SILENCE_S_MAX) from error
        except (msgspec.DecodeError, ValueError) as error:
            raise ApiError("api.answer", texts.broken_answer()) from error

    async def _ask(
        self, method: str, path: str, kind: type[T], body: bytes | None = None, seconds: float = ANSWER_S_MAX
    ) -> T:
        content = await self._request(method, path, body, seconds)
        try:
            return msgspec.json.decode(content, type=kind)
        except (msgspec.DecodeError, UnicodeError) as error:
            raise ApiError("api.answer", texts.broken_answer()) from error

    async def _request(self, method: str, path: str, body: bytes | None, seconds: float) -> bytes:
        timeout = aiohttp.ClientTimeout(total=seconds)
        try:
            url, headers = self._place()
            async with self._opened().request(
                method, f"{url}{path}", data=body, headers=headers, timeout=timeout
            ) as answer:
                content = await _content(answer)
                if answer.status != 200:
                    raise _refused(content)
                return content
        except asyncio.CancelledError:
            self._is_cut = True
            raise
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise self._lost(error, seconds) from error
        except (msgspec.DecodeError, UnicodeError) as error:
            raise ApiError("api.answer", texts.broken_answer()) from error

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            # Made here and not in __init__: it needs the running loop.
            self._session = self._opened_anew()
        return self._session

    def _opened_anew(self) -> aiohttp.ClientSession:
        if self._has_socket:
            path = self._way.enter_context(door.reachable(self._home / "api.sock"))
            connector = aiohttp.UnixConnector(path)
            return aiohttp.ClientSession(connector=connector, read_bufsize=BUFFER_BYTES)
        return aiohttp.ClientSession(read_bufsize=BUFFER_BYTES)

    def _place(self) -> tuple[str, dict[str, str]]:
        """Where to ask, and the headers for it; read anew each time, for a node that was started anew is elsewhere.

        Raises:
            NotRunning: Nobody says where.
        """
        if self._has_socket:
            return "http://perennial", {}
        found = door.load(self._home)
        if found is None:
            raise NotRunning(texts.not_running(self._home))
        return found.url, {"Authorization": f"Bearer {found.token}"}

    def _lost(self, error: Exception, seconds: float) -> NotRunning | ApiError:
        if isinstance(error, TimeoutError):
            return ApiError("api.timeout", texts.no_answer(seconds))
        cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
        if isinstance(cause, PermissionError):
            return ApiError("api.not_allowed", texts.not_entered(self._home, cause))
        return NotRunning(texts.not_running(self._home))


def _check_size(content: bytes, bytes_max: int) -> None:
    if len(content) > bytes_max:
        raise ApiError("api.too_large", texts.too_large(bytes_max))


class _App(msgspec.Struct):
    app: str


class _Running(msgspec.Struct):
    """The least of a status, so that nothing new in the rest of it is in the way."""

    is_practice: bool
    program: _App | None = None


class _Kind(msgspec.Struct):
    number: int
    at_s: float
    kind: str
    data: msgspec.Raw


def _event(content: bytes) -> Event | _Kind:
    """Read an event: the type of its data follows from its kind.  One that is not known stays raw."""
    read = msgspec.json.decode(content, type=_Kind)
    match read.kind:
        case "status":
            return Event(read.number, read.at_s, "status", msgspec.json.decode(read.data, type=Status))
        case "updates":
            return Event(read.number, read.at_s, "updates", msgspec.json.decode(read.data, type=Updates))
        case "trial":
            return Event(read.number, read.at_s, "trial", msgspec.json.decode(read.data, type=TrialView | None))
        case "settings":
            return Event(read.number, read.at_s, "settings", msgspec.json.decode(read.data, type=Settings))
        case _:
            return read


async def _content(answer: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for part in answer.content.iter_any():
        content += part
        if len(content) > ANSWER_BYTES_MAX:
            raise ApiError("api.answer", texts.broken_answer())
    return bytes(content)


def _refused(content: bytes) -> ApiError:
    answer = msgspec.json.decode(content, type=ErrorAnswer)
    return ApiError(answer.code, Told(answer.message, answer.said))
