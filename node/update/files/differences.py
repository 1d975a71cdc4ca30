"""What one folder lists and another does not, however much there is.

Both are listed side by side, and what both have is forgotten at once.  Where they list in nearly the same order, as
most disks do for the same names, next to nothing has to be remembered.  Where they do not, or much differs, they are
listed once for each first digit of the names, and so on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterator
from itertools import zip_longest
from typing import Final, TypeVar

DIGITS: Final = "0123456789abcdef"
REMEMBERED_MAX: Final = 1_000_000  # of both folders: some 200 MB

_Entry = TypeVar("_Entry", bound=Hashable)
Listing = Callable[[], Iterator[Collection[_Entry]]]  # anew with each call, little by little


def only_in(
    one: Listing[_Entry], other: Listing[_Entry], name_of: Callable[[_Entry], str], start: str = ""
) -> Iterator[set[_Entry]]:
    """What only ``one`` lists, in parts; of names that ``start`` so.

    Of more than can be remembered only names of lower-case hexadecimal digits are told.  What comes or goes meanwhile
    may be told or not, and what a disk lists twice, as it may then, is told.

    Raises:
        OSError: A folder cannot be listed.
    """
    left = _compared(one(), other(), name_of, start)
    if left is not None:
        yield left
        return
    for digit in DIGITS:
        yield from only_in(one, other, name_of, start + digit)


def _compared(
    one: Iterator[Collection[_Entry]], other: Iterator[Collection[_Entry]], name_of: Callable[[_Entry], str], start: str
) -> set[_Entry] | None:
    """None: it is more than can be remembered."""
    left: set[_Entry] = set()
    right: set[_Entry] = set()
    for step, step_of_other in zip_longest(one, other, fillvalue=()):
        _meet({entry for entry in step if name_of(entry).startswith(start)}, left, right)
        _meet({entry for entry in step_of_other if name_of(entry).startswith(start)}, right, left)
        if len(left) + len(right) > REMEMBERED_MAX:
            return None
    return left


def _meet(new: set[_Entry], own: set[_Entry], others: set[_Entry]) -> None:
    """Forget what both sides have listed by now; takes as long as there is new, whatever is remembered."""
    met = new & others
    others -= met
    own |= new - met
