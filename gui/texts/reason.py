"""Why a release was taken, refused or kept waiting, in everyday words: a text for each reason that the node gives.

A reason is kept for a year as the node wrote it, by whatever version, so it is known by its words and not by a code.
What is not found here is shown as it is; a test goes through all that the node can write today.
"""

from __future__ import annotations

import re
from typing import Final

from gui.language import figure, translate
from gui.texts.app import listed
from gui.texts.why import say_why

_COUNT: Final = r"[\d,]+"
_SPAN: Final = r"\d+ (?:s|min|h|days)"
_FACTOR: Final = r"[\d.]+"
_NAMED: Final = r"(?:vault|foundation|app)/(?P<version>[^\s;:]+)"
_AT_MOST: Final = rf"\(at most (?P<limit>{_FACTOR}) % allowed\)"

_TEXTS: Final = {
    rf"lost (?P<count>{_COUNT}) of (?P<stored>{_COUNT}) stored pieces": translate(
        "reasons", "It lost {count} of {stored} pieces that it had taken in."
    ),
    "lost 1 stored piece": translate("reasons", "It lost 1 piece that it had taken in."),
    rf"lost (?P<count>{_COUNT}) stored pieces": translate("reasons", "It lost {count} pieces that it had taken in."),
    rf"gave wrong bytes in (?P<count>{_COUNT}) of (?P<reads>{_COUNT}) reads": translate(
        "reasons", "It gave wrong bytes in {count} of {reads} reads."
    ),
    r"crashed \([^)]*\) while its twin went on": translate("reasons", "It crashed while the version in use went on."),
    rf"stopped answering: (?P<count>{_COUNT}) requests in (?P<span>{_SPAN}) that its twin answered": translate(
        "reasons", "It stopped answering: {count} requests in {span} that the version in use answered."
    ),
    rf"was not up within (?P<span>{_SPAN}) while its twin was": translate(
        "reasons", "It was not up within {span} while the version in use was."
    ),
    r"did not end by itself when it was told to \([^)]*\), as its twin did": translate(
        "reasons", "It did not end by itself when it was told to, as the version in use did."
    ),
    "gave wrong answers under its own signature, as 1 neighbour proved": translate(
        "reasons", "It gave wrong answers under its own signature, as 1 neighbour proved."
    ),
    rf"gave wrong answers under its own signature, as (?P<count>{_COUNT}) neighbours proved": translate(
        "reasons", "It gave wrong answers under its own signature, as {count} neighbours proved."
    ),
    rf"does not pass on news from the developers, as its twin did (?P<count>{_COUNT}) times in (?P<span>{_SPAN})": (
        translate(
            "reasons", "It does not pass on news from the makers, as the version in use did {count} times in {span}."
        )
    ),
    "was not up any more at the end, as its twin was": translate(
        "reasons", "It was not up any more at the end, as the version in use was."
    ),
    "it kept its twin busy": translate("reasons", "It kept the version in use busy."),
    "it took the memory that its twin lacked": translate(
        "reasons", "It took the memory that the version in use lacked."
    ),
    "it filled the disk with files of its own": translate("reasons", "It filled the disk with files of its own."),
    "it finds nobody although others can be reached": translate(
        "reasons", "It finds nobody although others can be reached."
    ),
    r"the computer is to blame: its twin showed the same fault \([^)]*\) at the same time": translate(
        "reasons", "The computer is to blame: the version in use showed the same fault at the same time."
    ),
    rf"the computer is to blame: (?P<count>{_COUNT}) crashes fell together with its own faults": translate(
        "reasons", "The computer is to blame: {count} crashes fell together with its own faults."
    ),
    rf"the prober failed (?P<count>{_COUNT}) times": translate("reasons", "What compares them failed {count} times."),
    "the current version kept the twin beside it busy": translate(
        "reasons", "The current version kept the new one beside it busy."
    ),
    "the same files are in use and may do less; only files of its own could be tried out with more": translate(
        "reasons", "The same files are in use and may do less; only files of its own could be tried out with more."
    ),
    rf"the way back is not open: (?P<missing>{_COUNT}) of (?P<count>{_COUNT}) chunks missing,"
    rf" (?P<bad>{_COUNT}) damaged": translate(
        "reasons", "The way back is not open: {missing} of {count} pieces missing, {bad} damaged."
    ),
    r"broke the protocol: (?P<what>.+)": translate("reasons", "It broke the rules: {what}."),
    r"tried what it may not do: (?P<what>.+)": translate("reasons", "It tried what it may not do: {what}."),
    rf"as good as the current version in (?P<count>{_COUNT}) comparisons, (?P<reads>{_COUNT}) reads checked,"
    rf" rated by (?P<rated>{_COUNT}) neighbours": translate(
        "reasons",
        "It is as good as the current version in {count} comparisons, {reads} reads checked, rated by {rated}"
        " neighbours.",
    ),
    rf"as good as the version before it in (?P<count>{_COUNT}) comparisons, (?P<reads>{_COUNT}) reads checked,"
    rf" rated by (?P<rated>{_COUNT}) neighbours": translate(
        "reasons",
        "It is as good as the version before it in {count} comparisons, {reads} reads checked, rated by {rated}"
        " neighbours.",
    ),
    rf"as good as the current version in (?P<count>{_COUNT}) comparisons, (?P<reads>{_COUNT}) reads checked,"
    " not rated by neighbours": translate(
        "reasons",
        "It is as good as the current version in {count} comparisons, {reads} reads checked, not rated by neighbours.",
    ),
    rf"as good as the version before it in (?P<count>{_COUNT}) comparisons, (?P<reads>{_COUNT}) reads checked,"
    " not rated by neighbours": translate(
        "reasons",
        "It is as good as the version before it in {count} comparisons, {reads} reads checked, not rated by"
        " neighbours.",
    ),
    rf"could not be compared: the twins were not both up for (?P<span>{_SPAN})": translate(
        "reasons", "Could not be compared: the two versions did not both run for {span}."
    ),
    rf"slower: requests take (?P<factor>{_FACTOR}) times as long \(at most (?P<limit>{_FACTOR}) allowed\)": translate(
        "reasons", "It is slower: requests take {factor} times as long (at most {limit} allowed)."
    ),
    rf"slower: its late requests lengthen the mean by (?P<share>{_FACTOR}) % {_AT_MOST}": translate(
        "reasons", "It is slower: its late requests lengthen the mean by {share} % (at most {limit} % allowed)."
    ),
    rf"needs (?P<factor>{_FACTOR}) times the processor time \(at most (?P<limit>{_FACTOR}) allowed\)": translate(
        "reasons", "It needs {factor} times the processor time (at most {limit} allowed)."
    ),
    rf"needs (?P<factor>{_FACTOR}) times the memory \(at most (?P<limit>{_FACTOR}) allowed\)": translate(
        "reasons", "It needs {factor} times the memory (at most {limit} allowed)."
    ),
    rf"memory keeps growing: (?P<share>{_FACTOR}) % above its earlier level {_AT_MOST}": translate(
        "reasons", "Its memory keeps growing: {share} % above its earlier level (at most {limit} % allowed)."
    ),
    rf"sends (?P<factor>{_FACTOR}) times the bytes \(at most (?P<limit>{_FACTOR}) allowed\)": translate(
        "reasons", "It sends {factor} times the bytes (at most {limit} allowed)."
    ),
    rf"fails more often: (?P<share>{_FACTOR}) % more of its requests than its twin {_AT_MOST}": translate(
        "reasons",
        "It fails more often: {share} % more of its requests than the version in use (at most {limit} % allowed).",
    ),
    "neighbours disagree: they see it slower than the current version": translate(
        "reasons", "Neighbours disagree: they see it slower than the current version."
    ),
    "neighbours disagree: most of them report faults": translate(
        "reasons", "Neighbours disagree: most of them report faults."
    ),
    "too few neighbours have shown the developers' newest word yet": translate(
        "reasons", "Too few neighbours have shown the makers' newest word yet."
    ),
    "nothing can be tried out on this computer, because it cannot shut a version off": translate(
        "reasons", "Nothing can be tried out on this computer, because it cannot shut a version off."
    ),
    "the developers recalled it, and nothing from before may be gone back to": translate(
        "reasons", "The makers recalled it, and nothing from before may be gone back to."
    ),
    "the developers recalled it": translate("reasons", "The makers recalled it."),
    "the pods withdrew it": translate("reasons", "The makers withdrew it."),
    "its turn in the rollout has not come": translate("reasons", "Its turn has not come here yet."),
    rf"{_NAMED} has its turn first": translate("reasons", "Version {version} has its turn first."),
    rf"{_NAMED} came first": translate("reasons", "Version {version} came first."),
    "this computer has not met its neighbours yet": translate(
        "reasons", "This computer has not met its neighbours yet."
    ),
    "nothing is tried out while Perennial is paused": translate(
        "reasons", "Nothing is tried out while Perennial is paused."
    ),
    "many other farms have refused it, so it waits for a while": translate(
        "reasons", "Many other computers have refused it, so it waits for a while."
    ),
    r"(?:what )?slot [0-9a-f]{8} .+": translate("reasons", "Its files on this disk are damaged."),
    "the version in use could not read chunks that are there and whole": translate(
        "reasons", "The version in use could not read pieces that are there and whole."
    ),
    "this computer has run out of memory": translate("reasons", "This computer has run out of memory."),
    "this program is too old, or too new, to try it out": translate(
        "reasons", "This program is too old, or too new, to try it out."
    ),
    "full trials could not prove it here": translate("reasons", "Full trials could not prove it here."),
    "no trial of it could be held here": translate("reasons", "No trial of it could be held here."),
    "it did not take over in time": translate("reasons", "It did not take over in time."),
    "its files were damaged": translate("reasons", "Its files were damaged."),
    "already in use": translate("reasons", "Already in use."),
    "what the developers say is too old, or contradicts itself": translate(
        "reasons", "What the makers say is too old, or contradicts itself."
    ),
    # Of releases of the app, which must show first that they can be replaced themselves.
    "it took a version into use that nobody has released": translate(
        "reasons", "It took a version into use that nobody has released."
    ),
    "it never took a good version of the vault into use": translate(
        "reasons", "It never took a good version into use."
    ),
    "it took a version of the vault into use without trying it out": translate(
        "reasons", "It took a version into use without trying it out."
    ),
    "it did not go back from a version of the vault that failed": translate(
        "reasons", "It did not go back from a version that failed."
    ),
    "it did not go on running here, so the version from before was started": translate(
        "reasons", "It did not go on running here, so the version from before was started."
    ),
    "it did not start here, so the version from before was started": translate(
        "reasons", "It did not start here, so the version from before was started."
    ),
}
_MISSING: Final = {  # what a release lacked that could not be proven
    rf"(?P<have>{_COUNT}) of (?P<need>{_COUNT}) comparisons": translate("reasons", "{have} of {need} comparisons"),
    rf"(?P<have>{_COUNT}) of (?P<need>{_COUNT}) checked reads": translate("reasons", "{have} of {need} checked reads"),
    rf"(?P<have>{_COUNT}) of (?P<need>{_COUNT}) pieces to read": translate(
        "reasons", "{have} of {need} pieces to read"
    ),
    rf"(?P<have>{_COUNT}) of (?P<need>{_COUNT}) restarts": translate("reasons", "{have} of {need} restarts"),
    rf"(?P<have>{_COUNT}) of (?P<need>{_COUNT}) neighbours rated it": translate(
        "reasons", "{have} of {need} neighbours rated it"
    ),
    r"(?P<names>.+) still undecided": translate("reasons", "{names} still undecided"),
    r"(?P<names>.+) lately worse": translate("reasons", "{names} lately worse"),
    "it was not seen to pass on news from the developers": translate(
        "reasons", "it was not seen to pass on news from the makers"
    ),
    "lately it did not pass on news from the developers": translate(
        "reasons", "lately it did not pass on news from the makers"
    ),
    rf"it gave another vault (?P<count>{_COUNT}) right answers where its twin gave (?P<need>{_COUNT})": translate(
        "reasons", "it gave another computer {count} right answers where the version in use gave {need}"
    ),
    rf"it gave away (?P<count>{_COUNT}) stored pieces where its twin gave (?P<need>{_COUNT})": translate(
        "reasons", "it gave away {count} pieces that it had taken in where the version in use gave {need}"
    ),
    "beside the best version of the last year": translate("reasons", "beside the best version of the last year"),
}
_REASON: Final = "(?P<reason>.+)"
_OVER_A_REASON: Final = {  # what came of a reason that is given after it
    rf"it failed (?P<count>{_COUNT}) times in probation: {_REASON}": translate(
        "reasons", "It failed {count} times soon after it took over. {reason}"
    ),
    rf"it failed (?P<count>{_COUNT}) times in short succession: {_REASON}": translate(
        "reasons", "It failed {count} times in short succession. {reason}"
    ),
    rf"it started too late (?P<count>{_COUNT}) times in a row: {_REASON}": translate(
        "reasons", "It started too late {count} times in a row. {reason}"
    ),
    f"it did not take over: {_REASON}": translate("reasons", "It did not take over. {reason}"),
    f"it could not be fetched: {_REASON}": translate("reasons", "It could not be fetched. {reason}"),
    f"no trial could be held: {_REASON}": translate("reasons", "No trial could be held. {reason}"),
    f"the way back could not be shown: {_REASON}": translate("reasons", "The way back could not be shown. {reason}"),
    f"it did not pass its self-test: {_REASON}": translate("reasons", "It did not pass its self-test. {reason}"),
    f"the current version did not start beside it: {_REASON}": translate(
        "reasons", "The current version did not start beside it. {reason}"
    ),
    f"it did not start while its twin did: {_REASON}": translate(
        "reasons", "It did not start while the version in use did. {reason}"
    ),
    f"taken without a proof, as an exception, because {_REASON}": translate(
        "reasons", "Taken without a proof, as an exception. {reason}"
    ),
    rf"(?P<first>.+?); then {_REASON}": translate("reasons", "{first} Then: {reason}"),
    rf"{_REASON}; it begins anew": translate("reasons", "{reason} It begins anew."),
}
_NAMES: Final = {
    "request time": translate("reasons", "request time"),
    "slowest requests": translate("reasons", "slowest requests"),
    "processor time": translate("reasons", "processor time"),
    "memory": translate("reasons", "memory"),
    "growth of memory": translate("reasons", "growth of memory"),
    "bytes sent": translate("reasons", "bytes sent"),
    "failed requests": translate("reasons", "failed requests"),
}
_NOT_PROVEN: Final = re.compile(rf"not proven within (?P<span>{_SPAN}): (?P<missing>.+)")
_DAYS: Final = re.compile(r"(\d+) days")


