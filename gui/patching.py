"""Changes of settings, put together and taken apart again.  Pure."""

from __future__ import annotations

import msgspec

from node.api.schema import Settings, SettingsPatch


def fields(patch: SettingsPatch) -> frozenset[str]:
    """The names of what is changed."""
    return frozenset(_given(patch))


def merged(earlier: SettingsPatch, later: SettingsPatch) -> SettingsPatch:
    """Both changes as one; where both change the same, the later holds."""
    return msgspec.structs.replace(earlier, **_given(later))


def without(patch: SettingsPatch, done: SettingsPatch) -> SettingsPatch:
    """What is left of a change when ``done`` is; what was changed once more meanwhile is left."""
    over = {name: msgspec.UNSET for name, value in _given(patch).items() if getattr(done, name) == value}
    return msgspec.structs.replace(patch, **over)


def applied(settings: Settings, patch: SettingsPatch) -> Settings:
    return msgspec.structs.replace(settings, **_given(patch))


def _given(patch: SettingsPatch) -> dict[str, object]:
    return {name: value for name, value in msgspec.structs.asdict(patch).items() if value is not msgspec.UNSET}
