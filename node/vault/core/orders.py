"""Orders of the supervisor that are carried out at once, each ended by Done or Failed."""

from __future__ import annotations

from node.vault import control
from node.vault.core.desk import Desk
from node.vault.core.gossip import HeadCarrier
from node.vault.core.identity import decode_certificate, decode_introduction, encode_record, make_record
from node.vault.core.neighbourhood import Neighbourhood
from node.vault.errors import MalformedMessage, ResourceError


def renew(desk: Desk, command: control.RenewCertificate) -> None:
    """Show others, and the supervisor, the new certificate from now on.  Raises what ``decode_certificate`` does."""
    certificate = decode_certificate(command.certificate, desk.now.utc_s)
    desk.record = make_record(desk.signer, certificate, desk.record.addresses, desk.now.utc_s)
    desk.tell(control.Listening(encode_record(desk.record)))
    desk.tell(control.Done(command.id))


def hear_judged(desk: Desk, carrier: HeadCarrier, command: control.RefuseHead | control.KnowHead) -> None:
    """What the supervisor says of a head that a peer has offered."""
    if isinstance(command, control.RefuseHead):
        carrier.refused(desk, command.digest, command.sender)
    else:
        carrier.known(desk, command.digest, command.sender)
    desk.tell(control.Done(command.id))


def carry_files(desk: Desk, command: control.CarryObject | control.DropObjects) -> None:
    """Serve a file that the head names, or no longer those that are not wanted."""
    if isinstance(command, control.DropObjects):
        desk.carried.drop_all_but(command.keep)
    elif not desk.carried.take(command.content):
        desk.tell(control.Failed(command.id, ResourceError.code, "no more files of a head can be carried"))
        return
    desk.tell(control.Done(command.id))


def introduce_all(desk: Desk, neighbourhood: Neighbourhood, command: control.Introduce) -> None:
    """Try to meet those of an invitation, up to the first that is malformed."""
    for content in command.introductions[: control.CONTACTS_MAX]:
        try:
            neighbourhood.introduce(desk, decode_introduction(content))
        except MalformedMessage as error:
            desk.tell(control.Failed(command.id, error.code, str(error)))
            return
    desk.tell(control.Done(command.id))
