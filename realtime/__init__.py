"""Live topics: what one person does appears on every screen that may see it.

Knows no domain app and no tenant: the house tells it where it is through `realtime.hooks`. Read `outbox` (how an
event is written), then `hub` (how it reaches the sockets); `docs/explanation/live.md` tells why.
"""
