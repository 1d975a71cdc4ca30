"""``perennial settings``: show or change what the farmer may set."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import msgspec

from node.api.schema import HOURS, Settings, SettingsPatch, Space
from node.api.texts import size
from node.cli.common import ask_node, print_json, put_out, shared_options

if TYPE_CHECKING:
    from node.api.client import Client

SIZE: Final = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?) *(|k|M|G|T)(i?)B?")
SWITCH: Final = {"on": True, "off": False, "true": True, "false": False}
POWERS: Final = {"": 0, "k": 1, "M": 2, "G": 3, "T": 4}
HOURS_TEXT: Final = re.compile(r"[0-9]{1,2}(?:-[0-9]{1,2})?(?:,[0-9]{1,2}(?:-[0-9]{1,2})?){0,23}")
PORT_TEXT: Final = re.compile("[0-9]{1,5}")
MEANINGS: Final = {
    "quota_bytes": "the most that the home may take",
    "local_discovery": "look for vaults on the local network, and be found there; from the vault's next start",
    "upload_bytes_per_s": "the most that is sent in a second; 0 for no limit",
    "download_bytes_per_s": "the most that is taken in a second; 0 for no limit",
    "eases_in_use": "use the line less while somebody works at the computer",
    "pauses_on_battery": "pause while the computer runs on battery",
    "pauses_on_metered": "pause while the connection is metered",
    "hours": "of the day, in which the node helps",
    "starts_at_login": "start the app when you log in",
    "notifications": "act: only what needs you; news: good news too; never",
    "api_port": "the local API on this port of the loopback address too; 0 for its socket only",
}


@click.group(invoke_without_command=True)
@shared_options
def settings(home: Path, is_json: bool) -> None:
    """Show or change the settings."""
    if click.get_current_context().invoked_subcommand is None:
        _show(home, is_json=is_json)


@settings.command()
@shared_options
def get(home: Path, is_json: bool) -> None:
    """Show all settings."""
    _show(home, is_json=is_json)


@settings.command("set")
@click.argument("key", type=click.Choice(list(MEANINGS)))
@click.argument("value")
@shared_options
def set_(home: Path, is_json: bool, key: str, value: str) -> None:
    """Change one setting.

    Sizes and rates are a number of bytes or a size such as 100GB; switches are on or off; hours are such as 0-6,20-23,
    or all.
    """
    patch = patch_of(key, value)

    async def change(client: Client) -> tuple[Settings, Space]:
        return await client.patch_settings(patch), (await client.status()).space

    found, space = ask_node(home, change, is_json=is_json)
    _print(found, is_json=is_json)
    if key == "quota_bytes" and space.used_bytes > found.quota_bytes and not is_json:
        put_out(
            f"{size(space.used_bytes - found.quota_bytes)} more than that are in use, so shrinking begins: chunks go to"
            " others first, then the room is given back.  perennial status says how far it is."
        )


def patch_of(key: str, text: str) -> SettingsPatch:
    """What changes when ``key`` is set to what somebody wrote.

    Raises:
        click.BadParameter: It is no value of this kind; whether it is in its range, the node says.
    """
    match key:
        case "quota_bytes" | "upload_bytes_per_s" | "download_bytes_per_s":
            value: object = size_of(text)
        case "hours":
            value = hours_of(text)
        case "notifications":
            value = text
        case "api_port":
            if PORT_TEXT.fullmatch(text) is None:
                raise click.BadParameter(f"{text!r} is no port.", param_hint="VALUE")
            value = int(text)
        case _:
            value = is_on(text)
    try:
        return msgspec.convert({key: value}, SettingsPatch)
    except msgspec.ValidationError as error:
        raise click.BadParameter(f"{text!r} is none of act, news, never.", param_hint="VALUE") from error


def hours_of(text: str) -> tuple[int, ...]:
    """Read hours of the day: ``all``, ``8``, ``0-6,20-23``; a range may go over midnight.

    Raises:
        click.BadParameter: It is none.
    """
    if text == "all":
        return HOURS
    found: set[int] = set()
    if HOURS_TEXT.fullmatch(text):
        for part in text.split(","):
            first, _, last = part.partition("-")
            begin, end = int(first), int(last or first)
            found |= {*range(begin, end + 1)} if begin <= end else {*range(begin, len(HOURS)), *range(end + 1)}
    if not found or max(found) >= len(HOURS):
        raise click.BadParameter(f"{text!r} are no hours of the day; say for example 0-6,20-23.", param_hint="VALUE")
    return tuple(sorted(found))


def hours_text(hours: tuple[int, ...]) -> str:
    """As ``hours_of`` reads it."""
    if hours == HOURS:
        return "all"
    begins = [hour for hour in hours if hour - 1 not in hours]
    ends = [hour for hour in hours if hour + 1 not in hours]
    pairs = zip(begins, ends, strict=True)
    return ",".join(str(begin) if begin == end else f"{begin}-{end}" for begin, end in pairs)


def is_on(text: str) -> bool:
    """Read ``on`` or ``off``.

    Raises:
        click.BadParameter: It is neither.
    """
    if text not in SWITCH:
        raise click.BadParameter(f"{text!r} is neither on nor off.", param_hint="VALUE")
    return SWITCH[text]


def size_of(text: str) -> int:
    """Read a size: ``100000``, ``100GB``, ``1.5 TB``, ``64MiB``.

    Raises:
        click.BadParameter: It is none.
    """
    found = SIZE.fullmatch(text.strip())
    if found is None:
        raise click.BadParameter(f"{text!r} is no size; say for example 100GB.", param_hint="VALUE")
    amount, unit, is_binary = found.groups()
    in_bytes = int(float(amount) * (1024 if is_binary else 1000) ** POWERS[unit])
    if in_bytes >= 1 << 63:
        raise click.BadParameter(f"{text!r} is more than any disk holds.", param_hint="VALUE")
    return in_bytes


def _show(home: Path, *, is_json: bool) -> None:
    _print(ask_node(home, lambda client: client.settings(), is_json=is_json), is_json=is_json)


def _print(found: Settings, *, is_json: bool) -> None:
    if is_json:
        print_json(found)
        return
    for key, meaning in MEANINGS.items():
        put_out(f"{key}  {_shown(key, getattr(found, key))}  ({meaning})")


def _shown(key: str, value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return hours_text(value)
    if isinstance(value, int) and value and "bytes" in key:
        return f"{value}, {size(value)}"
    return str(value)
