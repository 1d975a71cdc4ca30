"""The filter of system calls, run by a small machine of our own: the same answers on every processor."""

import errno
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from node.sandbox import seccomp

Answer = Callable[..., int]  # name or number of a call and its arguments -> ALLOWED, KILLED, ABSENT or an errno

ALLOWED, KILLED, ABSENT = 0, -1, -2
OWN, OTHER = 4242, 4243
MACHINES = ("x86_64", "aarch64")


def run(program: list[seccomp.Instruction], number: int, arguments: Sequence[int], architecture: int) -> int:
    """What the kernel would answer: ALLOWED, KILLED or an errno."""
    data = {0: number, 4: architecture} | {16 + 8 * i: value & 0xFFFFFFFF for i, value in enumerate(arguments)}
    accumulator, position = 0, 0
    while True:
        code, if_true, if_false, value = program[position]
        position += 1
        if code == 0x20:
            accumulator = data.get(value, 0)
        elif code == 0x54:
            accumulator &= value
        elif code == 0x15:
            position += if_true if accumulator == value else if_false
        elif code == 0x35:
            position += if_true if accumulator >= value else if_false
        elif code == 0x06:
            return {0x7FFF0000: ALLOWED, 0x80000000: KILLED}.get(value, value & 0xFFFF)
        else:
            raise AssertionError(f"no such instruction: {code:#x}")


@pytest.fixture(params=MACHINES)
def answer(request: pytest.FixtureRequest) -> Answer:
    """What the kernel would answer on one machine."""
    machine: str = request.param
    program = seccomp.assemble(machine, OWN, udp=True, tcp=False)
    architecture = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}[machine]

    def ask(call: str | int, *arguments: int) -> int:
        numbers = (call, call) if isinstance(call, int) else (seccomp.REFUSED | seccomp.GUARDED)[call]
        number = numbers[MACHINES.index(machine)]
        return ABSENT if number is None else run(program, number, arguments, architecture)

    return ask


@pytest.mark.parametrize("name", sorted(seccomp.REFUSED))
def test_what_no_vault_needs_is_refused(answer: Answer, name: str) -> None:
    assert answer(name) in (errno.EPERM, ABSENT)


def test_ordinary_calls_are_allowed(answer: Answer) -> None:
    assert answer(0) == ALLOWED
    assert answer(seccomp.REVIEWED_MAX) == ALLOWED


def test_calls_newer_than_this_list_do_not_exist(answer: Answer) -> None:
    assert answer(seccomp.REVIEWED_MAX + 1) == errno.ENOSYS


@pytest.mark.parametrize("machine", MACHINES)
def test_calls_of_another_architecture_end_the_process(machine: str) -> None:
    assert run(seccomp.assemble(machine, OWN, udp=True, tcp=False), 0, (), 0x40000003) == KILLED


def test_calls_by_the_x32_table_end_the_process() -> None:
    assert run(seccomp.assemble("x86_64", OWN, udp=True, tcp=False), 0x40000000 | 41, (), 0xC000003E) == KILLED


def test_a_machine_without_a_list_is_said_so() -> None:
    with pytest.raises(NotImplementedError, match="mips"):
        seccomp.assemble("mips", OWN, udp=True, tcp=False)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("udp", [False, True])
@pytest.mark.parametrize("tcp", [False, True])
def test_there_are_sockets_of_the_granted_kinds_only(machine: str, udp: bool, tcp: bool) -> None:
    program = seccomp.assemble(machine, OWN, udp=udp, tcp=tcp)
    number = seccomp.GUARDED["socket"][MACHINES.index(machine)]
    architecture = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}[machine]
    assert number is not None

    def ask(kind: int, protocol: int) -> int:
        return run(program, number, (seccomp.AF_INET, kind, protocol), architecture)

    for kind, protocol, is_granted in ((seccomp.SOCK_DGRAM, 17, udp), (seccomp.SOCK_STREAM, 6, tcp)):
        for flags in (0, 0o2004000):
            assert ask(kind | flags, protocol) == (ALLOWED if is_granted else errno.EACCES)
            assert ask(kind | flags, 0) == (ALLOWED if is_granted else errno.EACCES)
    assert ask(seccomp.SOCK_STREAM, 132) == errno.EACCES  # SCTP
    assert ask(3, 0) == errno.EACCES  # raw


@pytest.mark.parametrize("name", ["kill", "tgkill", "pidfd_open"])
def test_only_oneself_can_be_signalled(answer: Answer, name: str) -> None:
    assert answer(name, OWN) == ALLOWED
    assert answer(name, OTHER) == errno.EPERM
    assert answer(name, 0) == errno.EPERM
    assert answer(name, -1) == errno.EPERM


@pytest.mark.parametrize(
    "name", ["prlimit64", "sched_setaffinity", "sched_setscheduler", "sched_setparam", "sched_setattr"]
)
def test_only_oneself_can_be_limited_and_scheduled(answer: Answer, name: str) -> None:
    assert answer(name, 0) == ALLOWED
    assert answer(name, OWN) == ALLOWED
    assert answer(name, OTHER) == errno.EPERM
    assert answer(name, (1 << 32) + OTHER) == errno.EPERM  # the kernel looks at the lower half alone


