"""Errors of a contained child: one root, one branch for each duty of the caller.

``code`` is stable: it goes into logs and the local API.  The message is for developers.
"""

STAY_OPEN = "the files of this computer would stay open to it"


class ChildError(Exception):
    """The child did not start or broke the contract.  It has been killed; hold it against its code."""

    code = "child"


class ChildNotStarted(ChildError):
    """This system could not start the child; none of its code has run.  It says nothing of that code."""

    code = "child.not_started"


class ChildFailed(ChildError):
    """The child carries on, but could not do what it was asked; ``code`` says why, as the child names it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class ChildGone(ChildError):
    """The child has ended.  Start another one."""

    code = "child.gone"


class ChildTimeout(ChildError, TimeoutError):
    """The child did not answer in time; it may still."""

    code = "child.timeout"
