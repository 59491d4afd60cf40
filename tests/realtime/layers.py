"""Channel layers that misbehave."""

from typing import Any

from channels.layers import InMemoryChannelLayer


class LosesEverything(InMemoryChannelLayer):  # type: ignore[misc]
    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        pass
