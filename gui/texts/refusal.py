"""What the node refuses, and why it does not start: a text for each code, as in ``gui.texts.node``.

Words of the command line, and those that one must have learnt, are said otherwise here.
"""

from __future__ import annotations

from typing import Final

from gui.language import translate

TEXTS: Final[dict[str, str]] = {
    # The home and its files.
    "home.none": translate("refusals", "There is no Perennial home at {path} yet."),
    "home.foreign": translate("refusals", "{path} is not a Perennial home: it holds other files and no home.json."),
    "home.unfinished": translate("refusals", "{path} is a Perennial home whose making was interrupted; make it again."),
    "home.made": translate("refusals", "{path} is a Perennial home already."),
    "home.no_folder": translate("refusals", "{path} is not a folder."),
    "home.not_ours": translate("refusals", "{path} belongs to another user, so it cannot be your Perennial home."),
    "home.newer": translate("refusals", "{path} was made by a newer version of Perennial, which this one cannot read."),
    "home.root_replaced": translate("refusals", "{path} is not the file of the network with which this home was made."),
    "home.long": translate("refusals", "The path {path} is too long for a home: at most {most} bytes."),
    "home.odd_path": translate(
        "refusals",
        "The path {path} holds characters that not every program can write, so no home can lie there; choose another"
        " folder.",
    ),
    "home.unfit_disk": translate(
        "refusals",
        "The disk on which {path} lies cannot hold a home: it keeps no permissions or knows no sockets, as exFAT, NTFS"
        " and many network disks. Choose a folder on a disk that is formatted for this system.",
    ),
    "home.in_use": translate("refusals", "Perennial already runs on {path}."),
    "home.in_use_by": translate("refusals", "Perennial already runs on {path} (process {pid})."),
    "port.in_use": translate(
        "refusals", "{address} is in use by another program, so this computer cannot be reached there."
    ),
    "file.damaged": translate("refusals", "{path} is damaged: {why}."),
    "file.unusable": translate("refusals", "{path} cannot be used: {why}."),
    # The network.
    "network.none_shipped": translate(
        "refusals", "This copy of Perennial was made for no network; bring the file of one."
    ),
    "network.no_file": translate("refusals", "{path} is not the file of a network: {why}."),
    "network.other_fingerprint": translate(
        "refusals",
        "{path} is the file of another network than the fingerprint says; nothing was made. Ask where both come from.",
    ),
    "network.other": translate(
        "refusals",
        "{path} is a home of another network, and a home never changes its network; choose another folder.",
    ),
    # Settings.
    "settings.quota_range": translate("refusals", "The disk limit must be between {least} and {most}."),
    "settings.quota_disk": translate("refusals", "The disk limit is larger than the disk, which holds {disk}."),
    "settings.missing": translate("refusals", "{path} is missing; the disk limit is {quota} until you set it."),
    "settings.unreadable": translate(
        "refusals", "{path} cannot be read ({why}); the disk limit is {quota} until you set it."
    ),
    "settings.bad": translate(
        "refusals",
        "{name} could not be understood ({why}) and lies in {aside} now; the disk limit is {quota} until you set it.",
    ),
    "settings.not_saved": translate("refusals", "The settings could not be saved in {path}: {why}."),
    "settings.rate_range": translate(
        "refusals",
        "A limit of the line is 0 (none) or between {least} and {most} a second: with less, no piece would pass in the"
        " time that others wait for it.",
    ),
    "settings.hours": translate(
        "refusals",
        "The hours are some of 0 to 23, each once and in order, and at least one; to stop for longer, pause.",
    ),
    "settings.port_range": translate(
        "refusals", "The port of the local API is 0 (none) or between {least} and {most}."
    ),
    "settings.login": translate(
        "refusals", "Whether Perennial starts when you log in could not be changed in {path}: {why}."
    ),
    "settings.login_practice": translate("refusals", "A practice home does not start when you log in."),
    # The key.
    "key.gone": translate(
        "refusals",
        "The private key of the home {path} is gone; without it this computer is a stranger to the others. If no backup"
        " brings it back, type perennial leave --give-back in a terminal; the next start begins anew.",
    ),
    "key.other_home": translate(
        "refusals", "{path} is the key of another home, and two computers must not run with one key."
    ),
    "key.file": translate("refusals", "{path}: {why}."),
    "key.other_places": translate("refusals", "Where there is no keyring, choose another place for the key."),
    "keyring.damaged": translate("refusals", "The keyring holds something else than a key under the name {name}."),
    "keyring.none": translate(
        "refusals", "This system offers no keyring that encrypts, so the private key cannot be kept."
    ),
    "keyring.failed": translate("refusals", "The keyring of this system refused: {why}."),
    "keyring.slow": translate(
        "refusals", "The keyring of this system did not answer within {within} seconds; unlock it and start again."
    ),
    "keyring.silent": translate("refusals", "The keyring of this system did not answer within {within} seconds."),
    # Perennial itself.
    "vault.unavailable": translate("refusals", "Perennial is not running at the moment; it is being started."),
    "vault.too_old": translate("refusals", "The version in use cannot do this."),
    "vault.slow": translate("refusals", "Perennial did not answer within {within} seconds."),
    "vault.busy": translate("refusals", "Perennial has so many pieces to store or fetch that this one has to wait."),
    "vault.odd_answer": translate("refusals", "Perennial gave an answer that does not belong to the question."),
    "updates.stopped": translate(
        "refusals",
        "Updates have stopped because of a fault in Perennial; your pieces are served as before."
        " Quit it and start it again, and they go on.",
    ),
    "updates.unread": translate(  # what exactly is damaged stands in the log
        "refusals",
        "Updates wait, because what was kept of them cannot be read; your pieces are served as before."
        " Whoever helps you needs the diagnostics file, which Help saves.",
    ),
    "updates.disk": translate(
        "refusals",
        "Updates wait for the disk: {why}. As soon as it takes something again they go on by themselves.",
    ),
    # Invitations.
    "invitation.none": translate("refusals", "This is no invitation: one starts with {prefix}."),
    "invitation.long": translate(
        "refusals", "This is too long for an invitation, which has at most {most} characters."
    ),
    "invitation.newer": translate(
        "refusals", "This invitation is of a newer version of Perennial than this one reads."
    ),
    "invitation.older": translate(
        "refusals", "This invitation is of an older version of Perennial than this one reads."
    ),
    "invitation.mistyped": translate("refusals", "This invitation is mistyped or incomplete; copy it once more."),
    "invitation.foreign": translate(
        "refusals", "This invitation is to another network than the one of this home, which stays in its own."
    ),
    "invitation.nobody": translate(
        "refusals",
        "Perennial does not know yet where it can be reached, so there is nobody to invite to; try again soon.",
    ),
    "invitation.nowhere": translate(
        "refusals", "{address} is not the IP address of a computer that others could dial."
    ),
    "invitation.local": translate(
        "refusals",
        "This invitation names addresses of local networks alone, so nobody comes by it from the internet. Let somebody"
        " write it whose computer has a public address; or, if your router passes UDP port {port} on to this computer,"
        " name the router's public address: perennial invite --at ADDRESS.",
    ),
    "invitation.own": translate(
        "refusals", "This is the invitation of this home itself; give it to others, or take one of theirs."
    ),
    # Asking the node.
    "api.not_running": translate("refusals", "Perennial does not run on {path}."),
    "api.not_entered": translate("refusals", "{path} cannot be entered: {why}."),
    "api.no_answer": translate("refusals", "Perennial did not answer within {within} seconds."),
    "api.broken": translate(
        "refusals",
        "Perennial gave an answer that is not understood; perhaps it runs in another version."
        " Quit Perennial and start it again.",
    ),
    "api.too_large": translate("refusals", "The request is too large: at most {most} bytes."),
    "api.malformed": translate("refusals", "The request is malformed: {why}."),
    "api.no_port": translate("refusals", "{port} is no port; one is between 1 and 65535, and 0 switches it off."),
    "api.port_refused": translate("refusals", "Port {port} of this computer cannot be had: {why}; name another one."),
    "api.token": translate(
        "refusals",
        "This window's key to Perennial does not fit: it is new at every start. It is tried again by itself.",
    ),
    "api.origin": translate("refusals", "Web pages may not ask Perennial."),
    "api.host": translate(
        "refusals", "Perennial answers to localhost and 127.0.0.1 with its number, and to no other name."
    ),
    "api.internal": translate("refusals", "Something went wrong inside; the log says what."),
}


def counted(code: str, others: int) -> str:
    """The text of a code with a plural in it.

    Raises:
        KeyError: There is none.
    """
    match code:
        case "invitation.taken":
            return translate(
                "refusals",
                "Perennial now tries to meet %n computer(s) of this invitation, now and at its next start; one that is"
                " older than about a day may lead to nobody.",
                "",
                others,
            )
        case "invitation.kept":
            return translate(
                "refusals",
                "Kept: Perennial tries to meet %n computer(s) of this invitation when it is started; one that is older"
                " than about a day may lead to nobody.",
                "",
                others,
            )
        case _:
            raise KeyError(code)
