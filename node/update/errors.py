"""Errors of an update, by what the caller has to do.

``code`` is stable: it goes into logs and the local API.  The message is for a person.
"""


class UpdateError(Exception):
    """Root of every error that this package raises on purpose."""

    code = "update"


class ContentRefused(UpdateError):
    """What the network delivered is not what the pods signed, or not what such a release may hold.  Refuse it."""

    code = "update.content"


class FetchFailed(UpdateError):
    """The network or this machine could not deliver.  Nothing is known against the release; try again later."""

    code = "update.fetch"


class SlotDamaged(UpdateError):
    """The files on disk are not those that the slot is named by.  Never start anything from it."""

    code = "update.slot"


class StageFailed(UpdateError):
    """This machine could not keep the files (a full disk, say).  Nothing was left behind; try again later."""

    code = "update.stage"


class TwinFailed(UpdateError):
    """A twin did not start, or did not answer.  Whose fault it is, the trial decides."""

    code = "update.twin"


class TwinLate(TwinFailed):
    """It had not come up when the time for that was over, and its process still ran.  The computer may be busy."""

    code = "update.twin.late"


class SwitchTooLate(UpdateError):
    """The other version had not taken over when the time for that was over, and its process still ran.  Try later."""

    code = "update.switch.late"


class ProberFailed(UpdateError):
    """The prober did not start, has ended, or said what cannot be.  It is ours: no twin is to blame; start another."""

    code = "update.prober"


class HostFailed(UpdateError):
    """This machine could not do its part: a full disk, a damaged slot.  Nothing is known against any release."""

    code = "update.host"


class StateUnreadable(UpdateError):
    """What was persisted about updates cannot be read.  Updates wait; the vault goes on."""

    code = "update.state"
