"""What a twin is told and asked while it runs, beside what the vault in use is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from node.supervisor.errors import RequestRefused
from node.supervisor.keys import RunKey
from node.supervisor.meeting import KEEP_FIRST_S, KEEP_S
from node.supervisor.tending import ORDERS_MAX, Order, Tending
from node.supervisor.twins import Care, Twin
from node.supervisor.vault_child import POLL_S, POLL_YOUNG_S, YOUNG_S
from node.supervisor.watched import RENEW_PAUSE_S, RENEW_S
from node.vault import control
from node.vault.core.identity import CERTIFICATE_S
from node.vault.load import Load
from tests.virtual_time import run

UTC_S = 1_800_000_000.0


class Run:
    """A twin's process: hears, notes when, and refuses orders of the kind ``refuses``."""

    def __init__(self, refuses: type[control.Command] | None = None) -> None:
        self.key = RunKey(b"seed", b"key", b"first", UTC_S + CERTIFICATE_S)
        self.refuses = refuses
        self.heard: list[tuple[float, control.Command]] = []

    async def ask(self, make: Callable[[int], control.Command], _timeout_s: float = 0.0) -> control.Report:
        order = make(len(self.heard))
        self.heard.append((asyncio.get_running_loop().time(), order))
        if self.refuses is not None and isinstance(order, self.refuses):
            raise RequestRefused("x", "no")
        return control.Done(1)

    def times(self, kind: type[control.Command]) -> list[float]:
        return [at_s for at_s, order in self.heard if isinstance(order, kind)]

    def kinds(self) -> list[str]:
        return [type(order).__name__ for _, order in self.heard]


def quota(number: int) -> control.Command:
    return control.SetQuota(number, 1)


def head(number: int) -> control.Command:
    return control.SetHead(number, b"head")


def tend(
    one: Run, for_s: float, *, first: tuple[Order, ...] = (), listens_at_s: float = 0.0,
    told: tuple[tuple[float, Order], ...] = (),
) -> None:  # fmt: skip
    """Look after it for that long; ``told``: what it is told meanwhile, and when."""

    def renew(key: RunKey) -> RunKey:
        now_s = UTC_S + asyncio.get_running_loop().time()
        return RunKey(key.seed, key.transport_key, b"another", now_s + CERTIFICATE_S)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        given: Any = one
        tending = Tending(given, lambda: first, renew, lambda: UTC_S + loop.time())
        listening = asyncio.Event()
        loop.call_later(listens_at_s, listening.set)
        for at_s, order in told:
            loop.call_later(at_s, tending.tell, [order])
        task = asyncio.create_task(tending.keep_on(listening))
        await asyncio.sleep(for_s)
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()

    run(main())


def test_it_is_told_nothing_before_it_listens_and_then_first_what_every_vault_is():
    one = Run()
    tend(one, 8.5, first=(head, quota), listens_at_s=8.0, told=((3.0, head),))
    assert one.kinds()[:4] == ["SetHead", "SetQuota", "SetHead", "GetState"]
    assert one.heard[0][0] == 8.0


def test_it_is_asked_how_it_is_as_often_as_the_vault_in_use():
    one = Run()
    tend(one, YOUNG_S + 4 * POLL_S + 0.5)
    gaps_s = [
        round(later - at_s, 6)
        for at_s, later in zip(one.times(control.GetState), one.times(control.GetState)[1:], strict=False)
    ]
    assert gaps_s == [POLL_YOUNG_S] * round(YOUNG_S / POLL_YOUNG_S) + [POLL_S] * 4


def test_it_is_asked_whom_it_would_keep_as_often_as_the_vault_in_use():
    one = Run()
    tend(one, KEEP_FIRST_S + KEEP_S + POLL_S + 0.5)
    first_s, second_s = one.times(control.GetContacts)
    assert KEEP_FIRST_S <= first_s < KEEP_FIRST_S + POLL_S
    assert KEEP_S <= second_s - first_s < KEEP_S + POLL_S


def test_a_newer_head_is_told_at_once():
    one = Run()
    tend(one, 110.0, told=((101.5, head),))
    assert one.times(control.SetHead) == [101.5]


@pytest.mark.long
def test_its_certificate_is_renewed_before_it_ends_and_again_a_day_later():
    one = Run()
    tend(one, 2 * CERTIFICATE_S)
    first_s, second_s = one.times(control.RenewCertificate)
    assert CERTIFICATE_S - RENEW_S <= first_s < CERTIFICATE_S - RENEW_S + POLL_S
    assert CERTIFICATE_S - RENEW_S <= second_s - first_s < CERTIFICATE_S - RENEW_S + POLL_S
    assert one.key.certificate == b"another"


@pytest.mark.long
def test_one_that_refuses_its_certificate_is_given_it_again_after_a_while():
    one = Run(refuses=control.RenewCertificate)
    tend(one, CERTIFICATE_S - RENEW_S + RENEW_PAUSE_S + 2 * POLL_S)
    assert len(one.times(control.RenewCertificate)) == 2
    assert one.key.certificate == b"first"


def test_whatever_it_refuses_it_is_looked_after():
    one = Run(refuses=control.GetState)
    tend(one, 3.5)
    assert len(one.times(control.GetState)) == 4


def test_what_waits_for_a_twin_that_never_listens_has_an_end():
    one = Run()
    tend(one, 10.0, listens_at_s=9.5, told=((1.0, quota),) + ((2.0, head),) * ORDERS_MAX)
    assert len(one.times(control.SetHead)) == ORDERS_MAX
    assert one.times(control.SetQuota) == []


class Asked(Run):
    """A twin that its neighbour asks that much, and others a little; like a vault it tells what is new each time."""

    PER_S = 300

    def __init__(self) -> None:
        super().__init__()
        self.exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.told_s = asyncio.get_running_loop().time()

    async def ask(self, make: Callable[[int], control.Command], _timeout_s: float = 0.0) -> control.Report:
        report = await super().ask(make)
        if not isinstance(self.heard[-1][1], control.GetState):
            return report
        now_s, since_s = asyncio.get_running_loop().time(), self.told_s
        self.told_s = now_s
        most = int((now_s - since_s) * self.PER_S)
        return control.State(1, 0, 0, 7, 5, 5, {}, load=Load(most + 10, most, OTHER))


OTHER = b"o" * 32
LOOK_S = 7200.0  # between two looks of a trial at what its twins ask each other


def test_what_a_twin_was_asked_is_told_whole_to_who_asks_seldom_though_it_is_tended_all_the_time():
    """Each state tells what came since the one before, and those that tending asks for come every few seconds."""
    found: list[control.Report] = []

    async def main() -> None:
        given: Any = Asked()
        twin = Twin(Care(tuple, lambda key: key, lambda: UTC_S, lambda _: ()))
        twin._run = given
        twin._look_after()
        twin._listening.set()
        await twin.ask(control.GetState, 5.0)
        for _ in range(2):
            await asyncio.sleep(LOOK_S)
            found.append(await twin.ask(control.GetState, 5.0))
        given.exited.set_result(0)

    run(main())
    loads = [state.load for state in found if isinstance(state, control.State) and state.load is not None]
    assert [load.by for load in loads] == [OTHER, OTHER]
    assert [load.most for load in loads] == pytest.approx([LOOK_S * Asked.PER_S] * 2, rel=0.01)
    assert all(load.most < load.all for load in loads)
