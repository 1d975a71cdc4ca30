"""A candidate's program that reaches for what its rehearsal does outside of its home."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from node.api.schema import SettingsPatch
from node.rehearsal.held import CandidateFailed, HeldFarm, Program
from node.rehearsal.limits import Limits

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="programs are held on Linux only")

TEMPTING = """
import os
def main():
    os.makedirs("logs", exist_ok=True)
    for name in ("supervisor.log", "window.log"):
        if os.path.lexists("logs/" + name):
            os.unlink("logs/" + name)
        os.symlink({outside!r}, "logs/" + name)
"""
SAYING = """
def main():
    print("said by the candidate")
"""


@pytest.fixture
def farm(tmp_path: Path) -> HeldFarm:
    """Its node puts links to a file of the farmer's where the program that looks on might write."""
    (tmp_path / "work" / "copy" / "logs").mkdir(parents=True)
    (tmp_path / "farmers").write_text("private", encoding="utf-8")
    node, gui = tmp_path / "app" / "node" / "cli", tmp_path / "app" / "gui"
    for folder in (node, gui):
        folder.mkdir(parents=True)
    (node / "__init__.py").write_text(TEMPTING.format(outside=str(tmp_path / "farmers")), encoding="utf-8")
    (gui / "__main__.py").write_text(SAYING, encoding="utf-8")
    return HeldFarm("a candidate", tmp_path / "work" / "copy", Program(tmp_path / "app", tmp_path / "work"), Limits())


def test_what_it_says_is_kept_where_it_cannot_lead_into_a_file_of_the_farmers(farm: HeldFarm, tmp_path: Path):
    async def rehearsed() -> None:
        await farm.start_again()
        await farm.ended()
        await farm.open_pages()

    asyncio.run(rehearsed())

    assert (tmp_path / "farmers").read_text(encoding="utf-8") == "private"
    assert farm.words() == "said by the candidate"


def test_a_link_in_the_place_of_its_api_leads_nobody_to_the_farmers_node(tmp_path: Path):
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "api.sock").symlink_to(tmp_path / "farmers.sock")
    farm = HeldFarm("a candidate", tmp_path / "copy", Program(tmp_path / "app", tmp_path), Limits(answer_s=2.0))
    came: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(await reader.readline())
        writer.close()

    async def asked(ask: Callable[[], Awaitable[object]]) -> None:
        async with await asyncio.start_unix_server(serve, tmp_path / "farmers.sock"):
            with pytest.raises(CandidateFailed, match="a link"):
                await ask()
            await farm.client.close()

    asyncio.run(asked(lambda: farm.until(farm.client.status, lambda _: True, 2.0, "it did not answer")))
    asyncio.run(asked(lambda: farm.change_settings(SettingsPatch(quota_bytes=1 << 40))))
    assert came == []


LETTING_GO = """
import os, subprocess, sys
from node.rehearsal import __main__ as rehearsal
from node.supervisor.errors import HomeError
STARTING = '''
import subprocess, sys
nowhere = subprocess.DEVNULL
print(subprocess.Popen([sys.executable, *sys.argv[1:]], start_new_session=True, stdout=nowhere, stderr=nowhere).pid)
'''
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(30)"
class Home:
    def read(_folder):
        global said
        said = subprocess.run([sys.executable, "-c", STARTING, "-c", DEAF], stdout=subprocess.PIPE)
        raise HomeError("there is none")
rehearsal.Home = Home
rehearsal.main(["--app", "app", "--home", "home", "--work", "work"])
print(os.path.exists(f"/proc/{int(said.stdout)}/cwd"))
"""


@pytest.mark.long
def test_what_has_let_go_of_its_parent_ends_with_the_rehearsal():
    ended = subprocess.run([sys.executable, "-c", LETTING_GO], capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout.splitlines()[-1] == "False", ended.stdout
