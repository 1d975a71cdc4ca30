"""The local API over TCP: only with the token, only from this computer, never from a web page."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import os
import socket
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from node.api import door, schema, server
from node.api.client import ApiError, Client, NotRunning
from node.api.door import Door
from node.api.server import ApiServer
from tests.api_world import STATUS, FakeNode, refusal
from tests.other_user import NOBODY, folder_open_to_all

Talk = Callable[[Door, ApiServer, FakeNode], Awaitable[None]]


class Unhurried(FakeNode):
    """One that keeps settings no sooner than it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.may_keep = asyncio.Semaphore(0), asyncio.Event()

    async def patch_settings(self, patch: schema.SettingsPatch) -> schema.Settings:
        self.begun.release()
        await self.may_keep.wait()
        return await super().patch_settings(patch)


def serve(home: Path, talk: Talk, *, has_socket: bool = False, served: FakeNode | None = None) -> None:
    async def main() -> None:
        node = served or FakeNode()
        api = ApiServer(node, home / "api.sock", has_socket=has_socket)
        await api.start()
        try:
            async with asyncio.timeout(30):
                await talk(door.load(home) or Door(0, ""), api, node)
        finally:
            await api.stop()

    asyncio.run(main())


@contextlib.asynccontextmanager
async def asked(opened: Door, method: str = "GET", path: str = "/v1/status", **headers: str | None):
    sent = {"Authorization": f"Bearer {opened.token}"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    async with (
        aiohttp.ClientSession() as session,
        session.request(
            method, f"{opened.url}{path}", headers={k: v for k, v in sent.items() if v is not None}
        ) as answer,
    ):
        yield answer


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((door.HOST, 0))
        return int(probe.getsockname()[1])


class TestWhoMayAsk:
    def test_the_token_opens_and_nothing_else_does(self, tmp_path: Path):
        async def talk(opened: Door, api: ApiServer, node: FakeNode) -> None:
            async with asked(opened) as answer:
                assert answer.status == 200
            for wrong in (None, "Bearer", "Bearer ", "Bearer é", f"Basic {opened.token}", f"Bearer {opened.token}x"):
                async with asked(opened, Authorization=wrong) as answer:
                    assert answer.headers["WWW-Authenticate"] == "Bearer"
                    assert await refusal(answer) == (401, "api.token")

        serve(tmp_path, talk)

    def test_the_whole_token_is_compared(self, monkeypatch: pytest.MonkeyPatch):
        compared: list[tuple[bytes, bytes]] = []

        def compare(said: bytes, right: bytes) -> bool:
            compared.append((said, right))
            return False

        monkeypatch.setattr(hmac, "compare_digest", compare)

        assert door.fault({"Host": "localhost:7", "Authorization": "Bearer guess"}, Door(7, "right")) == "api.token"

        assert compared == [(b"guess", b"right")]

    def test_only_the_names_of_this_computer_with_the_port_are_answered(self, tmp_path: Path):
        async def talk(opened: Door, api: ApiServer, node: FakeNode) -> None:
            for name in ("localhost", "127.0.0.1", "[::1]", "LOCALHOST"):
                async with asked(opened, Host=f"{name}:{opened.port}") as answer:
                    assert answer.status == 200
            for name in ("evil.example", f"evil.example:{opened.port}", "localhost", f"127.0.0.1:{opened.port}0", ""):
                async with asked(opened, Host=name) as answer:
                    assert await refusal(answer) == (403, "api.host")

        serve(tmp_path, talk)

    def test_a_web_page_is_refused_and_told_of_no_permission(self, tmp_path: Path):
        async def talk(opened: Door, api: ApiServer, node: FakeNode) -> None:
            for origin in ("https://evil.example", "null", opened.url):
                for method in ("GET", "OPTIONS"):
                    async with asked(opened, method, Origin=origin, Access_Control_Request_Method="PATCH") as answer:
                        assert await refusal(answer) == (403, "api.origin")
                        assert not [name for name in answer.headers if name.lower().startswith("access-control")]
            async with asked(opened, "OPTIONS") as answer:
                assert await refusal(answer) == (405, "api.method")

        serve(tmp_path, talk)

    def test_every_route_stands_behind_the_token(self, tmp_path: Path):
        async def talk(opened: Door, api: ApiServer, node: FakeNode) -> None:
            for path in ("/metrics", "/v1/openapi.json", "/v1/diagnostics", "/v1/events", "/nothing"):
                async with asked(opened, "GET", path, Authorization=None) as answer:
                    assert await refusal(answer) == (401, "api.token")

        serve(tmp_path, talk)

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become somebody else")
    def test_another_user_of_the_computer_gets_nothing(self):
        async def talk(opened: Door, api: ApiServer, node: FakeNode) -> None:
            os.seteuid(NOBODY)
            try:
                assert list(home.parent.iterdir())  # he may come as far as this
                with pytest.raises(PermissionError):
                    list(home.iterdir())
                with pytest.raises(PermissionError):
                    (home / "api.json").read_bytes()
                with socket.socket(socket.AF_UNIX) as stranger, pytest.raises(PermissionError):
                    stranger.connect(str(home / "api.sock"))
                async with asked(opened, Authorization=None) as answer:
                    assert await refusal(answer) == (401, "api.token")
            finally:
                os.seteuid(0)

        with folder_open_to_all() as folder:
            home = folder / "home"
            home.mkdir(mode=0o700)

            async def both(_: Door, api: ApiServer, node: FakeNode) -> None:
                async with Client(home) as client:
                    await client.patch_settings(schema.SettingsPatch(api_port=free_port()))
                home.chmod(0o755)  # and where the home was opened by mistake, socket and token are closed all the same
                os.seteuid(NOBODY)
                try:
                    with pytest.raises(PermissionError):
                        (home / "api.json").read_bytes()
                    with socket.socket(socket.AF_UNIX) as stranger, pytest.raises(PermissionError):
                        stranger.connect(str(home / "api.sock"))
                finally:
                    os.seteuid(0)
                home.chmod(0o700)
                opened = door.load(home)
                assert opened is not None
                await talk(opened, api, node)

            serve(home, both, has_socket=True)


class TestTheWayIn:
    def test_it_stands_in_a_file_of_ours_alone_that_goes_with_the_node(self, tmp_path: Path):
        async def talk(opened: Door, api: ApiServer, node: FakeNode) -> None:
            assert stat.S_IMODE((tmp_path / "api.json").stat().st_mode) == 0o600
            assert opened.port == api.port

        serve(tmp_path, talk)
        assert not (tmp_path / "api.json").exists()

    def test_the_token_is_new_at_every_start(self, tmp_path: Path):
        tokens = []

        async def talk(opened: Door, api: ApiServer, node: FakeNode) -> None:
            tokens.append(opened.token)

        serve(tmp_path, talk)
        serve(tmp_path, talk)
        assert len(set(tokens)) == 2
        assert all(len(token) >= 43 for token in tokens)

    def test_without_unix_sockets_the_client_finds_the_node_also_after_it_was_started_anew(self, tmp_path: Path):
        async def main() -> None:
            async with Client(tmp_path, has_socket=False) as client:
                with pytest.raises(NotRunning):
                    await client.status()
                for _ in range(2):
                    api = ApiServer(FakeNode(), tmp_path / "api.sock", has_socket=False)
                    await api.start()
                    assert await client.status() == STATUS
                    await api.stop()
                with pytest.raises(NotRunning):
                    await client.status()

        asyncio.run(main())

    def test_a_token_that_does_not_match_is_one_sentence(self, tmp_path: Path):
        async def talk(opened: Door, api: ApiServer, node: FakeNode) -> None:
            door.save(tmp_path, Door(opened.port, "of an earlier start"))
            async with Client(tmp_path, has_socket=False) as client:
                with pytest.raises(
                    ApiError, match=r"^The token is missing or does not match: it is new at every start"
                ):
                    await client.status()

        serve(tmp_path, talk)

    @pytest.mark.parametrize("content", [b"", b"{", b'{"port":0,"token":"a"}', b'{"port":70000,"token":"a"}', b"\xff"])
    def test_a_file_that_leads_nowhere_is_a_node_that_does_not_run(self, tmp_path: Path, content: bytes):
        (tmp_path / "api.json").write_bytes(content)

        async def ask() -> None:
            async with Client(tmp_path, has_socket=False) as client:
                await client.status()

        with pytest.raises(NotRunning):
            asyncio.run(ask())


class TestTheSetting:
    def test_the_port_opens_moves_and_closes_as_it_is_set(self, tmp_path: Path):
        async def talk(_: Door, api: ApiServer, node: FakeNode) -> None:
            assert not (tmp_path / "api.json").exists()
            first, second = free_port(), free_port()
            opened: Door | None = None
            async with Client(tmp_path) as client:
                for port in (first, second):
                    await client.patch_settings(schema.SettingsPatch(api_port=port))
                    opened = door.load(tmp_path)
                    assert opened is not None
                    assert opened.port == port
                    async with asked(opened) as answer:
                        assert answer.status == 200
                assert opened is not None
                # The request that switches it off comes that way itself, and is answered.
                async with (
                    aiohttp.ClientSession() as session,
                    session.patch(
                        f"{opened.url}/v1/settings", json={"api_port": 0},
                        headers={"Authorization": f"Bearer {opened.token}"},
                    ) as answer,
                ):  # fmt: skip
                    assert answer.status == 200
                assert not (tmp_path / "api.json").exists()
                for port in (first, second):
                    with pytest.raises(aiohttp.ClientConnectorError):
                        async with asked(Door(port, "")):
                            pass
                assert await client.status() == STATUS

        serve(tmp_path, talk, has_socket=True)

    def test_a_port_that_another_program_has_changes_nothing(self, tmp_path: Path):
        async def talk(_: Door, api: ApiServer, node: FakeNode) -> None:
            with socket.socket() as other:
                other.bind((door.HOST, 0))
                other.listen()
                async with Client(tmp_path) as client:
                    for port in (other.getsockname()[1], -1, 70_000):
                        with pytest.raises(ApiError) as caught:
                            await client.patch_settings(schema.SettingsPatch(api_port=port))
                        assert caught.value.code == "port.in_use"
                    assert (await client.settings()).api_port == 0
            assert api.port == 0

        serve(tmp_path, talk, has_socket=True)

    @pytest.mark.parametrize("is_on", [True, False])
    def test_a_change_is_carried_out_even_if_whoever_asked_for_it_goes_away(self, tmp_path: Path, is_on: bool):
        node, port = Unhurried(), free_port()
        node.api_port, wanted = (0, port) if is_on else (port, 0)

        async def talk(_: Door, api: ApiServer, __: FakeNode) -> None:
            async with Client(tmp_path) as client:
                asking = asyncio.create_task(client.patch_settings(schema.SettingsPatch(api_port=wanted)))
                await node.begun.acquire()
                asking.cancel()
                await asyncio.gather(asking, return_exceptions=True)
                assert await client.status() == STATUS  # by now the server knows that he has gone
            node.may_keep.set()
            while node.api_port != wanted:
                await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert (api.port, door.load(tmp_path) is not None) == (wanted, is_on)

        serve(tmp_path, talk, has_socket=True, served=node)

    @pytest.mark.parametrize("has_socket", [True, False])
    def test_a_port_that_another_program_has_at_the_start_is_had_as_soon_as_it_is_free(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_socket: bool
    ):
        monkeypatch.setattr(server, "TRY_AGAIN_S", 0.0)
        node, other = FakeNode(), socket.socket()
        other.bind((door.HOST, 0))
        other.listen()
        node.api_port = other.getsockname()[1]

        async def talk(opened: Door, api: ApiServer, _: FakeNode) -> None:
            assert api.port == opened.port != node.api_port
            other.close()
            while api.port != node.api_port:
                await asyncio.sleep(0)
            async with Client(tmp_path, has_socket=False) as client:
                assert await client.status() == STATUS

        serve(tmp_path, talk, has_socket=has_socket, served=node)

    def test_a_port_that_is_not_wanted_any_more_is_not_tried_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(server, "TRY_AGAIN_S", 0.0)
        node, other = FakeNode(), socket.socket()
        other.bind((door.HOST, 0))
        other.listen()
        node.api_port = other.getsockname()[1]

        async def talk(_: Door, api: ApiServer, __: FakeNode) -> None:
            async with Client(tmp_path) as client:
                await client.patch_settings(schema.SettingsPatch(api_port=0))
            assert api._trying is not None
            await api._trying
            other.close()
            assert api.port == 0

        serve(tmp_path, talk, has_socket=True, served=node)

    def test_of_two_changes_at_once_the_later_one_holds(self, tmp_path: Path):
        node, port = Unhurried(), free_port()

        async def talk(_: Door, api: ApiServer, __: FakeNode) -> None:
            async with Client(tmp_path) as first, Client(tmp_path) as later:
                on = asyncio.create_task(first.patch_settings(schema.SettingsPatch(api_port=port)))
                await node.begun.acquire()
                off = asyncio.create_task(later.patch_settings(schema.SettingsPatch(api_port=0)))
                assert await first.status() == STATUS
                node.may_keep.set()
                await asyncio.gather(on, off)
            assert (node.api_port, api.port) == (0, 0)

        serve(tmp_path, talk, has_socket=True, served=node)

    def test_settings_that_are_refused_open_no_port(self, tmp_path: Path):
        async def talk(_: Door, api: ApiServer, node: FakeNode) -> None:
            port = free_port()
            async with Client(tmp_path) as client:
                with pytest.raises(ApiError):
                    await client.patch_settings(schema.SettingsPatch(quota_bytes=1, api_port=port))
            assert api.port == 0
            with pytest.raises(aiohttp.ClientConnectorError):
                async with asked(Door(port, "")):
                    pass

        serve(tmp_path, talk, has_socket=True)


class TestLimits:
    def test_more_connections_than_allowed_are_cut_at_once(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(server, "CONNECTIONS_MAX", 2)

        async def talk(opened: Door, api: ApiServer, node: FakeNode) -> None:
            held = [await asyncio.open_connection(door.HOST, opened.port) for _ in range(2)]
            reader, writer = await asyncio.open_connection(door.HOST, opened.port)
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
            for _, one in [*held, (reader, writer)]:
                one.close()

        serve(tmp_path, talk)

    @pytest.mark.parametrize("said", [b"", b"GET /v1/status HTTP/1.1\r\nHost: loc"])
    def test_who_does_not_finish_a_request_is_cut(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: bytes):
        monkeypatch.setattr(server, "IDLE_S_MAX", 0.05)

        async def talk(opened: Door, api: ApiServer, node: FakeNode) -> None:
            reader, writer = await asyncio.open_connection(door.HOST, opened.port)
            writer.write(said)
            assert await reader.read() == b""
            writer.close()

        serve(tmp_path, talk)

    @pytest.mark.parametrize("part", ["line", "header"])
    def test_a_head_over_the_limit_is_refused(self, tmp_path: Path, part: str):
        async def talk(opened: Door, api: ApiServer, node: FakeNode) -> None:
            long = "x" * (server.LINE_BYTES_MAX + 1)
            path = f"/{long}" if part == "line" else "/v1/status"
            reader, writer = await asyncio.open_connection(door.HOST, opened.port)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost:{opened.port}\r\nX: {long}\r\n\r\n".encode())
            assert b" 400 " in await reader.readline()
            writer.close()

        serve(tmp_path, talk)
