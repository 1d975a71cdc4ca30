"""What all commands share: paths, the options --home and --json, stated failures, and talking to the node."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, NoReturn, TypeVar

import click

from node.api.texts import printable, reason
from node.cli import loading

if TYPE_CHECKING:
    import msgspec

    from node.api.client import Client
    from node.api.schema import Said

T = TypeVar("T")


class AnyPath(click.Path):
    """A person's path, whatever is there: what is wrong with it, the command says.

    An empty one is wrong usage: as a path it would be the current folder, which nobody meant.
    """

    def __init__(self) -> None:
        super().__init__(readable=False, path_type=Path)

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        if not os.fspath(value):
            self.fail("an empty path names nothing.", param, ctx)
        return super().convert(value, param, ctx)


class HomePath(AnyPath):
    """The folder of a node as the node itself calls it, which expands ``~`` and follows links.

    So everybody looks in the same place, also where no shell has expanded it, as in ``--home=~/farm``.
    """

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        folder = super().convert(value, param, ctx)
        assert isinstance(folder, Path)
        try:
            return folder.expanduser().resolve()
        except (OSError, RuntimeError):  # what is wrong with it, the command says
            return folder


PATH: Final = AnyPath()
HOME_OPTION: Final = click.option(
    "--home", type=HomePath(), default=None, metavar="DIR", help="The folder of the node."
)
JSON_OPTION: Final = click.option("--json", "is_json", is_flag=True, help="Print JSON instead of text.")


class Failure(click.ClickException):
    """A stated failure: one sentence on standard error, or with --json an ErrorAnswer on standard output."""

    exit_code = 1

    def __init__(
        self, code: str, message: str, said: tuple[Said, ...] = (), *, is_json: bool, exit_code: int | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.said = said
        self.is_json = is_json
        if exit_code is not None:
            self.exit_code = exit_code  # type: ignore[misc]  # click declares it for the class, and reads it here

    def show(self, file: IO[Any] | None = None) -> None:
        if self.is_json:
            print_error(self.code, self.message, self.said)
        else:
            click.echo(printable(self.message), file=file or sys.stderr)


class Unsaid(Failure):
    """Standard output takes nothing more: its disk is full, or nobody reads it, which ends the command quietly."""

    def __init__(self, error: OSError) -> None:
        super().__init__("output", f"The output cannot be written: {reason(error)}.", is_json=False)
        self.is_quiet = isinstance(error, BrokenPipeError)

    def show(self, file: IO[Any] | None = None) -> None:
        if not self.is_quiet:
            super().show(file)


def shared_options(command: Callable[..., T]) -> Callable[..., T]:
    """Give a command ``home: Path`` and ``is_json: bool``, as said at the command or before it."""

    @HOME_OPTION
    @JSON_OPTION
    @click.pass_context
    @functools.wraps(command)
    def with_options(ctx: click.Context, /, home: Path | None, *, is_json: bool, **others: Any) -> T:
        outer = ctx.parent
        while outer is not None:  # what was said at a group holds for its commands
            home = home or outer.params.get("home")
            is_json = is_json or bool(outer.params.get("is_json"))
            outer = outer.parent
        return command(home=home or default_home(), is_json=is_json, **others)

    return with_options


UNTIL_EOF_OPTION: Final = click.option(
    "--until-eof", "is_until_eof", is_flag=True, hidden=True,
    help="End when standard input is closed: whoever started this holds it open as long as it lives.",
)  # fmt: skip


def watch_input(end: Callable[[], None]) -> None:
    """Call ``end`` in the running event loop once standard input is closed, however its other end has died."""
    import asyncio  # noqa: PLC0415 - slow to load, not needed for --help

    loop = asyncio.get_running_loop()

    def wait() -> None:
        with contextlib.suppress(OSError, RuntimeError):  # RuntimeError: the loop has ended before
            while os.read(0, 1024):
                continue
            loop.call_soon_threadsafe(end)

    threading.Thread(target=wait, name="input", daemon=True).start()


def default_home() -> Path:
    """Where the home lies when nobody says otherwise."""
    import platformdirs  # noqa: PLC0415 - for this one path only

    return platformdirs.user_data_path("perennial", appauthor=False)


def put_out(content: str | bytes) -> None:
    """Print what a command has to say, and an end of line.

    Raises:
        Unsaid: It cannot be printed.
    """
    try:
        click.echo(content)
    except OSError as error:
        raise Unsaid(error) from error


def say(sentence: str) -> None:
    """Print one line; whoever wrote parts of it, it is text.  Raises Unsaid."""
    put_out(printable(sentence))


def tell(sentence: str) -> None:
    """As ``say``, for what goes on whether that is heard or not."""
    with contextlib.suppress(Unsaid):
        say(sentence)


def print_json(value: msgspec.Struct | dict[str, Any] | None) -> None:
    """Raises Unsaid."""
    import json  # noqa: PLC0415 - not needed for --help

    import msgspec  # noqa: PLC0415 - not needed for --help

    try:
        content = msgspec.json.encode(value)
    except UnicodeEncodeError:  # a path that is no text: its bytes become question marks
        content = json.dumps(msgspec.to_builtins(value), ensure_ascii=False).encode(errors="replace")
    put_out(content)


def print_error(code: str, message: str, said: tuple[Said, ...] = ()) -> None:
    """Print an ErrorAnswer: what a failure is with --json."""
    from node.api.schema import ErrorAnswer  # noqa: PLC0415 - not needed for --help

    try:
        print_json(ErrorAnswer(code, message, said))
    except Unsaid as unsaid:
        unsaid.show()


def fail(error: Exception, *, is_json: bool, exit_code: int = 1) -> NoReturn:
    """End the command with what an error with a ``code`` says."""
    from node.api.told import ToldError  # noqa: PLC0415 - not needed for --help

    said = error.told.said if isinstance(error, ToldError) else ()
    code = getattr(error, "code", "failed")
    raise Failure(code, str(error), said, is_json=is_json, exit_code=exit_code) from error


def ask_node(home: Path, use: Callable[[Client], Awaitable[T]], *, is_json: bool) -> T:
    """Connect to the node of ``home`` and return what ``use`` gets from it; a refusal ends the command."""
    with loading():
        import asyncio  # noqa: PLC0415 - slow to load, not needed for --help

        from node.api.client import ApiError, Client, NotRunning  # noqa: PLC0415

    async def talk() -> T:
        async with Client(home) as client:
            return await use(client)

    try:
        return asyncio.run(talk())
    except (ApiError, NotRunning) as error:
        fail(error, is_json=is_json)
