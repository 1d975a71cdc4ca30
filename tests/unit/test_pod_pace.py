"""Whoever drafts or signs a release is told when farms cannot be through with the one before it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from node.pod import pace
from node.pod.plans import Recalling, Rotating
from tests.pod_world import PodWorld, releasing
from tests.signed_world import DAY, NOW
from tests.unit.test_pod_cli import run, run_json, sign_arguments

FOUR = ("ash", "birch", "cedar", "elm")


@pytest.fixture
def world(tmp_path: Path) -> PodWorld:
    world = PodWorld(tmp_path)
    world.do(releasing("1"), *FOUR[:3])
    return world


def warnings(world: PodWorld, days: float, *, version: str = "2", is_urgent: bool = False) -> list[str]:
    release = msgspec.structs.replace(releasing(version).release, is_urgent=is_urgent)
    return pace.warning(release, world.net, NOW + days * DAY)


def test_one_that_comes_after_ten_days_is_said_to_come_too_soon(world: PodWorld):
    (said,) = warnings(world, 10.5)
    assert said.startswith("It comes 10 days after vault/1, and many farms need 30 days and more for a release.")
    assert said.endswith("Is it there because vault/1 is bad? Then recall vault/1.")


def test_nothing_is_said_after_thirty_days_nor_of_an_urgent_one_nor_of_the_first(world: PodWorld, tmp_path: Path):
    assert warnings(world, 30) == []
    assert warnings(world, 1, is_urgent=True) == []
    assert warnings(PodWorld(tmp_path / "new"), 1) == []


def test_what_else_is_signed_meanwhile_makes_the_last_release_no_younger(world: PodWorld):
    world.do(Rotating(), *FOUR, now=NOW + 25 * DAY)
    assert warnings(world, 29) != []
    assert warnings(world, 30) == []


def test_nothing_is_said_beside_a_release_that_was_recalled(world: PodWorld):
    world.do(Recalling("vault/1"), *FOUR[:3], now=NOW + DAY)
    assert warnings(world, 2) == []


def test_nothing_is_said_right_after_an_urgent_one(world: PodWorld):
    plan = releasing("2")
    urgent = msgspec.structs.replace(plan, release=msgspec.structs.replace(plan.release, is_urgent=True))
    world.do(urgent, *FOUR, now=NOW + DAY)
    assert warnings(world, 2, version="3") == []


def test_the_tool_says_so_when_it_drafts_and_when_somebody_signs(tmp_path: Path):
    net, source = tmp_path / "net", tmp_path / "source"
    source.mkdir()
    for name in ("__init__.py", "__main__.py"):
        (source / name).write_text("")
    run("init-network", net)
    first = run_json("build", source, "--out", tmp_path / "1", "--version", "0.1.1", "--network", net)
    for name in FOUR[:3]:
        run(*sign_arguments(tmp_path / "1", net, name, source))
    run("finish", tmp_path / "1", "--network", net)
    (source / "__main__.py").write_text("pass\n")

    second = run_json("build", source, "--out", tmp_path / "2", "--version", "0.1.2", "--network", net)
    signed = run(*sign_arguments(tmp_path / "2", net, "ash", source)).output

    assert first["warnings"] == []
    assert [said.startswith("It comes 0 days after vault/0.1.1") for said in second["warnings"]] == [True]
    assert second["warnings"][0] in signed
