"""The local API in the supervisor: HTTP on a Unix socket that only the farmer's account can open.

Over TCP, on the loopback address alone, where that is switched on or there are no Unix sockets; see ``door``.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import sys
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import web

from node.api import door, request_texts, texts
from node.api.handlers import BadRequest, Handler, Handlers, Node
from node.api.routes import FAILURES, JSON, NODES_OWN, ROUTES
from node.api.schema import ErrorAnswer, Settings, SettingsPatch
from node.api.told import Told, ToldError
from node.supervisor.errors import PortInUse
from node.vault.ports import Entropy
from node.vault.share.tree import CHUNK_BYTES_MAX

REQUEST_S_MAX: Final = 60.0
QUEUED_S_MAX: Final = 1_980.0  # for a chunk, until it is its turn and then on a slow line
CONNECTIONS_MAX: Final = 128  # at each door, listeners included
IDLE_S_MAX: Final = 30.0  # in which a connection must have sent the whole head of its next request
LINE_BYTES_MAX: Final = 8 << 10  # of the first line, and of each header
SHUTDOWN_S: Final = 1.0
TRY_AGAIN_S: Final = 30.0  # for a port that another program had

log = logging.getLogger(__name__)


class ApiServer:
    """Serves one node, from ``start`` to ``stop``: on its socket, and on a TCP port as the settings say."""

    def __init__(
        self, node: Node, path: Path, entropy: Entropy = os.urandom, *, has_socket: bool = door.HAS_UNIX_SOCKETS
    ) -> None:
        self._node = node
        self._socket = path
        self._home = path.parent
        self._has_socket = has_socket
        self._token = door.token_of(entropy(door.TOKEN_BYTES))
        self._tcp: _Listener | None = None
        self._bound_as: tuple[int, int] | None = None  # the file of the socket
        self._moving = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()
        self._changing: set[asyncio.Task[Settings]] = set()
        self._trying: asyncio.Task[None] | None = None
        self.handlers = Handlers(node, self._change)
        self.local = _Listener(self.handlers, None)

    async def start(self, inherited: int | None = None) -> None:
        """Serve from now on; ``inherited`` is the socket's descriptor, if the program before has handed it on.

        Call it only while the home is locked: any other socket that is there already is a left-over and is replaced.

        Raises:
            OSError: The socket cannot be made.
        """
        door.remove(self._home)
        if inherited is not None:
            await self.local.listen_at(socket.socket(fileno=inherited))
        elif self._has_socket:
            await self.local.listen_at(_bound(self._socket))
        self._bound_as = _identity(self._socket)
        await self._open_as_set()

    async def follow(self) -> None:
        """Serve at the socket's name again, if another file or none is there by now: the disk was plugged in again.

        Call it only while the home is locked.  Who is connected stays so.

        Raises:
            OSError: It cannot be made; it can be tried again.
        """
        found = await asyncio.to_thread(_identity, self._socket)
        if not self._has_socket or (found is not None and found == self._bound_as):
            return
        await self.local.listen_at(await asyncio.to_thread(_bound, self._socket))
        self._bound_as = await asyncio.to_thread(_identity, self._socket)
        async with self._moving:
            if self._tcp is not None:
                await asyncio.to_thread(door.save, self._home, door.Door(self._tcp.port, self._token))
        log.info("socket made anew: the home is on another file system by now")

    async def stop(self) -> None:
        """End all requests, and remove the socket and what leads to the port, unless they are another node's."""
        is_anothers = _identity(self._socket) not in (None, self._bound_as)
        await self._stop(is_home_left=is_anothers)
        if not is_anothers:
            self._socket.unlink(missing_ok=True)

    async def hand_on(self) -> int | None:
        """End all requests; return a descriptor of the socket, at which whoever connects waits for the next program.

        None where there is no socket.
        """
        descriptor = self.local.duplicate()
        await self._stop()
        return descriptor

    async def _stop(self, *, is_home_left: bool = False) -> None:
        self.handlers.stop()
        unfinished = [*self._changing, *([self._trying] if self._trying else [])]
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)
        if not is_home_left:
            door.remove(self._home)
        await asyncio.gather(self.local.close(), *([self._tcp.close()] if self._tcp else []), *self._closing)

    @property
    def port(self) -> int:
        """Where it is served over TCP; 0: nowhere."""
        return 0 if self._tcp is None else self._tcp.port

    async def _open_as_set(self) -> None:
        port = self._node.settings().api_port
        if not port and self._has_socket:
            return
        try:
            self._take(await self._opened(port))
        except PortInUse as error:
            log.warning("api not on its port yet reason=%s", error)
            if not self._has_socket:  # somewhere it must be found
                self._take(await self._opened(0))
            self._trying = asyncio.create_task(self._try_again(port))

    async def _try_again(self, port: int) -> None:
        """Move to the port that is set once it can be had, unless another one is set meanwhile."""
        while True:
            await asyncio.sleep(TRY_AGAIN_S)
            async with self._moving:
                if self._node.settings().api_port != port or self.port == port:
                    return
                with contextlib.suppress(PortInUse):
                    self._take(await self._opened(port))
                    return

    async def _change(self, patch: SettingsPatch) -> Settings:
        """Change what is given, and with it the port.  Once begun it is carried out, even if the caller goes away.

        Else the settings could say that nobody can come in over TCP while it is open all the same.
        """
        changing = asyncio.create_task(self._changed(patch))
        self._changing.add(changing)
        changing.add_done_callback(self._changing.discard)
        return await asyncio.shield(changing)

    async def _changed(self, patch: SettingsPatch) -> Settings:
        """Raises PortInUse when the port cannot be had; then nothing has changed."""
        if not isinstance(patch.api_port, int):
            return await self._node.patch_settings(patch)
        async with self._moving:
            port = patch.api_port if self._has_socket or patch.api_port else self.port
            if port == self.port:
                return await self._node.patch_settings(patch)
            opened = await self._opened(port) if port else None
            try:
                settings = await self._node.patch_settings(patch)
            except BaseException:
                if opened is not None:
                    await opened.close()
                raise
            self._take(opened)
            return settings

    async def _opened(self, port: int) -> _Listener:
        if not 0 <= port <= door.PORT_MAX:
            raise PortInUse(request_texts.no_port(port))
        listener = _Listener(self.handlers, self._token)
        try:
            await listener.listen_on(port)
        except OSError as error:
            await listener.close()
            raise PortInUse(request_texts.api_port_refused(port, error)) from error
        return listener

    def _take(self, listener: _Listener | None) -> None:
        """Serve here from now on, and no longer where it was; the request that asked for it is still answered."""
        if self._tcp is not None:
            closing = asyncio.create_task(self._tcp.close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
        self._tcp = listener
        if listener is None:
            door.remove(self._home)
        else:
            try:
                door.save(self._home, door.Door(listener.port, self._token))
            except OSError as error:  # on a full disk the node goes on; over TCP nobody finds the token
                log.warning("api.json not written reason=%s", error)


def _bound(path: Path) -> socket.socket:
    """A new socket of that name, in the place of whatever has it.  Blocking.  Raises OSError."""
    path.unlink(missing_ok=True)
    made = socket.socket(socket.AF_UNIX)
    try:
        with door.reachable(path) as reachable:
            made.bind(reachable)
        path.chmod(0o600)  # until here the home's own mode keeps others out
    except OSError:
        made.close()
        raise
    return made


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file has that name; None if none has, or the disk does not say.  Blocking."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


class _Listener:
    """One door: connections up to a limit, and the checks of TCP where there is a token."""

    def __init__(self, handlers: Handlers, token: str | None) -> None:
        self._token = token
        self.port = 0
        self.application = web.Application(
            middlewares=[_answer_errors, *([self._guard] if token is not None else [])],
            client_max_size=CHUNK_BYTES_MAX + 1,
        )
        table = handlers.table()
        assert len(table) == len(ROUTES)
        for route in ROUTES:
            limit_s = None if route.is_lasting else QUEUED_S_MAX if route.is_queued else REQUEST_S_MAX
            self.application.router.add_route(route.method, route.path, _in_time(table[route.name], limit_s))
        self.runner = web.AppRunner(
            self.application,
            access_log=None,
            handle_signals=False,
            handler_cancellation=True,
            shutdown_timeout=SHUTDOWN_S,
            keepalive_timeout=IDLE_S_MAX,
            max_line_size=LINE_BYTES_MAX,
            max_field_size=LINE_BYTES_MAX,
        )
        self._server: asyncio.Server | None = None

    async def listen_at(self, listening: socket.socket) -> None:
        """Accept here from now on, and no longer where it did so far; who is connected stays so."""
        before = self._server
        if before is None:
            await self.runner.setup()
        loop = asyncio.get_running_loop()
        if sys.version_info >= (3, 13):  # else it would remove the socket from the folder at its end
            self._server = await loop.create_unix_server(self._accept, sock=listening, cleanup_socket=False)
        else:
            self._server = await loop.create_unix_server(self._accept, sock=listening)
        if before is not None:
            before.close()

    def duplicate(self) -> int | None:
        """Another descriptor of the socket at which it listens; None if it does nowhere."""
        return None if self._server is None else os.dup(self._server.sockets[0].fileno())

    async def listen_on(self, port: int) -> None:
        await self.runner.setup()
        self._server = await asyncio.get_running_loop().create_server(self._accept, door.HOST, port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        await self.runner.cleanup()

    def _accept(self) -> asyncio.BaseProtocol:
        server = self.runner.server
        if server is None or len(server.connections) >= CONNECTIONS_MAX:
            return _Refused()
        return server()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        assert self._token is not None
        code = door.fault(request.headers, door.Door(self.port, self._token))
        if code is None:
            return await handler(request)
        answer = _error(code, request_texts.refused_at_door(code))
        if code == "api.token":
            answer.headers["WWW-Authenticate"] = "Bearer"
        return answer


class _Refused(asyncio.Protocol):
    """A connection over the limit."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.abort()


def _in_time(handler: Handler, limit_s: float | None) -> Handler:
    async def bounded(request: web.Request) -> web.StreamResponse:
        try:
            async with asyncio.timeout(limit_s):
                return await handler(request)
        except TimeoutError:
            return _error("api.timeout", texts.vault_slow(limit_s or REQUEST_S_MAX))

    return bounded


@web.middleware
async def _answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever goes wrong into an ErrorAnswer, which never shows the inside."""
    try:
        return await handler(request)
    except web.HTTPNotFound:
        return _error("api.path", request_texts.unknown_path(request.path))
    except web.HTTPMethodNotAllowed as error:
        answer = _error("api.method", request_texts.wrong_method(request.method, request.path))
        answer.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
        return answer
    except web.HTTPException as error:
        return _error("api.request", request_texts.malformed(error.reason))
    except BadRequest as error:
        return _error(error.code, str(error))
    except Exception as error:
        code = getattr(error, "code", None)
        if isinstance(code, str):
            found = error.told if isinstance(error, ToldError) else Told(str(error))
            message = texts.refusal(code, found.sentence)
            return _answered(NODES_OWN, code, found if message == found.sentence else Told(message))
        log.exception("request failed path=%s", request.path)
        return _error("internal", request_texts.internal())


def _error(code: str, found: Told | str) -> web.Response:
    return _answered(FAILURES[code][0], code, found if isinstance(found, Told) else Told(found))


def _answered(status: int, code: str, found: Told) -> web.Response:
    answer = ErrorAnswer(code, found.sentence, found.said)
    return web.Response(status=status, body=msgspec.json.encode(answer), content_type=JSON)
