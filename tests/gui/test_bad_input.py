"""What may be wrong with a computer, each with its sentence in the window and the one thing to do; nothing is lost.

The node's own side of each has tests where that is done: settings in ``tests/unit/test_settings.py``, the token and
other users in ``tests/integration/test_api_tcp.py``, the clock in ``tests/unit/test_lookout.py``, disk and network in
``tests/integration/test_looking.py``, two nodes on one home in ``tests/unit/test_cli.py``; two windows on one home are
in ``tests/gui/test_tray.py``.
"""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from PySide6.QtWidgets import QApplication

from gui import feed
from gui.__main__ import _hindrance
from gui.instance import is_home
from gui.stories import first_run
from gui.stories.home import HomeStory, tell
from node.api import checks as looking
from node.api import health, request_texts, texts
from node.api.client import ApiError, Client
from node.api.schema import ErrorAnswer, Status
from node.supervisor import settings
from node.supervisor.doctor import examine
from node.supervisor.home import Home
from node.vault.looks import ClockSeen, Looks
from node.vault.storage.filesystem import RealFileSystem
from tests.gui.helper import on_loop, running, said, wait_until
from tests.gui.samples import NOW, NOW_S, live, real
from tests.other_user import NOBODY, folder_open_to_all
from tests.unit.test_doctor import FULL, answering
from tests.unit.test_health import GOOD

NEWER = b'{"version":3,"quota_bytes":100000000,"colour":"green"}'
TWO_YEARS_S = 2 * 365.25 * 86_400
LOOKS = Looks(1.0, 1.0, 1.0, 1.0, 3, 0, (ClockSeen(0.0, 0.0, 1.0),) * 4, "93.184.216.34", is_seen_own=True)
WELL = looking.Evidence(
    NOW_S, looking.DiskLook(1.0), None, LOOKS, up_s=9000.0, peer_count=7, chunk_count=3, is_practice=False
)


def home_of(found: health.Health) -> HomeStory:
    """Home, as the window shows what a node finds."""
    state, said = health.status_sentence(found)
    status = msgspec.structs.replace(real(), state=state, sentence=said.sentence, said=said.said, checks=found.checks)
    return tell(live(status), NOW).home


def looked(**changed: object) -> HomeStory:
    evidence = replace(WELL, **changed)  # type: ignore[arg-type]
    return home_of(replace(GOOD, checks=looking.checks(evidence), peer_count=evidence.peer_count))


def test_when_all_is_well_nothing_is_said_of_it():
    assert looked().headline == "Everything is fine."


@pytest.mark.parametrize(
    ("content", "why"),
    [(NEWER, "it is of the newer version 3"), (b"nonsense", "JSON"), (NEWER[:20], "Input data was truncated")],
    ids=["newer", "nonsense", "half"],
)
def test_settings_that_cannot_be_read_are_kept_aside_said_and_lead_to_where_they_are_set(
    tmp_path: Path, content: bytes, why: str
):
    file = tmp_path / "settings.json"
    file.write_bytes(content)

    _, trouble = settings.load(file)
    home = home_of(replace(GOOD, settings_trouble=trouble))

    assert "settings.json could not be understood" in home.lead
    assert why in home.lead
    assert home.lead.endswith("the disk limit is 21 GB until you set it.")
    assert home.action == "resources"
    assert (tmp_path / "settings.json.bad").read_bytes() == content


def test_a_clock_two_years_off_is_named_and_is_to_be_set_right():
    wrong = (ClockSeen(TWO_YEARS_S, TWO_YEARS_S, 1.0),) * 4
    home = looked(looks=msgspec.structs.replace(LOOKS, clocks=wrong))

    assert home.headline == "The clock is wrong."
    assert home.lead.startswith("The clock of this computer is about 2 years behind; so say 4 other computers.")
    assert home.lead.endswith("Set date and time right, or let the system set them by itself.")


def test_a_disk_that_was_removed_is_to_be_plugged_in_and_its_pieces_are_with_others():
    home = looked(disk=looking.DiskLook(1.0, "gone"))

    assert (home.headline, home.lead) == ("The disk with the pieces is not there.", "Plug it back in.")
    assert home.note == "Other computers should hold the same pieces; that cannot be checked right now."


