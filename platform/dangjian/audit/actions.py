"""What the actions of the log are called, as the officer reads them; each app registers its own."""

from __future__ import annotations

from django.utils.functional import Promise

_labels: dict[str, str | Promise] = {}


def register(labels: dict[str, str | Promise]) -> None:
    """Give words to actions, such as ``{"password.reset": gettext_lazy("重置密码")}``; call it from `ready()`."""
    _labels.update(labels)


def label(action: str) -> str:
    """The words for `action`; the bare key for one that nobody has named."""
    return str(_labels.get(action, action))


def labels() -> dict[str, str]:
    """Every named action with its words."""
    return {action: str(words) for action, words in _labels.items()}
