"""A contained child and its channel, with real processes: whatever the child does, the supervisor stands."""

from __future__ import annotations

import asyncio
import contextlib
import os
import platform
import select
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from node.sandbox import asks
from node.sandbox import child as child_module
from node.sandbox.child import Child
from node.sandbox.errors import ChildError, ChildFailed, ChildGone, ChildTimeout
from node.sandbox.spec import ENVIRONMENT, SandboxSpec
from node.vault import control
from node.vault.errors import ControlError
from tests.integration.stand_in import ANSWER_S, ROOT, configure, make_spec, running

ANSWERING = """
hello()
while (command := order()) is not None:
    say(control.Done(command.id))
"""


def start_fails(folder: Path, body: str, **changes: Any) -> ChildError:
    """The error with which a stand-in does not start; nothing of it may be left."""

    async def scene() -> ChildError:
        with pytest.raises(ChildError) as caught:
            async with running(folder, body, **changes):
                pass
        return caught.value

    error = asyncio.run(scene())
    assert children() == []
    return error


def children() -> list[str]:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()


class TestAChildThatKeepsTheContract:
    def test_is_configured_and_answers(self, tmp_path: Path) -> None:
        async def scene() -> tuple[control.Report, control.Report, int]:
            async with running(tmp_path, ANSWERING) as child:
                first = await child.ask(control.Scan, ANSWER_S)
                second = await child.ask(control.GetState, ANSWER_S)
                return first, second, await child.stop(ANSWER_S)

        assert asyncio.run(scene()) == (control.Done(1), control.Done(2), 0)

    def test_is_contained(self, tmp_path: Path) -> None:
        async def scene() -> str:
            async with running(tmp_path, ANSWERING) as child:
                return child.report.level

        assert asyncio.run(scene()) in (("full", "partial") if sys.platform == "linux" else ("none",))

    def test_is_told_the_configuration_whole(self, tmp_path: Path) -> None:
        body = """
        told = hello()
        say(control.Listening(told.transport_seed + told.certificate))
        order()
        """

        async def scene() -> control.Report:
            first: asyncio.Future[control.Report] = asyncio.get_running_loop().create_future()
            async with running(tmp_path, textwrap.dedent(body), first.set_result):
                return await asyncio.wait_for(first, ANSWER_S)

        assert asyncio.run(scene()) == control.Listening(b"s" * 32 + b"certificate")

    def test_answers_are_matched_by_id_whatever_their_order(self, tmp_path: Path) -> None:
        body = """
        hello()
        a, b = order(), order()
        say(control.Content(b.id, b.address)); say(control.Content(a.id, a.address))
        order()
        """

        async def scene() -> tuple[control.Report, control.Report]:
            async with running(tmp_path, textwrap.dedent(body)) as child:
                first, second = await asyncio.gather(
                    child.ask(lambda number: control.GetChunk(number, b"a" * 32), ANSWER_S),
                    child.ask(lambda number: control.GetChunk(number, b"b" * 32), ANSWER_S),
                )
                return first, second

        assert asyncio.run(scene()) == (control.Content(1, b"a" * 32), control.Content(2, b"b" * 32))

    def test_the_largest_frames_pass_both_ways(self, tmp_path: Path) -> None:
        body = """
        hello()
        command = order()
        say(control.Content(command.id, command.content))
        order()
        """
        content = os.urandom(control.FRAME_BYTES_MAX - 100)

        async def scene() -> control.Report:
            async with running(tmp_path, textwrap.dedent(body)) as child:
                return await child.ask(lambda number: control.PutChunk(number, content), ANSWER_S)

        assert asyncio.run(scene()) == control.Content(1, content)

    def test_a_command_too_long_for_a_frame_is_our_own_mistake(self, tmp_path: Path) -> None:
        async def scene() -> control.Report:
            async with running(tmp_path, ANSWERING) as child:
                with pytest.raises(ControlError):
                    await child.ask(lambda n: control.PutChunk(n, bytes(control.FRAME_BYTES_MAX)), ANSWER_S)
                return await child.ask(control.Scan, ANSWER_S)

        assert asyncio.run(scene()) == control.Done(2)

    def test_more_asks_than_may_wait_are_all_answered(self, tmp_path: Path) -> None:
        async def scene() -> int:
            async with running(tmp_path, ANSWERING) as child:
                asks = [child.ask(control.Scan, ANSWER_S) for _ in range(3 * child_module.ASKS_MAX)]
                return len(set(await asyncio.gather(*asks)))

        assert asyncio.run(scene()) == 3 * child_module.ASKS_MAX

    def test_a_failure_keeps_its_code(self, tmp_path: Path) -> None:
        body = """
        hello()
        say(control.Failed(order().id, "resource.quota", "x" * 100_000))
        order()
        """

        async def scene() -> ChildFailed:
            async with running(tmp_path, textwrap.dedent(body)) as child:
                with pytest.raises(ChildFailed) as caught:
                    await child.ask(control.Scan, ANSWER_S)
                return caught.value

        failed = asyncio.run(scene())
        assert failed.code == "resource.quota"
        assert len(failed.message) == asks.MESSAGE_CHARACTERS_MAX

    def test_its_usage_can_be_read_while_it_lives(self, tmp_path: Path) -> None:
        async def scene() -> tuple[int, int]:
            async with running(tmp_path, ANSWERING) as child:
                usage = child.usage()
                await child.stop(ANSWER_S)
                with pytest.raises(ChildGone):
                    child.usage()
                return usage.cpu_ns, usage.rss_bytes

        cpu_ns, rss_bytes = asyncio.run(scene())
        assert 1e6 < cpu_ns < 60e9
        assert 1e6 < rss_bytes < 1e9

    @pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is the C library that keeps it")
    def test_has_given_back_the_memory_of_a_burst_when_it_is_over(self, tmp_path: Path) -> None:
        """Else equal twins differ for days, because for some seconds somebody asked one of them for long chunks."""
        body = """
        hello()
        while (command := order()) is not None:
            first = b"x" * 1_000_000
            del first  # with it the C library learns of such lengths
            held = [b"x" * 1_000_000 for _ in range(32)]
            kept = [bytes(100_000) for _ in range(2)]  # behind them
            del held
            say(control.Done(command.id))
        """

        async def scene() -> tuple[int, int]:
            async with running(tmp_path, textwrap.dedent(body)) as child:
                before = child.usage()
                await child.ask(control.Scan, ANSWER_S)
                return before.rss_bytes, child.usage().rss_bytes

        before_bytes, after_bytes = asyncio.run(scene())
        assert after_bytes < 1.05 * before_bytes

    def test_sees_the_same_fixed_surroundings_as_any_other(self, tmp_path: Path) -> None:
        body = """
        import fcntl
        hello()
        def is_open(number):
            try:
                return fcntl.fcntl(number, fcntl.F_GETFD) >= 0
            except OSError:
                return False
        seen = [dict(os.environ), [n for n in range(1024) if is_open(n)], len(sys.argv), os.getsid(0) == os.getpid()]
        say(control.Listening(repr(seen).encode()))
        order()
        """

        async def scene() -> control.Report:
            first: asyncio.Future[control.Report] = asyncio.get_running_loop().create_future()
            async with running(tmp_path, textwrap.dedent(body), first.set_result):
                return await asyncio.wait_for(first, ANSWER_S)

        with (tmp_path / "left open").open("wb") as left_open:
            os.set_inheritable(left_open.fileno(), True)
            report = asyncio.run(scene())
        assert report == control.Listening(repr([ENVIRONMENT, [0, 1, 2], 1, sys.platform == "linux"]).encode())


