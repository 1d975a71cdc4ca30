"""What is said to who asks the local API in a way that cannot be answered."""

from __future__ import annotations

from node.api.texts import reason
from node.api.told import Told, told


def empty_chunk() -> str:
    return "A chunk has at least one byte."


def no_address() -> str:
    return "An address has 64 digits, each 0 to 9 or a to f."


def malformed(why: str) -> Told:
    return told("api.malformed", f"The request is malformed: {why}.", why=why)


def unknown_path(path: str) -> str:
    return f"There is nothing at {path[:200]}."


def wrong_method(method: str, path: str) -> str:
    return f"{method[:20]} is not possible at {path[:200]}."


def too_many_listeners(count_max: int) -> str:
    return f"There are {count_max} listeners already."


def too_many_shares(count_max: int) -> str:
    return f"There are {count_max} shares on their way already; try again when one of them is done."


def body_slow(seconds: float) -> str:
    return f"Nothing more came for {seconds:.0f} seconds, so nothing is stored under an address."


def no_port(port: int) -> Told:
    return told("api.no_port", f"{port} is no port; one is between 1 and 65535, and 0 switches it off.", port=str(port))


def api_port_refused(port: int, error: OSError) -> Told:
    return told(
        "api.port_refused",
        f"Port {port} of this computer cannot be had: {reason(error)}; name another one.",
        port=str(port),
        why=reason(error),
    )


def refused_at_door(code: str) -> Told:
    match code:
        case "api.token":
            return told(
                "api.token",
                "The token is missing or does not match: it is new at every start and stands in api.json in the home.",
            )
        case "api.origin":
            return told("api.origin", "Web pages may not ask this node.")
    return told("api.host", "This port answers to localhost and 127.0.0.1 with its number, and to no other name.")


def internal() -> Told:
    return told("api.internal", "Something went wrong inside; the log says what.")
