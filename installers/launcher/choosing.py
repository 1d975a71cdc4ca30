"""Which program is next, and when one is left.  Pure.

    current  --STARTS_MAX starts without being well, or damaged-->  previous  --the same-->  installed  -->  nothing

    current  --a person has installed a newer package-->  installed  --STARTS_MAX starts-->  what was current before

A program is well once it has written so itself: ``starts`` is 0 and it ``is_proven``.

    current  --ends in a row, for a day, that say nothing of it-->  what comes after it, for one start
                                                is it well then?  -->  it stays; else current is current again
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from .record import INSTALLED, Pair, Record

STARTS_MAX = 3  # without being well
REFUSALS_MAX = 3  # a person who closes the keyring's question once more does not mean the program
REFUSALS_S = 86_400  # nor does one who opens it hours after the computer was started

Why = Literal["damaged", "failed", "silent", "record_damaged", "record_newer"]


class Left(NamedTuple):
    """A program that was given up, for which other one, and why.

    "record_damaged", "record_newer": it is not known which one that was.
    """

    program: Pair
    to: Pair
    why: Why


def next_start(
    record: Record, is_whole: Callable[[Pair], bool], why: Why = "failed"
) -> tuple[Record, tuple[Left, ...]]:
    """The record with the next start counted, and what was given up for it.

    ``why`` the last starts failed.  The installed program is started whatever is known of it, if nothing is behind it.
    """
    given_up: list[Left] = []
    while not _is_nothing_behind(record):
        if record.starts >= STARTS_MAX:
            reason: Why = why
        elif not is_whole(record.current):
            reason = "damaged"
        else:
            break
        after = record.previous or INSTALLED
        given_up.append(Left(record.current, after, reason))
        record = record._replace(current=after, previous=None, starts=0, is_proven=False, refusals=0)
    return record._replace(starts=min(record.starts + 1, STARTS_MAX)), tuple(given_up)


def first_whole(record: Record, is_whole: Callable[[Pair], bool], without: frozenset[Pair] = frozenset()) -> Pair:
    """What to start where nothing is counted: a window, a question to the node."""
    for pair in (record.current, record.previous):
        if pair is not None and pair not in without and pair != INSTALLED and is_whole(pair):
            return pair
        if pair == INSTALLED:
            break
    return INSTALLED


def installed_anew(record: Record) -> Record:
    """After a newer package was installed: it has to show that it is well, and what was well before is behind it."""
    before = record.current if record.is_proven else record.previous
    return Record(INSTALLED, None if before == INSTALLED else before, 0, is_proven=False)


def is_well(record: Record) -> bool:
    return record.is_proven and record.starts == 0


def taken_back(record: Record) -> Record:
    """After an end that says nothing of the program: its start does not count."""
    return record._replace(starts=max(0, record.starts - 1))


def refused(record: Record, now_s: int) -> Record:
    """After an end for which it says it is not to blame.  After a day of them another one shows whether that is so.

    The keyring may be locked, or it cannot open one: before the same keyring the other program would say the same.
    """
    if _is_nothing_behind(record):
        return record
    since_s = record.refused_s if record.refusals else now_s
    record = record._replace(refusals=record.refusals + 1, refused_s=since_s)
    if record.refusals < REFUSALS_MAX or now_s - since_s < REFUSALS_S:
        return record
    return Record(record.previous or INSTALLED, None, 0, is_proven=False, instead_of=record)


def is_last(record: Record) -> bool:
    """Whether nothing is left that could be tried instead: then it is better silent than ended."""
    return _is_nothing_behind(record) and record.starts >= STARTS_MAX


def _is_nothing_behind(record: Record) -> bool:
    return record.current == INSTALLED and record.previous is None
