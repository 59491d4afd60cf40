"""Channel layers over brokers of the tests, and one that misbehaves."""

from typing import Any

from channels.layers import InMemoryChannelLayer


class LosesEverything(InMemoryChannelLayer):  # type: ignore[misc]
    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        pass


def over(*urls: str) -> dict[str, Any]:
    """CHANNEL_LAYERS with one layer a broker, the first of them the default."""
    aliases = ["default", *(f"broker{number}" for number in range(2, len(urls) + 1))]
    return {
        alias: {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [url], "prefix": "dangjian"},
        }
        for alias, url in zip(aliases, urls, strict=True)
    }
