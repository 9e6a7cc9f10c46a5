"""The filter of system calls, run as the kernel runs it: what a call with these numbers is answered."""

from __future__ import annotations

import errno
import os
import struct

import pytest

from planes.data_plane.runner.containment.calls import assemble

pytestmark = pytest.mark.skipif(os.uname().machine != "x86_64", reason="the numbers are those of x86-64")

X86_64, I386, AARCH64 = 0xC000003E, 0x40000003, 0xC00000B7
UNIX, INTERNET, NETLINK = 1, 2, 16
USERS, MOUNTS = 0x10000000, 0x00020000
STREAM, DATAGRAM, RAW, SEQUENCE, CLOSES_AT_EXEC = 1, 2, 3, 5, 0o2000000
TWIN = 0x40000000
LOAD, MASK, EQUALS, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x54, 0x15, 0x35, 0x45, 0x06


def answer(number: int, *arguments: int, machine: int = X86_64, keeps_apart: bool = False) -> int | None:
    """The number of the error, 0 where the call is let through, and None where it is not made, but said to be."""
    told = struct.pack("=IIQ6Q", number, machine, 0, *arguments, *([0] * (6 - len(arguments))))
    steps = list(struct.iter_unpack("HBBI", assemble(keeps_apart=keeps_apart)))
    at = held = 0
    while True:
        code, if_so, if_not, value = steps[at]
        at += 1
        if code == LOAD:
            held = struct.unpack_from("=I", told, value)[0]
        elif code == MASK:
            held &= value
        elif code == RETURN:
            return 0 if value == 0x7FFF0000 else value & 0xFFFF or None
        else:
            holds = {EQUALS: held == value, AT_LEAST: held >= value, ANY_BIT: bool(held & value)}[code]
            at += if_so if holds else if_not


REFUSED = [
    pytest.param(41, (UNIX, STREAM), errno.EAFNOSUPPORT, id="unix socket"),
    pytest.param(41, (0, STREAM), errno.EAFNOSUPPORT, id="socket of no family"),
    pytest.param(41, (40, STREAM), errno.EAFNOSUPPORT, id="socket to the machine that runs this one"),
    pytest.param(41, (31, RAW), errno.EAFNOSUPPORT, id="socket to a radio"),
    pytest.param(41, (17, RAW), errno.EAFNOSUPPORT, id="socket for packets as they are"),
    pytest.param(302, (1, 7), errno.EPERM, id="limits of another process"),
    pytest.param(53, (UNIX, DATAGRAM), errno.EPROTONOSUPPORT, id="pair of datagram sockets"),
    pytest.param(53, (UNIX, RAW | CLOSES_AT_EXEC), errno.EPROTONOSUPPORT, id="pair of raw sockets"),
    pytest.param(56, (USERS | 17,), errno.EPERM, id="clone into a user namespace"),
    pytest.param(272, (USERS | MOUNTS,), errno.EPERM, id="unshare of users"),
    pytest.param(435, (), errno.ENOSYS, id="clone3, whose flags cannot be seen"),
    pytest.param(425, (), errno.ENOSYS, id="ring of calls"),
    pytest.param(248, (), errno.ENOSYS, id="add_key"),
    pytest.param(249, (), errno.ENOSYS, id="request_key"),
    pytest.param(250, (), errno.ENOSYS, id="keyctl"),
    pytest.param(298, (), errno.ENOSYS, id="perf_event_open"),
    pytest.param(321, (), errno.ENOSYS, id="bpf"),
    pytest.param(323, (), errno.ENOSYS, id="userfaultfd"),
    pytest.param(TWIN | 41, (UNIX, STREAM), errno.ENOSYS, id="unix socket by the 32-bit twin"),
    pytest.param(TWIN | 1, (), errno.ENOSYS, id="anything by the 32-bit twin"),
]


@pytest.mark.parametrize(("number", "arguments", "error"), REFUSED)
def test_a_call_past_the_other_parts_is_refused(number: int, arguments: tuple[int, ...], error: int) -> None:
    assert answer(number, *arguments) == error
    assert answer(number, *arguments, keeps_apart=True) == error


@pytest.mark.parametrize("machine", [I386, AARCH64])
def test_the_numbers_of_another_machine_are_none(machine: int) -> None:
    assert answer(1, machine=machine) == errno.ENOSYS


@pytest.mark.parametrize("number", [101, 310, 311, 438])
def test_tracing_is_refused_where_processes_are_kept_apart(number: int) -> None:
    assert answer(number, keeps_apart=True) == errno.ENOSYS
    assert answer(number) == 0


def test_a_shared_port_is_granted_in_words_only() -> None:
    """Programs ask for it out of habit, such as Python's own `http.server`, and end where they are refused."""
    assert answer(54, 3, 1, 15, 0, 4) is None
    assert answer(54, 3, 1, 2, 0, 4) == 0  # SO_REUSEADDR
    assert answer(54, 3, 6, 15, 0, 4) == 0  # another level's option


@pytest.mark.parametrize(
    ("number", "arguments"),
    [
        (0, ()), (41, (INTERNET, STREAM)), (41, (10, STREAM | CLOSES_AT_EXEC)), (41, (NETLINK, RAW)), (302, (0, 7)),
        (53, (UNIX, STREAM)), (53, (UNIX, SEQUENCE)), (56, (17,)), (272, (MOUNTS,)), (59, ()),
    ],
)  # fmt: skip
def test_what_a_load_needs_is_let_through(number: int, arguments: tuple[int, ...]) -> None:
    assert answer(number, *arguments) == 0