class TestAChildThatBreaksTheContract:
    @pytest.mark.parametrize(
        ("misdeed", "words"),
        [
            ("raw(bytes([0, 0, 0, 5]) + b'hello')", "not a control message"),
            ("raw(b'\\xff' * 8)", "is over"),
            ("say(control.Done(7))", "nobody asked"),
            ("say(control.Done(0))", "nobody asked"),
            ("command = order(); say(control.Done(command.id)); say(control.Done(command.id))", "nobody asked"),
            ("print('a stray print')", "is over"),
        ],
    )
    def test_is_ended_and_blamed(self, tmp_path: Path, misdeed: str, words: str) -> None:
        async def scene() -> tuple[int, str | None, int]:
            async with running(tmp_path, f"hello()\n{misdeed}\nsys.stdout.flush()\norder()\norder()\n") as child:
                with contextlib.suppress(ChildGone):
                    await child.ask(control.Scan, ANSWER_S)
                code = await asyncio.wait_for(asyncio.shield(child.exited), ANSWER_S)
                return code, child.fault, child.counters["contract_broken"]

        code, fault, count = asyncio.run(scene())
        assert code == -signal.SIGKILL
        assert fault is not None
        assert words in fault
        assert count == 1

    def test_takes_no_ask_with_it(self, tmp_path: Path) -> None:
        async def scene() -> str:
            async with running(tmp_path, "hello(); order(); raw(b'\\xff' * 8); order()") as child:
                with pytest.raises(ChildGone) as caught:
                    await child.ask(control.Scan, ANSWER_S)
                return str(caught.value)

        assert "is over" in asyncio.run(scene())

    def test_that_never_says_hello_does_not_start(self, tmp_path: Path) -> None:
        error = start_fails(tmp_path, "order()", start_s_max=1.5)
        assert "said no hello within 1.5 s" in str(error)

    def test_whose_hello_will_not_do_does_not_start(self, tmp_path: Path) -> None:
        def refuse(hello: bytes) -> bytes:
            raise ChildError("another tree hash")

        assert "another tree hash" in str(start_fails(tmp_path, "hello()", configure=refuse))

    def test_whose_first_words_are_garbage_does_not_start(self, tmp_path: Path) -> None:
        assert "did not start as agreed" in str(start_fails(tmp_path, "raw(b'\\xff' * 100); order()"))

    def test_that_does_not_run_at_all_does_not_start_and_its_log_says_why(self, tmp_path: Path) -> None:
        assert "ended without a hello" in str(start_fails(tmp_path, "import nothing_of_that_name"))
        assert "nothing_of_that_name" in (tmp_path / "log").read_text(encoding="utf-8")

    def test_whose_data_folder_is_missing_does_not_start(self, tmp_path: Path) -> None:
        async def scene() -> None:
            spec = SandboxSpec(slot=tmp_path, data=tmp_path / "missing", module="node.vault")
            await Child.start(
                spec,
                configure=configure,
                decode=control.decode_report,
                on_report=print,
                log=tmp_path / "log",
                name="stand-in",
            )

        with pytest.raises(ChildError, match="missing"):
            asyncio.run(scene())

    def test_a_start_that_is_cancelled_leaves_nothing(self, tmp_path: Path) -> None:
        async def scene() -> None:
            async with asyncio.timeout(1.0), running(tmp_path, "order()"):
                pass

        with pytest.raises(TimeoutError):
            asyncio.run(scene())
        assert children() == []