@pytest.mark.parametrize(("name", "process"), [("setpriority", 0), ("ioprio_set", 1)])
def test_only_ones_own_priority_can_be_set_and_no_groups_or_users(answer: Answer, name: str, process: int) -> None:
    assert answer(name, process, 0) == ALLOWED
    assert answer(name, process, OWN) == ALLOWED
    assert answer(name, process, OTHER) == errno.EPERM
    assert answer(name, process + 1, 0) == errno.EPERM
    assert answer(name, process + 2, 0) == errno.EPERM


@pytest.mark.parametrize("flags", [0, os.O_NONBLOCK, os.O_CLOEXEC, os.O_NONBLOCK | os.O_CLOEXEC])
def test_only_udp_sockets_can_be_made(answer: Answer, flags: int) -> None:
    assert answer("socket", 2, 2 | flags, 0) == ALLOWED
    assert answer("socket", 10, 2 | flags, 17) == ALLOWED
    assert answer("socket", 2, 1 | flags, 0) == errno.EACCES  # TCP
    assert answer("socket", 2, 3 | flags, 0) == errno.EACCES  # raw
    assert answer("socket", 2, 2 | flags, 1) == errno.EACCES  # ping
    assert answer("socket", 1, 2 | flags, 0) == errno.EAFNOSUPPORT  # Unix


@pytest.mark.parametrize("flags", [0, os.O_CLOEXEC])
def test_of_the_kernels_network_only_addresses_and_routes_can_be_asked(answer: Answer, flags: int) -> None:
    netlink = 16
    for kind in (2, 3):
        assert answer("socket", netlink, kind | flags, seccomp.NETLINK_ROUTE) == ALLOWED
        for protocol in (4, 6, 9, 12, 15, 16):  # connections of others, IPsec, audit, firewall, devices, drivers
            assert answer("socket", netlink, kind | flags, protocol) == errno.EACCES
    assert answer("socket", netlink, 1 | flags, seccomp.NETLINK_ROUTE) == errno.EACCES


@pytest.mark.parametrize("machine", MACHINES)
def test_who_has_no_udp_cannot_ask_for_addresses(machine: str) -> None:
    program = seccomp.assemble(machine, OWN, udp=False, tcp=True)
    number = seccomp.GUARDED["socket"][MACHINES.index(machine)]
    architecture = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}[machine]
    assert number is not None
    assert run(program, number, (16, 3, 0), architecture) == errno.EAFNOSUPPORT


def test_a_pair_of_sockets_is_bound_to_itself(answer: Answer) -> None:
    assert answer("socketpair", 1, 1 | os.O_CLOEXEC, 0) == ALLOWED
    assert answer("socketpair", 1, 2, 0) == errno.EACCES


def test_threads_can_be_started_and_processes_cannot(answer: Answer) -> None:
    assert answer("clone", 0x3D0F00) == ALLOWED  # as the C library starts a thread
    assert answer("clone", 0x1200011) == errno.EPERM  # as it forks
    assert answer("clone", 0x10000 | 0x00020000) == errno.EPERM  # a thread in a new mount namespace
    assert answer("clone3") == errno.ENOSYS


@pytest.mark.parametrize(("name", "index"), [("open", 1), ("openat", 2)])
def test_files_cannot_be_truncated_by_reading_nor_opened_for_nothing(answer: Answer, name: str, index: int) -> None:
    def opened(flags: int) -> int:
        return answer(name, *([0] * index), flags)

    if answer(name) == ABSENT:
        return
    assert opened(os.O_RDONLY) == ALLOWED
    assert opened(os.O_RDWR) == ALLOWED
    assert opened(os.O_WRONLY | os.O_CREAT | os.O_TRUNC) == ALLOWED  # Landlock asks for the right to write
    assert opened(os.O_RDONLY | os.O_TRUNC) == errno.EACCES
    assert opened(os.O_ACCMODE) == errno.EACCES
    assert opened(os.O_ACCMODE | os.O_TRUNC) == errno.EACCES


def test_nothing_can_be_typed_into_a_terminal(answer: Answer) -> None:
    assert answer("ioctl", 0, 0x5401) == ALLOWED
    assert answer("ioctl", 0, 0x5412) == errno.ENOTTY
    assert answer("ioctl", 0, 0x8901) == errno.ENOTTY  # FIOSETOWN: signals by way of a socket


def test_a_descriptor_cannot_be_made_to_signal_others_nor_to_hold_them_up(answer: Answer) -> None:
    assert answer("fcntl", 0, 1) == ALLOWED
    for command in (8, 10, 15, 1024):
        assert answer("fcntl", 0, command) == errno.EPERM


def test_the_bond_to_the_parent_cannot_be_cut(answer: Answer) -> None:
    assert answer("prctl", 15) == ALLOWED  # the name of a thread
    assert answer("prctl", 1) == errno.EPERM


@pytest.mark.parametrize(
    ("column", "header"),
    [(0, "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"), (1, "/usr/include/asm-generic/unistd.h")],
)
def test_the_numbers_are_those_of_the_kernels_headers(column: int, header: str) -> None:
    if not Path(header).exists():
        pytest.skip(f"no {header} on this machine")
    text = Path(header).read_text(encoding="utf-8")
    known = {n: int(v) for n, v in re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", text)}
    listed = {name: numbers[column] for name, numbers in (seccomp.REFUSED | seccomp.GUARDED).items()}
    wrong = {name: number for name, number in listed.items() if name in known and known[name] != number}
    assert wrong == {}
    assert sum(name in known for name in listed) > 100
