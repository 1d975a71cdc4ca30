"""Files and folders of the pods' tools: read with a limit and strictly, written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

import msgspec

from node.pod.errors import PodError
from node.trust.errors import MalformedMetadata
from node.trust.strict import read_struct
from node.vault.storage.filesystem import write_durably

T = TypeVar("T")


def read_file(file: Path, limit: int, what: str = "") -> bytes:
    """The content of a file.

    Raises:
        PodError: It cannot be read, or is over ``limit`` bytes and so not ``what``, if that is known.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(limit + 1)
    except OSError as error:
        raise PodError(f"{file} cannot be read: {error.strerror}") from error
    if len(content) > limit:
        raise PodError(f"{file} {f'is not {what}: it is' if what else 'is'} over {limit} bytes")
    return content


def read_as(file: Path, kind: type[T], limit: int, what: str) -> T:
    """What a JSON file holds.

    Raises:
        PodError: It cannot be read, or is not ``what``.
    """
    try:
        return read_struct(read_file(file, limit, what), kind)
    except MalformedMetadata as error:
        raise PodError(f"{file} is not {what}: {error}") from error


def check_is_new(file: Path) -> None:
    """Check that nothing has this name yet.

    Raises:
        PodError: Something has.
    """
    if file.exists() or file.is_symlink():
        raise PodError(f"{file} exists, and is not overwritten")


def write_new(file: Path, content: bytes) -> None:
    """Make the new file ``file``, readable by its owner only; it is whole and on the disk when this returns.

    Raises:
        PodError: It exists, or cannot be written.
    """
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    except FileExistsError as error:
        raise PodError(f"{file} exists, and is not overwritten") from error
    except OSError as error:
        raise PodError(f"{file} cannot be written: {error.strerror}") from error
    try:
        os.close(descriptor)
        write_durably(file, content)  # the name is ours from here on
    except OSError as error:
        file.unlink(missing_ok=True)
        raise PodError(f"{file} cannot be written: {error.strerror}") from error


def replace(file: Path, content: bytes) -> None:
    """Put other content into a file, whole or not at all.

    Raises:
        PodError: It cannot be written; the old content is still there.
    """
    try:
        write_durably(file, content)
    except OSError as error:
        raise PodError(f"{file} cannot be written: {error.strerror}") from error


def pretty(struct: msgspec.Struct) -> bytes:
    """A struct as JSON that people can read."""
    return msgspec.json.format(msgspec.json.encode(struct)) + b"\n"


def start_folder(folder: Path) -> Path:
    """A fresh private folder beside ``folder``, to be filled and then put in its place.

    Raises:
        PodError: ``folder`` is in use already, or nothing can be made beside it.
    """
    making = folder.with_name(f".{folder.name}.making-{os.getpid()}")
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise PodError(f"{folder} exists and is not an empty folder")
        folder.parent.mkdir(parents=True, exist_ok=True)
        making.mkdir(mode=0o700)
    except OSError as error:
        raise PodError(f"{folder} cannot be made: {error.strerror}") from error
    return making


def finish_folder(making: Path, folder: Path) -> None:
    """Put the filled folder in its place.  Raises OSError."""
    if folder.exists():
        folder.rmdir()  # empty, or this fails and nothing is lost
    making.rename(folder)
