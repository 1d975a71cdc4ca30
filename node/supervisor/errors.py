"""Errors of the supervisor, by what the person or the caller can do about them.

``code`` is stable: it goes into logs and the local API.  The message is one sentence for a person.
"""

from __future__ import annotations

from node.api.told import Told, ToldError
from node.update.errors import HostFailed, SwitchTooLate


class SupervisorError(ToldError):
    """Root of every error that the supervisor raises on purpose."""

    code = "supervisor"


class HomeError(SupervisorError):
    """The folder cannot be used as a home.  Choose another one, or repair what the sentence says."""

    code = "home"


class HomeUnfinished(HomeError):
    """It is what is left of a home whose making was cut off.  Make it again."""

    code = "home.unfinished"


class HomeInUse(HomeError):
    """Another instance runs on this home.  Use that one."""

    code = "home.in_use"


class PortInUse(SupervisorError):
    """Another program has the port.  End it, or give the home another one."""

    code = "port.in_use"


class SettingsError(SupervisorError):
    """A setting is out of its range, or the settings could not be saved.  Nothing changed."""

    code = "settings"


class StateError(SupervisorError, HostFailed):
    """A state file cannot be read or written.  Nothing was changed."""

    code = "state"


class KeyUnavailable(SupervisorError):
    """The vault id's key cannot be had.  Without it there is no node."""

    code = "key"


class KeyGone(KeyUnavailable):
    """There was a key, and it is nowhere any more.  Starting again does not help."""

    code = "key.gone"


class PassphraseWanted(KeyUnavailable):
    """The key lies behind a passphrase that was not given, or another one was.  Ask a person, and start again."""

    code = "key.passphrase"


class NewPassphraseWanted(KeyUnavailable):
    """The key shall lie behind a passphrase that is still to be chosen.  Ask a person twice, and start again."""

    code = "key.new_passphrase"


class VaultUnavailable(SupervisorError):
    """No vault is running at the moment.  Try again later."""

    code = "vault.unavailable"
    is_late = False  # whether only time was short


class VaultLate(VaultUnavailable):
    """It did not do in time what it was asked, and its process still runs: it, or the computer, may be busy."""

    is_late = True


class TooFarApart(VaultUnavailable):
    """It and this program have no version in common of what they say.  Nothing is known against it."""

    code = "vault.versions"


class VaultBusy(VaultUnavailable):
    """Others were before this one for all the time that it waited.  Ask again: nothing was begun."""

    code = "vault.busy"


class RequestRefused(SupervisorError):
    """The vault did not carry out what was asked; ``code`` says why."""

    def __init__(self, code: str, found: Told | str) -> None:
        super().__init__(found)
        self.code = code


class InvitationError(SupervisorError):
    """The text is no invitation that this home can take.  Nothing changed."""

    code = "invitation"


class SwitchFailed(SupervisorError):
    """A handover to another vault version did not succeed.  The message says what runs now."""

    code = "vault.switch"


class SwitchImpossible(SwitchFailed, HostFailed):
    """This computer could not even start the other version.  Nothing is known against it."""

    code = "vault.switch.host"


class SwitchLate(SwitchFailed, SwitchTooLate):
    """The other version was too late, and its process still ran.  It may be that only the computer was busy."""

    code = "vault.switch.late"
