"""What a computer says of itself: read where it is told, unknown where it is not, and never waited for."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest
from jeepney import new_method_return

from node.api.schema import Surroundings
from node.supervisor.surroundings import linux, watcher
from node.supervisor.surroundings.linux import LONG_IDLE_S, LinuxSenses, RealBus, XScreenSaver
from node.supervisor.surroundings.senses import is_on_battery
from node.supervisor.surroundings.watcher import IN_USE_S, Watcher


class FakeBus:
    """Answers by the name of what is asked; what it does not know, nobody is there for."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers

    def call(self, _address: object, method: str) -> Any:
        return self.get(_address, method)

    def get(self, _address: object, name: str) -> Any:
        if name not in self.answers:
            raise OSError("nobody is there")
        return self.answers[name]


def senses(*, session: dict[str, Any] | None = None, x_idle_s: float | None = None, **system: Any) -> LinuxSenses:
    return LinuxSenses(FakeBus(**(session or {})), FakeBus(**system), lambda: x_idle_s)


class TestLinux:
    @pytest.mark.parametrize(
        ("told", "expected"), [(0, None), (1, True), (2, False), (3, True), (4, False), (9, None), ("yes", None)]
    )
    def test_a_metered_connection_is_what_the_network_manager_says_or_guesses(self, told: Any, expected: bool | None):
        assert senses(Metered=told).is_metered() is expected

    def test_without_a_network_manager_it_is_unknown(self):
        assert senses().is_metered() is None

    def test_gnome_is_asked_first_then_the_x_server(self):
        assert senses(session={"GetIdletime": 2500}, x_idle_s=7.0).idle_s() == 2.5
        assert senses(x_idle_s=7.0).idle_s() == 7.0
        assert senses(session={"GetIdletime": "soon"}, x_idle_s=7.0).idle_s() == 7.0
        assert senses(session={"GetIdletime": -1}, x_idle_s=7.0).idle_s() == 7.0

    @pytest.mark.parametrize(
        ("hints", "expected"),
        [
            ({"LockedHint": True, "IdleHint": False}, LONG_IDLE_S),
            ({"LockedHint": False, "IdleHint": True}, LONG_IDLE_S),
            ({"LockedHint": False, "IdleHint": False}, None),
        ],
    )
    def test_logind_is_believed_that_nobody_is_there_but_not_that_somebody_is(
        self, hints: dict[str, Any], expected: float | None
    ):
        assert senses(Display=("2", "/org/freedesktop/login1/session/_32"), **hints).idle_s() == expected

    def test_where_nobody_knows_it_is_unknown(self):
        assert senses().idle_s() is None
        assert senses(Display=(), LockedHint=True).idle_s() is None

    def test_the_x_server_is_not_asked_where_it_is_not_there_or_sees_only_a_part(self, monkeypatch: pytest.MonkeyPatch):
        def forbidden() -> None:
            raise AssertionError("it was asked")

        monkeypatch.setattr(linux, "_load", forbidden)
        nowhere: dict[str, str] = {}
        assert XScreenSaver(nowhere.get).idle_s() is None
        partly = {"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}
        assert XScreenSaver(partly.get).idle_s() is None

    @pytest.mark.parametrize(("signature", "values"), [(None, ()), ("s", ("soon",)), ("as", (["soon"],))])
    def test_any_program_on_the_bus_may_answer_what_it_likes_and_is_passed_over(
        self, monkeypatch: pytest.MonkeyPatch, signature: str | None, values: tuple[Any, ...]
    ):
        odd = SimpleNamespace(send_and_get_reply=lambda asked, **_: new_method_return(asked, signature, values))
        monkeypatch.setattr(linux, "open_dbus_connection", lambda *_, **__: odd)
        told = LinuxSenses(session=RealBus("SESSION"), system=RealBus("SYSTEM"), x_idle=lambda: 7.0)
        assert (told.idle_s(), told.is_metered()) == (7.0, None)

    @pytest.mark.parametrize(
        ("name", "told", "is_there", "address"),
        [("SESSION", "", True, f"unix:path=/run/user/{os.getuid()}/bus"), ("SESSION", "", False, "SESSION"),
         ("SESSION", "unix:path=/another", True, "SESSION"), ("SYSTEM", "", True, "SYSTEM")],
    )  # fmt: skip
    def test_who_was_started_without_being_told_finds_the_session_bus_where_it_always_lies(
        self, monkeypatch: pytest.MonkeyPatch, name: str, told: str, is_there: bool, address: str
    ):
        asked: list[str] = []

        def connect(where: str, **_: object) -> None:
            asked.append(where)
            raise OSError("nobody is there")

        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", told)
        monkeypatch.setattr(Path, "exists", lambda _: is_there)
        monkeypatch.setattr(linux, "open_dbus_connection", connect)
        with pytest.raises(OSError, match="nobody is there"):
            RealBus(name).call(linux.MUTTER, "GetIdletime")
        assert asked == [address]

    def test_a_bus_that_is_not_there_is_an_error_that_is_expected(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus")
        assert LinuxSenses(session=RealBus("SESSION"), system=FakeBus(), x_idle=lambda: None).idle_s() is None


class TestTheBattery:
    @pytest.mark.parametrize(
        ("battery", "expected"),
        [(None, None), (SimpleNamespace(power_plugged=True), False), (SimpleNamespace(power_plugged=False), True),
         (SimpleNamespace(power_plugged=None), None)],
    )  # fmt: skip
    def test_it_is_read_where_there_is_one(self, monkeypatch: pytest.MonkeyPatch, battery: Any, expected: bool | None):
        monkeypatch.setattr(psutil, "sensors_battery", lambda: battery, raising=False)
        assert is_on_battery() is expected

    def test_a_system_that_does_not_let_it_be_read_says_nothing(self, monkeypatch: pytest.MonkeyPatch):
        def refuse() -> None:
            raise PermissionError

        monkeypatch.setattr(psutil, "sensors_battery", refuse, raising=False)
        assert is_on_battery() is None


class Hanging:
    """Senses that do not come back before the gate opens."""

    def __init__(self) -> None:
        self.gate = threading.Event()

    def is_on_battery(self) -> bool | None:
        return True

    def is_metered(self) -> bool | None:
        return None

    def idle_s(self) -> float | None:
        self.gate.wait(10.0)
        return IN_USE_S - 1


class TestTheWatcher:
    def test_it_tells_what_it_found_and_whether_somebody_works_here(self):
        hanging = Hanging()
        hanging.gate.set()
        assert asyncio.run(Watcher(hanging).look()) == Surroundings(True, None, True)

    def test_senses_that_break_are_asked_again(self):
        class Broken(Hanging):
            def idle_s(self) -> float | None:
                if not self.gate.is_set():
                    self.gate.set()
                    raise IndexError
                return None

        async def main() -> None:
            looking = Watcher(Broken())
            assert [await looking.look() for _ in range(2)] == [Surroundings(), Surroundings(True, None, None)]

        asyncio.run(main())

    def test_a_system_that_hangs_is_unknown_and_holds_nobody_up(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(watcher, "LOOK_S_MAX", 0.01)
        hanging = Hanging()

        async def main() -> None:
            looking = Watcher(hanging)
            before = threading.active_count()
            assert await looking.look() == Surroundings()
            assert await looking.look() == Surroundings()  # and nothing more waits for it
            assert looking._wanted.empty()
            assert threading.active_count() == before + 1
            hanging.gate.set()
            monkeypatch.setattr(watcher, "LOOK_S_MAX", 5.0)
            while await looking.look() == Surroundings():
                await asyncio.sleep(0.005)

        asyncio.run(main())
