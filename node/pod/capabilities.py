"""What a release declares, compared with what its source needs; and what pods must do so that farms allow it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

from node.pod.errors import PodError
from node.pod.files import read_file
from node.pod.needs import Needs
from node.pod.writing import Numbers, Statements, next_targets
from node.trust.anchor import (
    ANCHOR_FACTOR,
    ANCHOR_FIELD,
    GROWN_FIELD,
    GROWTH_FACTOR,
    GROWTH_WINDOW,
    SMALL_COST_MAX,
    allowed_in,
    anchor_in,
    check_growth,
    reach_in,
)
from node.trust.capabilities import TODAY, Capabilities, as_declared, cost, read_capabilities
from node.trust.errors import TrustError
from node.trust.head import Head
from node.trust.layers import ROLES
from node.trust.metadata import Targets, read, time_text
from node.trust.policy import signed_at
from node.trust.release import recalled_in
from node.trust.state import listed_now, read_state, signatures_needed
from node.trust.strict import read_json

FILE_BYTES_MAX: Final = 64 << 10
SHOWN_MAX: Final = 10


def fill(needs: Needs) -> Capabilities:
    """What a release with these needs declares unless somebody says otherwise: no more than it needs."""
    return replace(TODAY, modules=needs.modules, udp=needs.udp, tcp=needs.tcp)


def check_covers(name: str, capabilities: Capabilities, needs: Needs) -> None:
    """Check that what a release declares is allowed at all, and enough for what its source needs.

    Raises:
        PodError: It is not.
    """
    if needs.frozen:
        raise PodError(f"{name} does what no vault release may ever do: {_shown(needs.frozen)}")
    try:
        read_capabilities(as_declared(capabilities))
    except TrustError as error:
        raise PodError(f"{name}: {error}") from error
    missing = [f"module {module}" for module in needs.modules if module not in capabilities.modules]
    missing += [kind for kind in ("udp", "tcp") if getattr(needs, kind) and not getattr(capabilities, kind)]
    if missing:
        raise PodError(f"{name} needs what it does not declare: {_shown(missing)}")


def read_declared(file: Path) -> Capabilities:
    """What a file declares, which a person wrote, with the modules in any order.

    Raises:
        PodError: It cannot be read, or declares something else.
    """
    try:
        said = read_json(read_file(file, FILE_BYTES_MAX))
        if isinstance(said, dict) and isinstance(said.get("modules"), list):
            said["modules"].sort(key=str)
        return read_capabilities(said)
    except TrustError as error:
        raise PodError(f"{file}: {error}") from error


def ask(
    head: Head, changed: Statements, version: str, capabilities: Capabilities, at: datetime, passed: Numbers
) -> Statements:
    """The next statements, among them that of ``vault``, with all that a release of this version needs to be allowed.

    If it may do much more than the anchor, next targets name it as the anchor; if more is allowed than in ``head``, the
    statement of ``vault`` says since when.

    Raises:
        TrustError: No farm would accept it.
    """
    targets, vault = next_targets(head, "targets", at, passed), changed["vault"].signed
    if cost(anchor_in(targets.signed).capabilities, capabilities) > SMALL_COST_MAX:
        targets.signed.unrecognized_fields[ANCHOR_FIELD] = {
            "version": version,
            "capabilities": as_declared(capabilities),
        }
        changed = {**changed, "targets": targets}
    held = read_state(head).reach().capabilities
    if cost(held, allowed_in(targets.signed, vault)):
        vault.unrecognized_fields[GROWN_FIELD] = time_text(at)
    return changed


def needed(role: str, statements: Statements, head: Head) -> int:
    """How many must sign the statement of ``role`` for what the releases in it may do, and what is said of them.

    Raises:
        TrustError: No farm would accept it.
    """
    targets, vault = _next(head, statements)
    statement = statements[role].signed
    listed = listed_now(role, statement, (), recalled_in(vault))
    return signatures_needed(role, statement, listed, targets)


def check_asked(head: Head, statements: Statements) -> None:
    """Ask what every farm will ask of the capabilities in the statements after ``head``.

    Raises:
        TrustError: One would refuse them.
    """
    for role in sorted(set(ROLES) & set(statements)):
        needed(role, statements, head)
    if "snapshot" in statements:
        moment = signed_at(statements["snapshot"].signed)
        check_growth(reach_in(*_next(head, statements), moment), read_state(head).reach())


def listed(capabilities: Capabilities) -> str:
    """All that a release may use, in one line."""
    words = []
    for kind, value in as_declared(capabilities).items():
        if isinstance(value, bool):
            words += [kind] if value else []
        else:
            words.append(f"{kind} {', '.join(value) or 'none'}" if isinstance(value, list) else f"{kind} {value:,}")
    return "; ".join(words)


def in_words(needs: Needs, price: int, signatures: int) -> list[str]:
    """What a person should know of a release beyond its difference to others, as sentences."""
    lines = []
    if price > SMALL_COST_MAX:
        lines.append(f"So it becomes the new anchor. Farms try it out {ANCHOR_FACTOR} times as long as others.")
    elif price:
        lines.append(
            f"So {signatures} must sign the statement that lists it, and farms try it out "
            f"{GROWTH_FACTOR} times as long as others."
        )
    if price:
        lines.append(f"Nothing more can be gained for {GROWTH_WINDOW.days} days after it.")
    if needs.to_read:
        lines.append(f"Only a person can judge these places: {_shown(needs.to_read)}")
    return lines


def _next(head: Head, statements: Statements) -> tuple[Targets, Targets]:
    """Top-level targets and those of ``vault``, as they are after these statements."""
    targets = statements["targets"].signed if "targets" in statements else read(head.targets, Targets).signed
    vault = statements["vault"].signed if "vault" in statements else read(head.delegated["vault"], Targets).signed
    return targets, vault


def _shown(found: Sequence[str]) -> str:
    more = f" and {len(found) - SHOWN_MAX} more" if len(found) > SHOWN_MAX else ""
    return "; ".join(found[:SHOWN_MAX]) + more
