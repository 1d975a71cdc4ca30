"""The system calls that a child may not make, as a seccomp filter: a small program that the kernel runs at each call.

It refuses rather than kills, so that libraries fall back.  It names what is refused, not what is allowed: a new
C library must not stop the vault of a farmer who never looks.  Calls newer than those reviewed here do not
exist for the child.  Landlock rules files; this rules what Landlock cannot, or only from some kernel on:

    every AF_UNIX socket    the session bus would hand out the keyring's secrets
    every new process       so that the memory limit and a kill concern all of the child
    signals, priorities, CPU sets and limits of others
                            a release under trial could slow its twin down
    modes, owners, times, attributes, links, truncation by path
                            Landlock does not look at the first four, and at truncation only from ABI 3 on
    opening with access mode 3
                            it asks for neither reading nor writing, and so Landlock lets it pass

Standard library only.  Source: seccomp(2); numbers from the kernel's asm/unistd_64.h and asm-generic/unistd.h.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from typing import Final

from node.sandbox import linux

PR_SET_SECCOMP: Final = 22
SECCOMP_MODE_FILTER: Final = 2

# Classic BPF: the instructions used, and where things lie in struct seccomp_data.
_LOAD, _AND, _RETURN = 0x20, 0x54, 0x06
_IF_EQUAL, _IF_AT_LEAST = 0x15, 0x35
_ALLOW, _KILL_PROCESS, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_ALL_BITS: Final = 0xFFFFFFFF

_X32_BIT: Final = 0x40000000
_ARCHITECTURES: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # AUDIT_ARCH_*
REVIEWED_MAX: Final = 456  # futex_requeue; what came later has not been weighed

# Refused whatever the arguments: name: (number on x86_64, number on aarch64), None where it does not exist.
REFUSED: Final[dict[str, tuple[int | None, int | None]]] = {
    # other processes: their memory, descriptors, signals
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424), "process_madvise": (440, 440),
    "process_mrelease": (448, 448), "move_pages": (279, 239), "migrate_pages": (256, 238),
    "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240), "tkill": (200, 130),
    # new processes
    "fork": (57, None), "vfork": (58, None),
    # the kernel's keyrings; memory and queues shared with the user's other programs
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218),
    "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195), "shmdt": (67, 197),
    "semget": (64, 190), "semop": (65, 193), "semctl": (66, 191), "semtimedop": (220, 192),
    "msgget": (68, 186), "msgsnd": (69, 189), "msgrcv": (70, 188), "msgctl": (71, 187),
    "mq_open": (240, 180), "mq_unlink": (241, 181), "mq_timedsend": (242, 182), "mq_timedreceive": (243, 183),
    "mq_notify": (244, 184), "mq_getsetattr": (245, 185),
    # files in memory alone: what is written there is no address space, so that no limit counts it
    "memfd_create": (319, 279), "memfd_secret": (447, 447),
    # watching what others do with files that the child may not even open
    "inotify_init": (253, None), "inotify_init1": (294, 26), "fanotify_init": (300, 262), "fanotify_mark": (301, 263),
    # what belongs to a file besides its bytes, and its bytes by another way than an open descriptor
    "truncate": (76, 45), "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54),
    "utime": (132, None), "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "link": (86, None), "linkat": (265, 37), "symlink": (88, None), "symlinkat": (266, 36),
    "mknod": (133, None), "mknodat": (259, 33), "open_by_handle_at": (304, 265),
    # other views of the file system; other identities
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "unshare": (272, 97),
    "setns": (308, 268), "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433),
    "move_mount": (429, 429), "open_tree": (428, 428), "mount_setattr": (442, 442),
    "setuid": (105, 146), "setgid": (106, 144), "setreuid": (113, 145), "setregid": (114, 143),
    "setresuid": (117, 147), "setresgid": (119, 149), "setfsuid": (122, 151), "setfsgid": (123, 152),
    "setgroups": (116, 159), "capset": (126, 91),
    # where TCP has a socket at all, nothing can come in by it
    "listen": (50, 201), "accept": (43, 202), "accept4": (288, 242),
    # broad ways into the kernel that a vault does not need; io_uring would pass this very filter by
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "bpf": (321, 280),
    "perf_event_open": (298, 241), "userfaultfd": (323, 282), "modify_ldt": (154, None), "personality": (135, 92),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "init_module": (175, 105), "finit_module": (313, 273),
    "delete_module": (176, 106), "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225), "acct": (163, 89),
    "syslog": (103, 116), "quotactl": (179, 60), "quotactl_fd": (443, 443), "sethostname": (170, 161),
    "setdomainname": (171, 162), "settimeofday": (164, 170), "adjtimex": (159, 171), "clock_settime": (227, 112),
    "clock_adjtime": (305, 266), "iopl": (172, None), "ioperm": (173, None), "vhangup": (153, 58),
}  # fmt: skip

# Looked at by their arguments.
GUARDED: Final[dict[str, tuple[int | None, int | None]]] = {
    "clone": (56, 220), "clone3": (435, 435), "open": (2, None), "openat": (257, 56), "openat2": (437, 437),
    "socket": (41, 198), "socketpair": (53, 199), "ioctl": (16, 29), "fcntl": (72, 25), "prctl": (157, 167),
    "kill": (62, 129), "tgkill": (234, 131), "pidfd_open": (434, 434), "prlimit64": (302, 261),
    "setpriority": (141, 140), "ioprio_set": (251, 30), "sched_setaffinity": (203, 122),
    "sched_setscheduler": (144, 119), "sched_setparam": (142, 118), "sched_setattr": (314, 274),
}  # fmt: skip

CLONE_THREAD: Final = 0x00010000
CLONE_NEW_NAMESPACES: Final = 0x7E020000
O_ACCESS_MODE: Final = 3
O_TRUNCATE: Final = 0o1000
SOCKET_FLAGS: Final = 0o2004000  # SOCK_CLOEXEC, SOCK_NONBLOCK
AF_UNIX, AF_INET, AF_INET6, AF_NETLINK = 1, 2, 10, 16
SOCK_STREAM, SOCK_DGRAM, SOCK_RAW = 1, 2, 3
NETLINK_ROUTE: Final = 0
IPPROTO_ANY, IPPROTO_TCP, IPPROTO_UDP = 0, 6, 17
PRIO_PROCESS: Final = 0
IOPRIO_WHO_PROCESS: Final = 1
# FIONBIO, FIOCLEX, FIONCLEX, FIONREAD, TCGETS (isatty), TIOCGWINSZ; not TIOCSTI, which types into a terminal.
IOCTLS: Final = (0x5421, 0x5451, 0x5450, 0x541B, 0x5401, 0x5413)
# F_SETOWN, F_SETSIG, F_SETOWN_EX send any signal to anyone; F_SETLEASE holds up whoever opens the file.
FCNTLS_REFUSED: Final = (8, 10, 15, 1024)
# PR_SET_PDEATHSIG would let a child outlive its supervisor; PR_SCHED_CORE reaches other processes.
PRCTLS_REFUSED: Final = (linux.PR_SET_PDEATHSIG, 62)

Instruction = tuple[int, int, int, int]  # code, how many to skip if true, if false, value


def _return(error: int) -> list[Instruction]:
    return [(_RETURN, 0, 0, _ERRNO | error if error else _ALLOW)]


def _load_argument(index: int, mask: int) -> list[Instruction]:
    """The lower half of an argument: the kernel reads all arguments looked at here as 32-bit numbers."""
    return [(_LOAD, 0, 0, _FIRST_ARGUMENT + 8 * index), (_AND, 0, 0, mask)]


def _require(index: int, values: tuple[int, ...], error: int, mask: int = _ALL_BITS) -> list[Instruction]:
    """Refuse unless the masked argument is one of ``values``."""
    count = len(values)
    tests = [(_IF_EQUAL, count - position, 0, value) for position, value in enumerate(values)]
    return [*_load_argument(index, mask), *tests, *_return(error)]


def _forbid(index: int, values: tuple[int, ...], error: int, mask: int = _ALL_BITS) -> list[Instruction]:
    """Refuse if the masked argument is one of ``values``."""
    last = len(values) - 1
    tests = [(_IF_EQUAL, last - position, int(position == last), value) for position, value in enumerate(values)]
    return [*_load_argument(index, mask), *tests, *_return(error)]


def _sockets(*, udp: bool, tcp: bool) -> list[Instruction]:
    """Sockets of the internet, of the kinds that are given; who has UDP must know at which address it is reached."""
    granted = [(SOCK_DGRAM, IPPROTO_UDP)] * udp + [(SOCK_STREAM, IPPROTO_TCP)] * tcp
    if not granted:
        return _return(errno.EACCES)
    kinds, protocols = zip(*granted, strict=True)
    return [
        *(_own_addresses() if udp else []),
        *_require(0, (AF_INET, AF_INET6), errno.EAFNOSUPPORT),
        *_require(1, kinds, errno.EACCES, _ALL_BITS ^ SOCKET_FLAGS),
        *_require(2, (IPPROTO_ANY, *protocols), errno.EACCES),
    ]


def _own_addresses() -> list[Instruction]:
    """The kernel's word on this computer's addresses and routes; without capabilities it can be asked, not told."""
    passed = [
        *_require(1, (SOCK_RAW, SOCK_DGRAM), errno.EACCES, _ALL_BITS ^ SOCKET_FLAGS),
        *_require(2, (NETLINK_ROUTE,), errno.EACCES),
        *_return(0),
    ]
    return [*_load_argument(0, _ALL_BITS), (_IF_EQUAL, 0, len(passed), AF_NETLINK), *passed]


def _guards(own_pid: int, *, udp: bool, tcp: bool) -> dict[str, list[Instruction]]:
    """What is asked of each guarded call; whoever passes is allowed."""
    myself = (0, own_pid)
    open_flags = {"open": 1, "openat": 2}
    guards = {
        # A thread, nothing else; the flags of clone3 cannot be seen, and the C library falls back to clone.
        "clone": _require(0, (CLONE_THREAD,), errno.EPERM, CLONE_THREAD)
        + _require(0, (0,), errno.EPERM, CLONE_NEW_NAMESPACES),
        "clone3": _return(errno.ENOSYS),
        "openat2": _return(errno.ENOSYS),
        "socket": _sockets(udp=udp, tcp=tcp),
        # A pair of datagram sockets could still send to any named socket; a pair of streams is bound to itself.
        "socketpair": _require(0, (AF_UNIX,), errno.EAFNOSUPPORT)
        + _require(1, (SOCK_STREAM,), errno.EACCES, _ALL_BITS ^ SOCKET_FLAGS),
        "ioctl": _require(1, IOCTLS, errno.ENOTTY),
        "fcntl": _forbid(1, FCNTLS_REFUSED, errno.EPERM),
        "prctl": _forbid(0, PRCTLS_REFUSED, errno.EPERM),
        "kill": _require(0, (own_pid,), errno.EPERM),
        "tgkill": _require(0, (own_pid,), errno.EPERM),
        "pidfd_open": _require(0, (own_pid,), errno.EPERM),
        "setpriority": _require(0, (PRIO_PROCESS,), errno.EPERM) + _require(1, myself, errno.EPERM),
        "ioprio_set": _require(0, (IOPRIO_WHO_PROCESS,), errno.EPERM) + _require(1, myself, errno.EPERM),
    }
    for name in ("prlimit64", "sched_setaffinity", "sched_setscheduler", "sched_setparam", "sched_setattr"):
        guards[name] = _require(0, myself, errno.EPERM)
    for name, index in open_flags.items():
        # Reading with O_TRUNC truncates without a right to write, where Landlock does not know of truncation.
        guards[name] = _forbid(index, (O_ACCESS_MODE,), errno.EACCES, O_ACCESS_MODE) + _forbid(
            index, (O_TRUNCATE,), errno.EACCES, O_ACCESS_MODE | O_TRUNCATE
        )
    return guards


def assemble(machine: str, own_pid: int, *, udp: bool, tcp: bool) -> list[Instruction]:
    """The filter for a machine (as ``uname`` names it), the process that it will hold, and the sockets it may have.

    Raises:
        NotImplementedError: The system calls of this machine are not known.
    """
    if machine not in _ARCHITECTURES:
        raise NotImplementedError(f"no list of system calls for {machine}")
    column = list(_ARCHITECTURES).index(machine)
    program: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_IF_EQUAL, 1, 0, _ARCHITECTURES[machine]),
        (_RETURN, 0, 0, _KILL_PROCESS),  # the entry for 32-bit programs counts differently
        (_LOAD, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":
        program += [(_IF_AT_LEAST, 0, 1, _X32_BIT), (_RETURN, 0, 0, _KILL_PROCESS)]
    program += [(_IF_AT_LEAST, 0, 1, REVIEWED_MAX + 1), *_return(errno.ENOSYS)]
    blocks = [(REFUSED[name][column], _return(errno.EPERM)) for name in REFUSED]
    blocks += [
        (GUARDED[name][column], guard + _return(0)) for name, guard in _guards(own_pid, udp=udp, tcp=tcp).items()
    ]
    for number, block in blocks:
        if number is not None:
            program += [(_IF_EQUAL, 0, len(block), number), *block]
    return program + _return(0)


def restrict_calls(*, udp: bool, tcp: bool) -> None:
    """Hold this process to the filter, for good; it has only the given kinds of sockets from then on.

    Raises:
        OSError: The kernel refused.
        NotImplementedError: The system calls of this machine are not known.
    """
    program = assemble(os.uname().machine, os.getpid(), udp=udp, tcp=tcp)
    code = b"".join(struct.pack("HBBI", code, if_true, if_false, value) for code, if_true, if_false, value in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    linux.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, struct.pack("HxxxxxxQ", len(program), ctypes.addressof(buffer)))
