"""The local API on a real socket: what it says, what it refuses, and that nobody can hold it up."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from node.api import client as client_module
from node.api import door, handlers, routes, schema, server, texts
from node.api.client import ApiError, Client, NotRunning, Reload
from node.api.server import ApiServer
from node.supervisor.errors import RequestRefused, VaultUnavailable
from node.supervisor.events import EVENTS_KEPT, EventLog
from node.vault.share.tree import CHUNK_BYTES_MAX
from tests.api_world import NETWORK, STATUS, FakeNode, raw, refusal, serve


class TestQuestions:
    def test_everything_that_the_schema_names_can_be_asked(self, tmp_path: Path):
        async def talk(client: Client, node: FakeNode, api: ApiServer) -> None:
            assert await client.status() == STATUS
            assert await client.updates() == node.updates()
            assert await client.trial() is None
            assert await client.network() == NETWORK
            assert await client.settings() == schema.Settings(100_000_000)
            assert (await client.patch_settings(schema.SettingsPatch(quota_bytes=5000))).quota_bytes == 5000
            assert (await client.pause("tomorrow")).state == "paused"
            assert await client.resume() == STATUS
            assert (await client.stop(), await client.stop(), node.ends) == (STATUS, STATUS, 1)
            assert node.paused == ["tomorrow", ""]
            assert (await client.put_chunk(b"chunk")).holders == 5
            assert (await client.invitation()).text == "PERENNIAL-1-ABC"
            assert (await client.invitation("[::1]&at=2")).text == "PERENNIAL-1-ABC[::1]&at=2"
            with pytest.raises(ApiError, match="too long"):
                await client.invitation("1" * 65)
            assert (await client.join("PERENNIAL-1-ABC")).vaults == 2
            with pytest.raises(ApiError, match="no invitation"):
                await client.join("hello")
            assert await client.head() == b""
            assert (await client.offer_head(b"head")).outcome == "refused"
            assert await client.head() == b"head"

        node = serve(tmp_path, talk)
        assert (node.chunks, node.heads, node.quota_bytes) == ([b"chunk"], [b"head"], 5000)

    def test_a_chunk_that_was_put_can_be_had_again(self, tmp_path: Path):
        content = bytes(range(256)) * (CHUNK_BYTES_MAX >> 8)

        async def talk(client: Client, node: FakeNode, api: ApiServer) -> None:
            await client.put_chunk(content)
            assert await client.get_chunk(hashlib.sha256(content).hexdigest()) == content
            with pytest.raises(ApiError, match="Nobody reachable holds this"):
                await client.get_chunk("ab" * 32)

        serve(tmp_path, talk)

    def test_a_patch_of_nothing_changes_nothing(self, tmp_path: Path):
        async def talk(client: Client, node: FakeNode, api: ApiServer) -> None:
            assert await client.patch_settings(schema.SettingsPatch()) == schema.Settings(100_000_000)

        serve(tmp_path, talk)

    def test_only_our_account_may_open_the_socket_and_it_is_gone_afterwards(self, tmp_path: Path):
        async def talk(client: Client, node: FakeNode, api: ApiServer) -> None:
            assert stat.S_IMODE((tmp_path / "api.sock").stat().st_mode) == 0o600

        serve(tmp_path, talk)
        assert not (tmp_path / "api.sock").exists()

    @pytest.mark.skipif(not door.REACHES_LONG_PATHS, reason="such a home can only be made on Linux")
    def test_a_home_with_a_long_path_is_served_and_reached_like_any_other(self, tmp_path: Path):
        home = tmp_path / ("x" * 120)
        home.mkdir()

        async def talk(client: Client, node: FakeNode, api: ApiServer) -> None:
            assert (await client.stop(), node.ends) == (STATUS, 1)
            assert stat.S_IMODE((home / "api.sock").stat().st_mode) == 0o600
            await client.close()
            assert await client.status() == STATUS

        serve(home, talk)
        assert not (home / "api.sock").exists()

    @pytest.mark.skipif(not door.REACHES_LONG_PATHS, reason="such a home can only be made on Linux")
    def test_nobody_runs_where_a_long_path_leads_nowhere(self, tmp_path: Path):
        async def main() -> None:
            async with Client(tmp_path / ("x" * 120)) as client:
                with pytest.raises(NotRunning):
                    await client.status()

        asyncio.run(main())

    def test_a_socket_left_by_a_crash_is_replaced(self, tmp_path: Path):
        (tmp_path / "api.sock").write_bytes(b"")

        async def talk(client: Client, node: FakeNode, api: ApiServer) -> None:
            assert await client.status() == STATUS

        serve(tmp_path, talk)

    def test_many_clients_at_once_are_answered(self, tmp_path: Path):
        async def talk(client: Client, node: FakeNode, api: ApiServer) -> None:
            async with contextlib.AsyncExitStack() as stack:
                clients = [await stack.enter_async_context(Client(tmp_path)) for _ in range(20)]
                assert await asyncio.gather(*(one.status() for one in clients)) == [STATUS] * 20

        serve(tmp_path, talk)

    def test_a_slow_question_does_not_block_another(self, tmp_path: Path):
        async def talk(client: Client, node: FakeNode, api: ApiServer) -> None:
            node.gate = asyncio.Event()
            putting = asyncio.create_task(client.put_chunk(b"chunk"))
            assert await client.status() == STATUS
            node.gate.set()
            await putting

        serve(tmp_path, talk)


class TestRefusals:
    def test_what_the_node_refuses_keeps_its_code_and_sentence(self, tmp_path: Path):
        async def talk(client: Client, node: FakeNode, api: ApiServer) -> None:
            with pytest.raises(ApiError, match="at least 1 kB") as caught:
                await client.patch_settings(schema.SettingsPatch(quota_bytes=1))
            assert caught.value.code == "settings"
            node.trouble = RequestRefused("resource.quota", "The network has no room for it.")
            with pytest.raises(ApiError, match="no room") as caught:
                await client.put_chunk(b"chunk")
            assert caught.value.code == "resource.quota"

        serve(tmp_path, talk)

    def test_what_it_says_as_data_too_comes_as_data(self, tmp_path: Path):
        async def talk(client: Client, node: FakeNode, api: ApiServer) -> None:
            node.trouble = VaultUnavailable(texts.vault_slow(10.0))
            with pytest.raises(ApiError, match="did not answer") as caught:
                await client.put_chunk(b"chunk")
            assert caught.value.told.said == (schema.Said("vault.slow", {"within_s": 10}),)

        serve(tmp_path, talk)

    def test_a_fault_inside_shows_nothing_of_the_inside(self, tmp_path: Path, caplog: pytest.LogCaptureFixture):
        async def talk(client: Client, node: FakeNode, api: ApiServer) -> None:
            node.trouble = ZeroDivisionError("secret key 1234")
            async with raw(tmp_path) as session, session.get("http://x/v1/status") as answer:
                assert "1234" not in await answer.text()
                assert await refusal(answer) == (500, "internal")

        serve(tmp_path, talk)
        assert "secret key 1234" in caplog.text

    @pytest.mark.parametrize(
        ("method", "path", "body", "status", "code"),
        [
            ("GET", "/", b"", 404, "api.path"),
            ("GET", "/v1/nothing", b"", 404, "api.path"),
            ("GET", "/v1/../../etc/passwd", b"", 404, "api.path"),
            ("POST", "/v1/status", b"", 405, "api.method"),
            ("PATCH", "/v1/settings", b"", 400, "api.request"),
            ("PATCH", "/v1/settings", b"{", 400, "api.request"),
            ("PATCH", "/v1/settings", b"[]", 400, "api.request"),
            ("PATCH", "/v1/settings", b'{"colour":1}', 400, "api.request"),
            ("PATCH", "/v1/settings", b'{"quota_bytes":"1"}', 400, "api.request"),
            ("PATCH", "/v1/settings", b'{"quota_bytes":1e400}', 400, "api.request"),
            ("PATCH", "/v1/settings", b'{"quota_bytes":null}', 400, "api.request"),
            ("PATCH", "/v1/settings", b"\xff\xfe", 400, "api.request"),
            ("PATCH", "/v1/settings", b"[" * 60_000, 400, "api.request"),
            ("PATCH", "/v1/settings", b" " * (routes.JSON_BYTES_MAX + 1), 413, "api.too_large"),
            ("PUT", "/v1/chunks", b"", 400, "api.request"),
            ("GET", "/v1/chunks/", b"", 404, "api.path"),
            ("GET", "/v1/chunks/ab", b"", 400, "api.request"),
            ("GET", "/v1/chunks/" + "AB" * 32, b"", 400, "api.request"),
            ("GET", "/v1/chunks/" + "ab" * 32 + "%0A", b"", 400, "api.request"),
            ("GET", "/v1/chunks/" + "ab" * 32, b"", 409, "peer.not_found"),
            ("GET", "/v1/events?since=x", b"", 400, "api.request"),
            ("GET", "/v1/events?since=-1", b"", 400, "api.request"),
            ("GET", "/v1/events?since=" + "9" * 40, b"", 400, "api.request"),
            ("GET", "/v1/events?since=%D9%A1", b"", 400, "api.request"),
        ],
    )
    def test_nonsense_is_refused_with_a_code(
        self, tmp_path: Path, method: str, path: str, body: bytes, status: int, code: str
    ):
        async def talk(client: Client, node: FakeNode, api: ApiServer) -> None:
            async with raw(tmp_path) as session, session.request(method, f"http://x{path}", data=body) as answer:
                assert await refusal(answer) == (status, code)
            assert await client.status() == STATUS

        assert serve(tmp_path, talk).quota_bytes == 100_000_000

    @pytest.mark.parametrize("path", ["/v1/chunks", "/v1/heads"])
    @pytest.mark.parametrize("is_announced", [True, False])
    def test_a_body_over_the_limit_is_refused_whether_it_says_so_or_not(
        self, tmp_path: Path, path: str, is_announced: bool
    ):
        async def parts() -> AsyncIterator[bytes]:
            for _ in range(33):
                yield bytes(CHUNK_BYTES_MAX // 32)

        async def talk(client: Client, node: FakeNode, api: ApiServer) -> None:
            headers = {"Content-Length": str(33 * (CHUNK_BYTES_MAX // 32))} if is_announced else {}
            method = "PUT" if path == "/v1/chunks" else "POST"
            async with (
                raw(tmp_path) as session,
                session.request(method, f"http://x{path}", data=parts(), headers=headers) as answer,
            ):
                assert await refusal(answer) == (413, "api.too_large")

        node = serve(tmp_path, talk)
        assert node.chunks == node.heads == []

    def test_a_body_that_is_announced_too_large_is_not_waited_for(self, tmp_path: Path):
        async def talk(client: Client, node: FakeNode, api: ApiServer) -> None:
            reader, writer = await asyncio.open_unix_connection(str(tmp_path / "api.sock"))
            writer.write(b"PATCH /v1/settings HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n")
            assert await reader.readline() == b"HTTP/1.1 413 Request Entity Too Large\r\n"
            writer.close()

        serve(tmp_path, talk)

    def test_the_largest_chunk_is_taken(self, tmp_path: Path):
        async def talk(client: Client, node: FakeNode, api: ApiServer) -> None:
            await client.put_chunk(bytes(CHUNK_BYTES_MAX))
            with pytest.raises(ApiError) as caught:
                await client.put_chunk(bytes(CHUNK_BYTES_MAX + 1))
            assert caught.value.code == "api.too_large"

        assert len(serve(tmp_path, talk).chunks) == 1

    def test_a_question_that_takes_too_long_is_ended(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(server, "QUEUED_S_MAX", 0.05)

        async def talk(client: Client, node: FakeNode, api: ApiServer) -> None:
            node.gate = asyncio.Event()
            with pytest.raises(ApiError) as caught:
                await client.put_chunk(b"chunk")
            assert caught.value.code == "api.timeout"

        assert serve(tmp_path, talk).chunks == []

    @pytest.mark.parametrize("content", [b"\x00\x01\x02\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n" * 100])
    def test_what_is_no_http_harms_nobody(self, tmp_path: Path, content: bytes):
        async def talk(client: Client, node: FakeNode, api: ApiServer) -> None:
            reader, writer = await asyncio.open_unix_connection(str(tmp_path / "api.sock"))
            writer.write(content)
            answer = await reader.read(4000)
            assert b"Traceback" not in answer
            writer.close()
            assert await client.status() == STATUS

        serve(tmp_path, talk)


class TestEvents:
    def test_what_happened_since_and_what_happens_now_is_told_in_order_without_gaps(self, tmp_path: Path):
        async def talk(client: Client, node: FakeNode, api: ApiServer) -> None:
            start = node.events.newest
            node.publish(1)
            node.publish(2)
            events = client.events(start)
            heard: list[Any] = [await anext(events), await anext(events)]
            node.publish(3)
            heard.append(await anext(events))
            assert [event.data.quota_bytes for event in heard] == [1, 2, 3]
            assert [event.number - start for event in heard] == [1, 2, 3]

        serve(tmp_path, talk)

    def test_each_kind_comes_with_its_own_type(self, tmp_path: Path):
        async def talk(client: Client, node: FakeNode, api: ApiServer) -> None:
            events = client.events(node.events.newest)
            node.events.publish("status", STATUS, 1.0)
            node.events.publish("updates", node.updates(), 1.0)
            node.events.publish("trial", None, 1.0)
            kinds = []
            for _ in range(3):
                event = await anext(events)
                assert not isinstance(event, Reload)
                kinds.append((event.kind, type(event.data)))
            assert kinds == [("status", schema.Status), ("updates", schema.Updates), ("trial", type(None))]

        serve(tmp_path, talk)

    def test_a_kind_that_only_a_later_version_knows_is_passed_over(self, tmp_path: Path):
        async def talk(client: Client, node: FakeNode, api: ApiServer) -> None:
            events = client.events(node.events.newest)
            node.publish(1)
            node.events.publish("weather", STATUS, 1.0)
            node.publish(2)
            heard = [await anext(events), await anext(events)]
            assert [event.data for event in heard if not isinstance(event, Reload)] == [
                schema.Settings(1),
                schema.Settings(2),
            ]

        serve(tmp_path, talk)

    def test_a_status_says_after_which_event_to_read_on(self, tmp_path: Path):
        async def talk(client: Client, node: FakeNode, api: ApiServer) -> None:
            events = client.events(node.events.newest)
            node.events.publish("status", STATUS, 1.0)
            event = await anext(events)
            assert isinstance(event, schema.Event)
            assert isinstance(event.data, schema.Status)
            assert event.data.last_event == event.number

        serve(tmp_path, talk)

    @pytest.mark.parametrize("behind", [EVENTS_KEPT + 1, -5, 10**12])
    def test_whoever_asks_for_what_is_not_known_is_told_to_reload_once(self, tmp_path: Path, behind: int):
        async def talk(client: Client, node: FakeNode, api: ApiServer) -> None:
            for number in range(EVENTS_KEPT + 10):
                node.publish(number)
            events = client.events(node.events.newest - behind)
            assert isinstance(await anext(events), Reload)
            node.publish(777)
            event = await anext(events)
            assert isinstance(event, schema.Event)
            assert event.data == schema.Settings(777)

        serve(tmp_path, talk)

    def test_a_listener_is_told_when_the_node_goes_and_when_another_run_is_there(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(client_module, "RETRY_S_MIN", 0.02)

        async def talk(client: Client, node: FakeNode, api: ApiServer) -> None:
            events = client.events(node.events.newest)
            node.publish(1)
            assert isinstance(await anext(events), schema.Event)
            await api.stop()
            assert isinstance(await anext(events), Reload)
            with pytest.raises(NotRunning):
                await client.status()
            later = FakeNode()
            later.events = EventLog(1_800_000_100.0)
            again = ApiServer(later, tmp_path / "api.sock")
            await again.start()
            try:
                assert isinstance(await anext(events), Reload)
                later.publish(1)
                heard = [await anext(events), await anext(events)]
                assert isinstance(heard[-1], schema.Event)  # at most two are told to reload: back, and another run
            finally:
                await again.stop()

        serve(tmp_path, talk)

    def test_there_is_a_limit_to_listeners(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(handlers, "STREAMS_MAX", 2)

        async def talk(client: Client, node: FakeNode, api: ApiServer) -> None:
            async with raw(tmp_path) as session, contextlib.AsyncExitStack() as stack:
                for _ in range(2):
                    answer = await stack.enter_async_context(session.get("http://x/v1/events"))
                    assert answer.status == 200
                async with session.get("http://x/v1/events") as answer:
                    assert await refusal(answer) == (503, "api.busy")
            assert await client.status() == STATUS

        serve(tmp_path, talk)

    def test_a_listener_that_takes_nothing_is_cut_and_costs_nobody_anything(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(handlers, "WRITE_S_MAX", 0.1)

        async def talk(client: Client, node: FakeNode, api: ApiServer) -> None:
            reader, writer = await asyncio.open_unix_connection(str(tmp_path / "api.sock"), limit=1)
            writer.write(b"GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
            await reader.read(1)
            large = schema.RefusedHead("ab", "x" * 500_000, 1.0)
            for number in range(8):
                node.events.publish("updates", schema.Updates((), (large, *([large] * number))), 1.0)
            served = api.local.runner.server
            assert served is not None
            while api.handlers.streams or len(served.connections) > 1:  # the one that is left is the client's
                assert await client.status() == STATUS
            writer.close()

        serve(tmp_path, talk)

    def test_silence_is_broken_by_a_heartbeat(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(handlers, "HEARTBEAT_S", 0.02)

        async def talk(client: Client, node: FakeNode, api: ApiServer) -> None:
            async with raw(tmp_path) as session, session.get("http://x/v1/events") as answer:
                assert await answer.content.readline() == b":\n"

        serve(tmp_path, talk)


class TestWithoutANode:
    def test_without_a_socket_nobody_runs(self, tmp_path: Path):
        async def ask() -> None:
            async with Client(tmp_path) as client:
                await client.status()

        with pytest.raises(NotRunning, match="does not run on"):
            asyncio.run(ask())

    def test_a_node_that_hangs_is_given_up_in_time(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        async def ask() -> None:
            held: list[asyncio.StreamWriter] = []
            hanging = await asyncio.start_unix_server(lambda _, w: held.append(w), str(tmp_path / "api.sock"))
            async with hanging, Client(tmp_path) as client:
                with pytest.raises(ApiError) as caught:
                    await client._ask("GET", "/v1/status", schema.Status, seconds=0.05)
                assert caught.value.code == "api.timeout"
                for writer in held:
                    writer.close()
                    await writer.wait_closed()

        asyncio.run(ask())

    def test_a_gap_in_the_numbers_means_reload_whatever_the_node_says(self, tmp_path: Path):
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
            for number in (1, 3):
                event = schema.Event(number, 1.0, "trial", None)
                writer.write(b"id: %d\ndata: %b\n\n" % (number, msgspec.json.encode(event)))
            await writer.drain()
            await reader.read()
            writer.close()

        async def ask() -> None:
            odd = await asyncio.start_unix_server(answer, str(tmp_path / "api.sock"))
            async with odd, Client(tmp_path) as client:
                events = client.events(0)
                assert isinstance(await anext(events), schema.Event)
                assert isinstance(await anext(events), Reload)

        asyncio.run(ask())

    @pytest.mark.parametrize(
        "body", [b"", b"{}", b"<html>", b"[" * 5000, msgspec.json.encode(STATUS) + b" " * (9 << 20)]
    )
    def test_an_answer_that_is_not_understood_is_one_sentence(self, tmp_path: Path, body: bytes):
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
            with contextlib.suppress(ConnectionError):
                await writer.drain()
            writer.close()

        async def ask() -> None:
            odd = await asyncio.start_unix_server(answer, str(tmp_path / "api.sock"))
            async with odd, Client(tmp_path) as client:
                with pytest.raises(ApiError, match="not understood"):
                    await client.status()

        asyncio.run(ask())
