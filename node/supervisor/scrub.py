"""Takes out of a text what says who somebody is, or where: for a file that a person hands to others.

Known words first (the home's folder, the user's name, the vault id), then whatever looks like one of these: paths, IP
and hardware addresses, e-mail addresses, links, runs of hex digits, long codes such as keys, tokens and invitations.
The same word always becomes the same mark, so that it can still be followed through a log.  Rather too much than too
little: a long number of a log may go as well.  What it cannot know is a name that stands in the middle of a sentence.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

HEX_DIGITS_MIN: Final = 8  # the shortest piece of a vault id that is shown anywhere
CODE_CHARACTERS_MIN: Final = 20
LINE_CHARACTERS_MAX: Final = 2_000  # what is longer is cut: some patterns take the square of it

SOURCE: Final = re.compile(r"(?:[A-Za-z]:)?[\\/][^\s\"'<>|]*[\\/]((?:node|gui)[\\/][\w\\/]+\.py)\b")
QUOTED_PATH: Final = re.compile(r"(['\"])(?:[A-Za-z]:)?[\\/](?:(?!\1)[^\n])*\1")
PATH: Final = re.compile(r"(?<![\w<>/\\.])(?:[A-Za-z]:[\\/]|~?/|\\\\)[^\s\"'<>|;,()\[\]]+")
LINK: Final = re.compile(r"\b[a-z][a-z0-9+.-]{1,15}://[^\s\"'<>]+")
MAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w.-]{1,255}")
HARDWARE: Final = re.compile(r"(?<![0-9A-Fa-f:-])[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5,7}(?![0-9A-Fa-f:-])")
IPV6: Final = re.compile(
    r"\[?(?<![\w:])(?:[0-9A-Fa-f]{0,4}:){2,7}(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4})(?:%\w{1,16}|:\d{1,5})?"
    r"(?!\w|:[\w:])(?:\](?::\d{1,5})?)?"
)
IPV4: Final = re.compile(r"(?<!\w)(?<!\d\.)\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?(?::\d{1,5})?(?!\w|\.\d)")
HEX: Final = re.compile(rf"(?<![0-9A-Za-z])(?:0[xX])?[0-9A-Fa-f]{{{HEX_DIGITS_MIN},}}(?![0-9A-Za-z])")
CODE: Final = re.compile(rf"(?<![\w+/=-])[\w+/=-]{{{CODE_CHARACTERS_MIN},}}")


class Scrubber:
    """Scrubs the texts of one file; see the module.

    ``known`` maps words that must not stay to what stands for them; ``names`` go as whole words, however written.
    ``public`` are long hex numbers that may stay, also shortened: tree hashes of versions, which everybody has.
    """

    def __init__(self, known: Mapping[str, str], names: Iterable[str], public: Iterable[str]) -> None:
        self._known = sorted(((word, mark) for word, mark in known.items() if word), key=lambda one: -len(one[0]))
        wanted = sorted({name for name in names if name.strip()}, key=len, reverse=True)
        inner = "|".join(map(re.escape, wanted))
        self._names = re.compile(rf"(?<![^\W_])(?:{inner})(?![^\W_])", re.IGNORECASE) if wanted else None
        self._public = tuple(public)
        self._marks: dict[str, str] = {}

    def scrub(self, text: str, *, is_log: bool = False) -> str:
        """``text`` without what it must not say.  In a log also a number of many digits may be a piece of an id."""
        for word, mark in self._known:
            text = text.replace(word, mark)
        return "\n".join(self._line(line, is_log=is_log) for line in text.split("\n"))

    def _line(self, text: str, *, is_log: bool) -> str:
        if len(text) > LINE_CHARACTERS_MAX:
            text = f"{text[:LINE_CHARACTERS_MAX]}…"
        text = SOURCE.sub(lambda found: found[1].replace("\\", "/"), text)
        text = QUOTED_PATH.sub(self._as("path"), text)
        text = MAIL.sub(self._as("mail"), LINK.sub(self._as("link"), text))
        text = PATH.sub(self._as("path"), text)
        text = HARDWARE.sub(self._as("address"), text)
        text = IPV6.sub(self._address, text)
        text = IPV4.sub(self._as("address"), text)
        text = HEX.sub(lambda found: self._hex(found, is_log=is_log), text)
        text = CODE.sub(self._code, text)
        return text if self._names is None else self._names.sub("<name>", text)

    def _mark(self, kind: str, word: str) -> str:
        return self._marks.setdefault(word, f"<{kind} {len(self._marks) + 1}>")

    def _as(self, kind: str) -> Callable[[re.Match[str]], str]:
        return lambda found: self._mark(kind, found[0])

    def _address(self, found: re.Match[str]) -> str:
        inner = found[0].strip("[").partition("]")[0]
        without_port, _, rest = inner.rpartition(":")
        if _is_address(inner):
            return self._mark("address", found[0])
        if not _is_address(without_port):
            return found[0]  # a time, as most of what has two colons
        # Nothing behind the colon: it belongs to the sentence.
        return self._mark("address", found[0]) if rest else f"{self._mark('address', without_port)}:"

    def _hex(self, found: re.Match[str], *, is_log: bool) -> str:
        word = found[0].lower().removeprefix("0x")
        if any(known.startswith(word) for known in self._public) or (word.isdecimal() and not is_log):
            return found[0]
        return self._mark("id", word)

    def _code(self, found: re.Match[str]) -> str:
        """A long code has digits or capitals among small letters; a long word or a line of dashes has not."""
        word = found[0]
        has_both = any(c.isdigit() for c in word) and any(c.isalpha() for c in word)
        is_mixed = word.lower() != word and word.upper() != word
        is_public = any(known.startswith(word.lower()) for known in self._public)
        return word if is_public or not (has_both or is_mixed) else self._mark("code", word)


def _is_address(word: str) -> bool:
    try:
        ipaddress.ip_address(word)
    except ValueError:
        return False
    return True
