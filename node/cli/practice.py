"""``perennial practice``: a whole small network on this computer, in which releases are tried out."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import secrets
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

import click
import msgspec
from click.core import ParameterSource
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from node.api.client import ApiError, NotRunning
from node.api.texts import printable, reason
from node.cli.common import HOME_OPTION, JSON_OPTION, PATH, UNTIL_EOF_OPTION, Failure, fail, put_out, watch_input
from node.cli.ending import told_to_end
from node.pod.errors import PodError
from node.practice.candidate import Candidate, check_candidate
from node.practice.profile import FARMS_MAX, VAULTS_MAX, VAULTS_MIN, PracticeProfile
from node.practice.releases import NAMES, RELEASES, Expectation, PracticeError
from node.practice.run import Members, Request, Result, practise
from node.supervisor.errors import SupervisorError
from node.update.errors import UpdateError

NOTHING: Final = "none"  # for people who only want a network to put files into
STATED: Final = (PracticeError, PodError, SupervisorError, UpdateError, ApiError, NotRunning)


class PipeConsole(Console):
    """A console that ends the run in order when nobody reads it any more (``perennial practice | head``)."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        raise PracticeError("Nobody reads the output any more.")


@click.command()
@click.option("--vaults", type=click.IntRange(VAULTS_MIN, VAULTS_MAX), default=8, show_default=True, metavar="N",
              help="Vaults in all, each a process and a subnet of its own.")  # fmt: skip
@click.option("--farms", type=click.IntRange(1, FARMS_MAX), default=3, show_default=True, metavar="N",
              help="How many of them are full farms, which try releases out.")  # fmt: skip
@click.option("--releases", "names", default=",".join(NAMES), show_default=True, metavar="NAMES",
              help="What to publish, one after the other; none publishes nothing.")  # fmt: skip
@click.option("--candidate", type=PATH, default=None, metavar="DIR",
              help="Publish this source tree instead; it holds what node/vault holds.")  # fmt: skip
@click.option("--expect", type=click.Choice(["promoted", "refused"]), default=None,
              help="How the candidate should end; without it any decision is fine.")  # fmt: skip
@click.option("--keep", "is_kept", is_flag=True, help="Leave the network running afterwards, until Ctrl+C.")
@click.option("--seed", type=int, default=None, metavar="S", help="Seed of the people's traffic.")
@UNTIL_EOF_OPTION
@HOME_OPTION
@JSON_OPTION
@click.pass_context
def practice(
    ctx: click.Context, *, vaults: int, farms: int, names: str, candidate: Path | None, expect: Expectation | None,
    is_kept: bool, seed: int | None, is_until_eof: bool, home: Path | None, is_json: bool,
) -> None:  # fmt: skip
    """Run a whole practice network on this computer, and try releases out in it.

    Everything is real but the size and the pace: vaults in processes of their own, signed releases that spread
    as chunks, trials, promotions.  Exit code 0 only if every farm decided every release as it should.
    """
    if farms > vaults - 2:
        raise click.UsageError(f"{farms} farms need at least {farms + 2} vaults.")
    if candidate is None and expect is not None:
        raise click.UsageError("--expect is what shall become of the tree which --candidate names.")
    if candidate is not None and ctx.get_parameter_source("names") is not ParameterSource.DEFAULT:
        raise click.UsageError("--candidate is published instead of --releases; say one of them.")
    candidates = _candidates(names, candidate, expect, is_json=is_json)
    profile = PracticeProfile(vaults=vaults, farms=farms)
    request = Request(profile, candidates, home, is_kept, secrets.randbits(32) if seed is None else seed)
    console = PipeConsole(stderr=is_json, force_terminal=False if is_json else None)
    ended: list[Result] = []

    def announce(members: Members) -> None:
        if is_json and is_kept:
            _print_json(members)
        elif is_kept:
            for farm in members.farms:
                console.out(f"{farm.name}: --home {farm.home}", highlight=False)
            console.out("The network stays; Ctrl+C ends it.", highlight=False)

    def finished(result: Result) -> None:
        ended.append(result)
        if is_json:
            _print_json(result)
        else:
            _print_result(console, result)

    try:
        _run_until_told(lambda: practise(request, console, announce, finished), console, is_until_eof=is_until_eof)
    except* STATED as errors:
        fail(_first(errors), is_json=is_json)
    except* OSError as errors:
        fail(PracticeError(f"The practice network cannot go on: {reason(_first(errors))}."), is_json=is_json)
    if not ended and candidates:
        raise Failure("practice.stopped", "The practice network was stopped before all was decided.", is_json=is_json)
    if ended and not ended[0].is_as_expected:
        sys.exit(1)


def _candidates(names: str, folder: Path | None, expect: Expectation | None, *, is_json: bool) -> tuple[Candidate, ...]:
    if folder is not None:
        try:
            check_candidate(folder)
        except PracticeError as error:
            fail(error, is_json=is_json)
        return (Candidate(folder.absolute().name, 3, expect or "any", source=folder.absolute()),)
    if names == NOTHING:
        return ()
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in RELEASES]
    if unknown or not wanted:
        raise click.UsageError(f"unknown release {', '.join(unknown) or names!r}; there are {', '.join(NAMES)}")
    return tuple(Candidate.named(RELEASES[name]) for name in wanted)


def _run_until_told(work: Callable[[], Coroutine[None, None, None]], console: Console, *, is_until_eof: bool) -> None:
    """Run to the end, or until Ctrl+C, SIGTERM, SIGHUP or the end of input; the network is taken down in each case."""

    async def guarded() -> None:
        task = asyncio.ensure_future(work())
        loop = asyncio.get_running_loop()

        def stop() -> None:
            task.cancel()  # first: who told this to end may be the one who read what it says
            with contextlib.suppress(PracticeError, OSError):
                console.print("Ending the practice network; this takes a few seconds.")

        if is_until_eof:
            watch_input(stop)
        for number in told_to_end():
            with contextlib.suppress(NotImplementedError):  # on Windows Ctrl+C comes as KeyboardInterrupt
                loop.add_signal_handler(number, stop)
        await task

    with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt):
        asyncio.run(guarded())


def _first(errors: BaseExceptionGroup[Any]) -> Exception:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, Exception)
    return error


def _print_json(value: Members | Result) -> None:
    put_out(msgspec.json.encode(dataclasses.asdict(value), enc_hook=dataclasses.asdict))


def _print_result(console: Console, result: Result) -> None:
    if not result.releases:
        console.out("Nothing was published.", highlight=False)
        return
    table = Table(box=box.SIMPLE_HEAD)
    for column in ("release", "farm", "verdict", "after", "fetched", "why"):
        table.add_column(column)
    for release in result.releases:
        for farm in release.farms:
            after = "" if farm.decided_after_s is None else f"{farm.decided_after_s:.0f} s"
            fetched = f"{farm.bytes_fetched / 1000:.1f} kB"
            cells = release.name, farm.farm, farm.verdict or "undecided", after, fetched, farm.reason
            table.add_row(*(escape(printable(cell)) for cell in cells))
    console.print(table)
    for release in result.releases:
        console.out(printable(release.sentence), highlight=False)
    if result.noise:
        noise = ", ".join(f"{name} {value:.2f}" for name, value in result.noise.items())
        console.out(f"Noise of equal code against equal code, sd of z in margins: {noise}.", highlight=False)
    console.out("All as it should be." if result.is_as_expected else "Not as it should be.", highlight=False)
