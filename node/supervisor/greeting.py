"""Whether others can be reached from here, when the vault in use finds none: some of those whom it knew last are asked.

By a prober, under an identity that is thrown away: nobody can tell it from any client, and nothing of a vault's own
code, keys or grudges is in the way.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from node.prober.control import Question
from node.update.errors import ProberFailed
from node.update.ports import Prober
from node.update.trials.rehearsal import stop
from node.vault.core.desk import NONCE_BYTES
from node.vault.core.identity import KEY_BYTES, decode_record, own_subnet
from node.vault.errors import PeerError
from node.vault.ports import Entropy

GREETED_MAX: Final = 4  # each that does not answer costs most of a minute

log = logging.getLogger(__name__)


def worth_greeting(contacts: Iterable[bytes], own: bytes, utc_s: float) -> list[bytes]:
    """Records of others that are valid still, so that they were known within a day, the first of each subnet.

    Those behind the own address answer whatever the line does; twins of a trial are among them.
    """
    here = _subnet(own, utc_s)
    found: dict[str, bytes] = {}
    for contact in contacts:
        subnet = _subnet(contact, utc_s)
        if subnet and subnet != here:
            found.setdefault(subnet, contact)
    return list(found.values())[:GREETED_MAX]


async def is_anyone_there(
    contacts: list[bytes], start_prober: Callable[[tuple[bytes, bytes]], Awaitable[Prober]], entropy: Entropy
) -> bool:
    """Whether one of these vaults answers a question, two at a time.  A prober that fails has reached nobody."""
    for number in range(0, len(contacts), 2):
        pair = contacts[number], contacts[min(number + 1, len(contacts) - 1)]
        question = Question(0, "get", entropy(KEY_BYTES), b"", entropy(NONCE_BYTES), 0)
        try:
            prober = await start_prober(pair)
            try:
                heard = await prober.ask(question)
            finally:
                await stop(prober)
        except ProberFailed as error:
            log.info("others not greeted reason=%s", error)
            continue
        if any(answer.content for answer in heard.answers):
            return True
    return False


def _subnet(record: bytes, utc_s: float) -> str:
    """Where others see the vault of this record; "" if it is not valid, or nowhere."""
    try:
        return own_subnet(decode_record(record, utc_s).addresses)
    except PeerError:
        return ""