def test_without_a_network_the_line_is_to_be_looked_at():
    home = looked(peer_count=0, looks=msgspec.structs.replace(LOOKS, answer_age_s=None))

    assert home.headline == "Something to know."
    assert home.lead.split("\n") == [
        "Perennial runs, but no other computer can be reached at the moment.",
        "Look whether this computer is connected to the internet.",
    ]


class Stranger(Client):
    """Whoever asks with a token that does not match, or a node that lies where nobody may enter."""

    error = ApiError("api.token", request_texts.refused_at_door("api.token"))

    async def status(self) -> Status:
        raise self.error


@pytest.mark.parametrize(
    ("error", "lead"),
    [
        (Stranger.error, "This window's key to Perennial does not fit: it is new at every start."),
        (
            ApiError("api.not_allowed", texts.not_entered(Path("/home/eve"), PermissionError(13, "Permission denied"))),
            "/home/eve cannot be entered: access is denied.",
        ),
    ],
    ids=["token", "other user"],
)
def test_a_node_that_answers_and_refuses_is_not_said_to_have_stopped(
    desk: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: ApiError, lead: str
):
    monkeypatch.setattr(feed, "FIRST_S", 0.2)
    monkeypatch.setattr(Stranger, "error", error)
    (tmp_path / "home.json").write_text("{}")

    async def play() -> None:
        async with running(desk, tmp_path, tmp_path / "tray.ini", connect=Stranger) as app:
            await wait_until(lambda: said(app)[2] == "It does not talk to this window.")
            assert app.window.home.lead.text().startswith(lead)
            assert not app.window.home.button.isVisible()

    on_loop(desk, play())


def test_a_second_node_on_one_home_ends_and_says_who_runs(
    desk: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(feed, "FIRST_S", 0.2)
    home = tmp_path / "home"
    home.mkdir()
    (home / "home.json").write_text("{}")
    found = texts.home_in_use(home, "4711")
    stated = msgspec.json.encode(ErrorAnswer("home.in_use", found.sentence, found.said)).decode()

    def node(_: Path) -> tuple[str, ...]:
        return (sys.executable, "-c", f"print({stated!r})")

    async def play() -> None:
        async with running(desk, home, tmp_path / "tray.ini", node_command=node) as app:
            words = f"Perennial already runs on {home} (process 4711)."
            await wait_until(lambda: app.window.home.lead.text().startswith(words))

    on_loop(desk, play())


@pytest.mark.parametrize("renames", range(4))
def test_a_first_run_that_the_power_cut_off_is_gone_through_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, renames: int
):
    home, left = tmp_path / "home", [renames]

    def dying(filesystem: RealFileSystem, source: str, target: str) -> None:
        if not left[0]:
            raise PowerCut
        left[0] -= 1
        rename(filesystem, source, target)

    rename = RealFileSystem.replace
    monkeypatch.setattr(RealFileSystem, "replace", dying)
    with pytest.raises(PowerCut):
        Home.make(home, kind="real", root=b"r", bind="127.0.0.1:0", quota_bytes=64 << 20)
    monkeypatch.undo()
    assert list(home.iterdir())

    assert _hindrance(home) is None
    assert not is_home(home)
    looked_at = asyncio.run(examine(home, None, "", 0, assess_sandbox=lambda: FULL, ask_keyring=answering))
    assert first_run.found(looked_at).trouble == ""
    assert Home.make(home, kind="real", root=b"r", bind="127.0.0.1:0", quota_bytes=64 << 20).root == b"r"


class PowerCut(BaseException):
    """Nothing is tidied up any more."""


def test_a_folder_of_something_else_stays_closed_though_its_files_have_names_that_look_alike(tmp_path: Path):
    (tmp_path / "home.json.making.txt").write_text("dear")

    assert _hindrance(tmp_path) == f"{tmp_path} is not a Perennial home: it holds other files and no home.json."


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become somebody else")
def test_the_home_of_another_user_is_not_entered_and_not_touched():
    with folder_open_to_all() as folder:
        home = folder / "private" / "home"
        home.mkdir(parents=True)
        (home.parent).chmod(0o700)
        os.seteuid(NOBODY)
        try:
            assert _hindrance(home) == f"{home} cannot be used: Permission denied."
        finally:
            os.seteuid(0)
        assert list(home.iterdir()) == []
