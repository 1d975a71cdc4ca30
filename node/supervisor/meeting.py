"""How the node meets others: contacts kept while it runs, invitations written and taken, and found after a move."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from node.api import invitation_texts, schema
from node.api.told import NOTHING
from node.supervisor.bootstrap import Bootstrap, addressed
from node.supervisor.errors import InvitationError, RequestRefused, StateError, VaultUnavailable
from node.supervisor.home import Home
from node.supervisor.invitation import VAULTS_MAX, decode_invitation, encode_invitation, leads_outside, passed_on
from node.supervisor.vault_child import VaultChild
from node.supervisor.whereabouts import follow, is_anywhere
from node.vault import control
from node.vault.core.identity import Introduction, encode_introduction

KEEP_FIRST_S: Final = 20.0  # after the start, when the first neighbours are known
KEEP_S: Final = 300.0

log = logging.getLogger(__name__)


class Meeting:
    """Belongs to the event loop of its vault."""

    def __init__(self, home: Home, bootstrap: Bootstrap, vault: VaultChild, moved: Callable[[], None]) -> None:
        """``moved`` is told when the vault was started anew because the computer has moved."""
        self._network = home.network
        self._is_practice = home.is_practice
        self._bind = home.marker.bind
        self._bootstrap = bootstrap
        self._vault = vault
        self._moved = moved

    async def run(self) -> None:
        """Keep whom the vault knows, and let it be found wherever the computer is, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_contacts(), name="contacts")
            if is_anywhere(self._bind):
                tasks.create_task(follow(self._vault, self._moved), name="whereabouts")

    async def _keep_contacts(self) -> None:
        await self._vault.wait_until_settled()
        await asyncio.sleep(KEEP_FIRST_S)
        while True:
            await self.keep_now()
            await asyncio.sleep(KEEP_S)

    async def keep_now(self) -> None:
        """Keep whom the vault knows at this moment; without an answer what was kept stays.  Never raises."""
        records = await self._known()
        try:
            await asyncio.to_thread(self._bootstrap.keep, records)
        except StateError as error:
            log.warning("contacts not kept reason=%s", error)

    async def invitation(self, at: str = "") -> schema.Invitation:
        """Write an invitation to the own vault and to others that it knows well.

        ``at``: an IP address at which a router passes the vault's port on to it; "" for none.

        Raises:
            VaultUnavailable: The vault cannot be reached by anyone yet.
            InvitationError: ``at`` is no such address.
        """
        own = addressed(self._vault.record) if self._vault.is_listening else None
        if own is None:
            raise VaultUnavailable(invitation_texts.nobody_to_invite_to())
        own = passed_on(own, at) if at else own
        others = [found for record in await self._known() if (found := addressed(record)) is not None]
        invited = [own, *others][:VAULTS_MAX]
        advice = NOTHING
        if not self._is_practice and not leads_outside(invited):
            advice = invitation_texts.leads_nowhere(own.addresses[0].rpartition(":")[2])
        text = encode_invitation(self._network, invited)
        return schema.Invitation(text, advice.sentence, advised=advice.said)

    async def join(self, text: str) -> schema.Joined:
        """Keep whom an invitation names, and let the vault meet them.

        Raises:
            InvitationError: It is none, none to this network, or the own one; nothing changed.
            StateError: It could not be kept.
        """
        introductions = _others_of(text, self._network, self._vault.record)
        await asyncio.to_thread(self._bootstrap.introduce, introductions)
        encoded = tuple(map(encode_introduction, introductions))
        try:
            await self._vault.ask(lambda number: control.Introduce(number, encoded))
        except (VaultUnavailable, RequestRefused) as error:
            log.info("the vault is told of the invitation when it starts reason=%s", error)
        found = invitation_texts.joining(len(introductions))
        return schema.Joined(len(introductions), found.sentence, found.said)

    async def _known(self) -> tuple[bytes, ...]:
        try:
            answer = await self._vault.ask(control.GetContacts)
        except (VaultUnavailable, RequestRefused) as error:
            log.info("the vault names no contacts reason=%s", error)
            return ()
        return answer.records[: control.KEPT_CONTACTS_MAX] if isinstance(answer, control.Contacts) else ()


def join_later(home: Home, text: str) -> schema.Joined:
    """Keep whom an invitation names, for the next start of a node that does not run.  Blocking; lock the home.

    Raises:
        InvitationError: It is none, none to this network, or the own one; nothing changed.
        StateError: It could not be kept.
    """
    introductions = _others_of(text, home.network, home.last_record())
    Bootstrap(home).introduce(introductions)
    found = invitation_texts.joining_later(len(introductions))
    return schema.Joined(len(introductions), found.sentence, found.said)


def _others_of(text: str, network: bytes, record: bytes) -> tuple[Introduction, ...]:
    """Whom an invitation to ``network`` names; ``record``: the own vault's.

    Raises:
        InvitationError: It is none, none to this network, or the own one.
    """
    introductions = decode_invitation(text, network)
    own = addressed(record)
    if own is not None and introductions[0].transport_key == own.transport_key:  # whoever invites comes first
        raise InvitationError(invitation_texts.invitation_own())
    return introductions
