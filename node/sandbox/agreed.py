"""What is the same on every system, and what both ends of a trial of the sandbox must know alike.

Standard library only: the self-test and the launcher load it.
"""

from __future__ import annotations

from typing import Final

EXECUTED: Final = "EXECUTED"  # what the self-test prints when it could start a foreign program
REHEARSAL_S_MAX: Final = 15.0  # where a child's cage is tried out before each child
DETAIL_CHARACTERS_MAX: Final = 200  # of what went wrong there
