"""A child's noise costs neither disk nor processor."""

import asyncio
from pathlib import Path

import pytest

from node.sandbox import log
from node.sandbox.log import CappedLog, keep_log


def test_what_a_child_says_is_kept(tmp_path: Path) -> None:
    kept = CappedLog(tmp_path / "log", 0.0)
    assert not kept.write("first\nsecond ä\n".encode(), 0.0)
    kept.close()
    assert (tmp_path / "log").read_text(encoding="utf-8") == "first\nsecond ä\n"


def test_the_file_is_readable_by_this_account_only(tmp_path: Path) -> None:
    CappedLog(tmp_path / "log", 0.0).close()
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600


def test_a_flood_is_dropped_and_counted(tmp_path: Path) -> None:
    kept = CappedLog(tmp_path / "log", 0.0)
    for _ in range(100):
        is_over = kept.write(b"x" * log.READ_BYTES, 0.0)
    kept.close()
    assert is_over
    assert kept.bytes_dropped == 100 * log.READ_BYTES - log.LOG_BURST_BYTES
    text = (tmp_path / "log").read_text(encoding="utf-8")
    assert text.count("more is dropped") == 1
    assert f"{kept.bytes_dropped} bytes were dropped" in text


def test_after_a_flood_the_child_is_heard_again(tmp_path: Path) -> None:
    kept = CappedLog(tmp_path / "log", 0.0)
    kept.write(b"x" * (log.LOG_BURST_BYTES + 1), 0.0)
    assert not kept.write(b"the reason\n", 1.0)
    kept.close()
    assert "the reason" in (tmp_path / "log").read_text(encoding="utf-8")


def test_the_log_never_takes_more_than_two_files(tmp_path: Path) -> None:
    kept = CappedLog(tmp_path / "log", 0.0)
    for second in range(200):
        kept.write(b"x" * log.LOG_BYTES_PER_S_MAX, float(second))
    kept.close()
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert set(sizes) == {"log", "log.1"}
    assert max(sizes.values()) <= log.LOG_FILE_BYTES_MAX + 100  # the closing line


def test_a_terminal_is_given_nothing_to_obey(tmp_path: Path) -> None:
    kept = CappedLog(tmp_path / "log", 0.0)
    kept.write(b"\x1b]0;title\x07\xff\r\n", 0.0)
    kept.close()
    assert (tmp_path / "log").read_text(encoding="utf-8") == "\\x1b]0;title\\x07\\xff\\r\n"


def test_a_letter_cut_in_two_by_the_pipe_is_still_a_letter(tmp_path: Path) -> None:
    kept = CappedLog(tmp_path / "log", 0.0)
    kept.write("ä".encode()[:1], 0.0)
    kept.write("ä".encode()[1:], 0.0)
    kept.close()
    assert (tmp_path / "log").read_text(encoding="utf-8") == "ä"


def test_a_disk_that_cannot_take_it_does_not_stop_the_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def read_all() -> bool:
        monkeypatch.setattr(log, "PAUSE_S", 0.0)
        stream = asyncio.StreamReader()
        stream.feed_data(b"x\n")
        stream.feed_eof()
        kept = CappedLog(tmp_path / "log", 0.0)
        monkeypatch.setattr(kept, "write", failing)
        await keep_log(stream, kept)
        return stream.at_eof()

    def failing(received: bytes, now_s: float) -> bool:
        raise OSError(28, "no space left")

    assert asyncio.run(read_all())
    assert "no space left" in caplog.text
