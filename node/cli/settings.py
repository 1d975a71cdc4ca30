"""``perennial settings``: show or change what the farmer may set."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import msgspec

from node.api.schema import Settings, SettingsPatch, Space
from node.api.texts import size
from node.cli.common import ask_node, print_json, shared_options

if TYPE_CHECKING:
    from node.api.client import Client

SIZE: Final = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?) *(|k|M|G|T)(i?)B?")
SWITCH: Final = {"on": True, "off": False, "true": True, "false": False}
POWERS: Final = {"": 0, "k": 1, "M": 2, "G": 3, "T": 4}


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
@click.argument("key", type=click.Choice(["quota_bytes", "local_discovery"]))
@click.argument("value")
@shared_options
def set_(home: Path, is_json: bool, key: str, value: str) -> None:
    """Change one setting.

    quota_bytes takes a number of bytes or a size such as 100GB; local_discovery takes on or off.
    """
    patch = msgspec.convert({key: size_of(value) if key == "quota_bytes" else is_on(value)}, SettingsPatch)

    async def change(client: Client) -> tuple[Settings, Space]:
        return await client.patch_settings(patch), (await client.status()).space

    found, space = ask_node(home, change, is_json=is_json)
    _print(found, is_json=is_json)
    if key == "quota_bytes" and space.used_bytes > found.quota_bytes and not is_json:
        click.echo(
            f"{size(space.used_bytes - found.quota_bytes)} more than that are in use, so shrinking begins: chunks go to"
            " others first, then the room is given back.  perennial status says how far it is."
        )


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
    else:
        click.echo(f"quota_bytes  {found.quota_bytes}  ({size(found.quota_bytes)}: the most that the home may take)")
        click.echo(
            f"local_discovery  {'on' if found.local_discovery else 'off'}"
            "  (look for vaults on the local network, and be found there; from the vault's next start)"
        )