def say_reason(reason: str) -> str:
    """The reason as whole sentences; "" for one that is not known."""
    if (found := _NOT_PROVEN.fullmatch(reason)) is not None:
        missing = [_part(part) for part in found["missing"].split(", ")]
        text = translate("reasons", "Not proven within {span}: {missing}.")
        return text.format(span=_shown("span", found["span"]), missing=", ".join(missing))
    return _known(reason, _TEXTS) or _known(reason, _OVER_A_REASON)


def _part(missing: str) -> str:
    """One thing that a release lacked, as a part of a sentence."""
    return _known(missing, _MISSING) or _known(missing, _TEXTS).rstrip(".") or missing


def _known(reason: str, texts: dict[str, str]) -> str:
    for pattern, text in texts.items():
        if (found := re.fullmatch(pattern, reason)) is not None:
            return text.format(**{name: _shown(name, value) for name, value in found.groupdict().items()})
    return ""


def _shown(name: str, value: str) -> str:
    if name in ("what", "version"):  # the node's own words
        return value
    if name in ("first", "reason"):
        said = say_reason(value) or say_why(value)
        return f"{said[:1].upper()}{said[1:]}{'' if said.endswith('.') else '.'}"
    if name == "names":
        return listed([_NAMES.get(one, one) for one in value.split(" and ")])
    if days := _DAYS.fullmatch(value):
        return translate("reasons", "%n days", "", int(days[1]))
    return figure(value)
