"""The book of whom the own vault has met: old acquaintances are worth something, new identities nothing."""

from __future__ import annotations

import msgspec
import pytest

from node.trial.book import (
    BLOCK_ENTRIES_MAX,
    BOOK_BYTES_MAX,
    ENTRIES_MAX,
    STALE_S,
    SUBNET_ENTRIES_MAX,
    Book,
    UnreadableBook,
)

DAY_S = 86_400.0
NOW_S = 1_800_000_000.0
HERE = "10.1.1.0/24"


def vault(number: int) -> bytes:
    return number.to_bytes(32, "big")


def commitment(number: int) -> bytes:
    return (10**9 + number).to_bytes(32, "big")


def meet(book: Book, number: int, subnet: str = HERE, now_s: float = NOW_S, committed: int | None = None) -> bool:
    return book.met(vault(number), subnet, commitment(number if committed is None else committed), now_s)


def spread(number: int) -> str:
    """A subnet for each number, a few of them in each block."""
    return f"{1 + number % 200}.{number // 200}.7.0/24"


def full_book() -> Book:
    book = Book()
    for number in range(ENTRIES_MAX):
        assert meet(book, number, spread(number))
    return book


def numbers(book: Book) -> set[int]:
    return {int.from_bytes(entry.vault_id, "big") for entry in book}


def test_a_vault_is_known_since_it_was_met_first_however_often_it_is_met_again():
    book = Book()
    for days in (0, 3, 9):
        meet(book, 1, now_s=NOW_S + days * DAY_S)
    entry = book.get(vault(1))
    assert entry is not None
    assert (entry.first_s, entry.seen_s) == (NOW_S, NOW_S + 9 * DAY_S)


def test_under_another_commitment_a_vault_is_known_since_now():
    book = Book()
    meet(book, 1)
    meet(book, 1, now_s=NOW_S + 9 * DAY_S, committed=2)
    assert book.known_since(NOW_S + 8 * DAY_S) == ()
    meet(book, 1, now_s=NOW_S + 10 * DAY_S, committed=1)  # nor does the first one come back
    assert book.known_since(NOW_S + 9 * DAY_S) == ()


def test_only_who_has_been_known_for_long_enough_is_named_the_oldest_first():
    book = Book()
    for number, days in ((1, 3), (2, 1), (3, 2), (4, 8)):
        meet(book, number, f"10.{number}.1.0/24", NOW_S + days * DAY_S)
    assert [entry.vault_id for entry in book.known_since(NOW_S + 3 * DAY_S)] == [vault(2), vault(3), vault(1)]


def test_a_vault_without_a_commitment_has_no_place():
    book = Book()
    assert not book.met(vault(1), HERE, b"", NOW_S)
    assert len(book) == 0


@pytest.mark.parametrize("subnet", ["", "nowhere", "10.1.1.9/24", "10.0.0.0/8", "::/200", "10.1.1.0/24 "])
def test_what_is_no_subnet_has_no_place(subnet):
    book = Book()
    assert not book.met(vault(1), subnet, commitment(1), NOW_S)


def test_a_flood_of_identities_of_one_subnet_fills_a_few_places_and_pushes_nobody_out():
    book = Book()
    meet(book, 0, "10.2.2.0/24")
    taken = sum(meet(book, number, now_s=NOW_S + number) for number in range(1, 10_000))
    assert taken == SUBNET_ENTRIES_MAX
    assert numbers(book) == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("subnet", ["10.9.{}.0/24", "2001:db8:{:x}::/48"])
def test_a_flood_of_identities_of_one_block_fills_its_part_only(subnet):
    book = Book()
    flood = (subnet.format(number % 250) for number in range(1_000))
    assert sum(meet(book, number, place) for number, place in enumerate(flood)) == BLOCK_ENTRIES_MAX
    assert meet(book, 5_000, "10.10.1.0/24")


def test_newcomers_from_everywhere_push_nobody_out_of_a_full_book():
    book = full_book()
    for number in range(ENTRIES_MAX, ENTRIES_MAX + 50):
        assert not meet(book, number, f"2001:{number:x}:1::/48", NOW_S + STALE_S - 1)
    assert numbers(book) == set(range(ENTRIES_MAX))


def test_who_was_not_seen_for_a_month_makes_room_the_one_seen_longest_ago_first():
    book = full_book()
    for number in range(2, ENTRIES_MAX):
        meet(book, number, spread(number), NOW_S + STALE_S)
    meet(book, 0, spread(0), NOW_S + 5.0)
    assert meet(book, ENTRIES_MAX, "201.1.1.0/24", NOW_S + STALE_S + 10.0)
    assert numbers(book) == set(range(ENTRIES_MAX + 1)) - {1}
    assert meet(book, ENTRIES_MAX + 1, "201.1.2.0/24", NOW_S + STALE_S + 10.0)
    assert not meet(book, ENTRIES_MAX + 2, "201.1.3.0/24", NOW_S + STALE_S + 10.0)


def test_twins_that_are_gone_make_room_for_those_of_the_next_trial():
    book = Book()
    for number in range(SUBNET_ENTRIES_MAX):
        meet(book, number)
    meet(book, 0, now_s=NOW_S + STALE_S)
    assert meet(book, 9, now_s=NOW_S + STALE_S)
    assert numbers(book) == {0, 2, 3, 9}


def test_a_vault_that_moves_takes_up_no_place_in_a_second_subnet():
    book = Book()
    for number in range(SUBNET_ENTRIES_MAX):
        meet(book, number, "10.3.3.0/24")
        meet(book, number, HERE)
    assert all(meet(book, 10 + number) for number in range(SUBNET_ENTRIES_MAX))


def test_a_clock_set_back_makes_nobody_known_in_the_future():
    book = Book()
    meet(book, 1, now_s=NOW_S + 100 * DAY_S)
    meet(book, 1, now_s=NOW_S)
    assert book.known_since(NOW_S) != ()


def test_a_full_book_is_kept_and_read_again():
    book = full_book()
    content = book.dump()
    assert len(content) < BOOK_BYTES_MAX
    assert tuple(Book.load(content)) == tuple(book)


@pytest.mark.parametrize("content", [b"", b"\x90\x00", b"\x91\x95", b"\xdd\xff\xff\xff\xff", bytes(BOOK_BYTES_MAX + 1)])
def test_what_is_no_book_is_said_to_be_none(content):
    with pytest.raises(UnreadableBook):
        Book.load(content)


def test_a_book_that_was_tampered_with_keeps_its_limits_when_it_is_read():
    book = Book()
    meet(book, 1)
    (entry,) = book
    many = [msgspec.structs.replace(entry, vault_id=vault(number)) for number in range(100)]
    assert len(Book.load(msgspec.msgpack.encode(many))) == SUBNET_ENTRIES_MAX