class TestAChildThatFails:
    def test_what_it_said_before_it_ended_is_still_heard(self, tmp_path: Path) -> None:
        async def scene() -> tuple[control.Report, int]:
            async with running(tmp_path, "hello()\nsay(control.Done(order().id))\nos._exit(7)") as child:
                return await child.ask(control.Scan, ANSWER_S), await asyncio.shield(child.exited)

        assert asyncio.run(scene()) == (control.Done(1), 7)

    def test_an_exit_while_asked_is_told_to_whoever_asked(self, tmp_path: Path) -> None:
        async def scene() -> tuple[str, str | None]:
            async with running(tmp_path, "hello()\norder()\nos._exit(7)") as child:
                with pytest.raises(ChildGone) as caught:
                    await child.ask(control.Scan, ANSWER_S)
                with pytest.raises(ChildGone):
                    await child.ask(control.Scan, ANSWER_S)
                return str(caught.value), child.fault

        assert asyncio.run(scene()) == ("stand-in has ended with 7", None)

    def test_silence_ends_the_ask_and_not_the_child(self, tmp_path: Path) -> None:
        body = """
        hello()
        late, prompt = order(), order()
        say(control.Done(late.id)); say(control.Done(prompt.id))
        order()
        """

        async def scene() -> tuple[control.Report, int, str | None]:
            async with running(tmp_path, textwrap.dedent(body)) as child:
                with pytest.raises(ChildTimeout):
                    await child.ask(control.Scan, 0.1)
                answer = await child.ask(control.Scan, ANSWER_S)
                return answer, child.counters["answers_late"], child.fault

        assert asyncio.run(scene()) == (control.Done(2), 1, None)

    def test_one_that_does_not_read_holds_up_the_asks_and_nothing_else(self, tmp_path: Path) -> None:
        body = """
        import threading
        hello()
        threading.Event().wait()
        """
        large = bytes(control.FRAME_BYTES_MAX - 100)

        async def scene() -> list[BaseException | control.Report]:
            async with running(tmp_path, textwrap.dedent(body)) as child:
                asks = [child.ask(lambda number: control.PutChunk(number, large), 0.5) for _ in range(20)]
                outcomes = await asyncio.gather(*asks, return_exceptions=True)
                buffered = child._stdin.transport.get_write_buffer_size()
                assert buffered <= control.FRAME_BYTES_MAX + control.LENGTH_BYTES
                return outcomes

        assert all(isinstance(outcome, ChildTimeout) for outcome in asyncio.run(scene()))

    def test_one_that_does_not_stop_is_killed_after_its_grace(self, tmp_path: Path) -> None:
        body = """
        import threading
        hello()
        threading.Event().wait()
        """

        async def scene() -> int:
            async with running(tmp_path, textwrap.dedent(body)) as child:
                return await child.stop(0.2)

        assert asyncio.run(scene()) == -signal.SIGKILL

    def test_noise_on_standard_error_fills_neither_disk_nor_channel(self, tmp_path: Path) -> None:
        body = """
        import threading
        def flood():
            while True:
                os.write(2, b"noise " * 10_000)
        hello()
        threading.Thread(target=flood, daemon=True).start()
        while (command := order()) is not None:
            say(control.Done(command.id))
        """

        async def scene() -> int:
            async with running(tmp_path, textwrap.dedent(body)) as child:
                async with asyncio.timeout(60.0):  # a busy machine brings noise slowly
                    while not child._log.bytes_dropped:
                        await child.ask(control.Scan, ANSWER_S)
                return await child.stop(ANSWER_S)

        asyncio.run(scene())
        assert sum(path.stat().st_size for path in tmp_path.glob("log*")) < 1 << 20
        assert "dropped" in (tmp_path / "log").read_text(encoding="utf-8")

    def test_a_stream_of_reports_is_slowed_down(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(child_module, "REPORTS_PER_S_MAX", 10)
        body = """
        hello()
        for _ in range(15):
            say(control.HeadSeen(b"head", b"sender"))
        say(control.Done(order().id))
        order()
        """

        async def scene() -> tuple[int, int]:
            seen: list[control.Report] = []
            async with running(tmp_path, textwrap.dedent(body), seen.append) as child:
                await child.ask(control.Scan, ANSWER_S)
                return len(seen), child.counters["reports_held_up"]

        assert asyncio.run(scene()) == (15, 1)

    def test_a_stream_of_long_reports_is_slowed_down_by_their_length(self, tmp_path: Path) -> None:
        """Two hundred of them in a second would take all of a processor to read, and the child next to nothing."""
        body = """
        hello()
        report = control.HeadSeen(bytes(control.FRAME_BYTES_MAX - 100), b"sender")
        for _ in range(15):
            say(report)
        say(control.Done(order().id))
        order()
        """

        async def scene() -> tuple[int, int]:
            seen: list[control.Report] = []
            async with running(tmp_path, textwrap.dedent(body), seen.append) as child:
                await child.ask(control.Scan, ANSWER_S)
                return len(seen), child.counters["reports_held_up"]

        assert asyncio.run(scene()) == (15, 2)

    def test_a_mistake_of_ours_ends_the_child_and_is_logged(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        def mistaken(report: control.Report) -> None:
            raise KeyError("ours")

        async def scene() -> tuple[int, str | None]:
            async with running(tmp_path, "hello()\nsay(control.HeadSeen(b'', b''))\norder()", mistaken) as child:
                code = await asyncio.wait_for(asyncio.shield(child.exited), ANSWER_S)
                return code, child.fault

        assert asyncio.run(scene()) == (-signal.SIGKILL, None)
        assert "KeyError" in caplog.text


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_no_child_outlives_its_supervisor(tmp_path: Path) -> None:
    make_spec(tmp_path, ANSWERING)
    supervisor = f"""
import asyncio, os, sys
from pathlib import Path
sys.path.insert(0, {str(ROOT)!r})
from node.sandbox.child import Child
from node.sandbox.spec import SandboxSpec
from node.vault import control
from tests.integration.stand_in import configure
async def main():
    folder = Path({str(tmp_path)!r})
    child = await Child.start(
        SandboxSpec(slot=folder / "slot", data=folder / "data", module="node.vault"), configure=configure,
        decode=control.decode_report, on_report=print, log=folder / "log", name="stand-in")
    print(child.pid, flush=True)
    await child.exited
asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", supervisor], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        child = os.pidfd_open(int(process.stdout.readline()))
        process.kill()
    try:
        assert select.select([child], [], [], ANSWER_S)[0] == [child]  # a handle is readable once its process ended
    finally:
        os.close(child)
