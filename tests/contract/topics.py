"""Who may join what: the one table of every kind of live topic; visitors as in `tests.contract.permissions`.

A cell says whether the visitor joins (``True``), or the code of the refusal. A kind that is registered with realtime
and has no row here fails the suite.
"""

from __future__ import annotations

from typing import Final

PEOPLE: Final = ("member", "secretary", "officer", "editor", "moderator", "other")
OWN_BRANCH: Final = {"member", "secretary"}
OVER_THE_BRANCH: Final = {"member", "secretary", "officer", "editor", "moderator"}

# (topic with @things of the stage, who may join it); everybody else of PEOPLE is answered "forbidden".
TOPICS: Final[list[tuple[str, set[str]]]] = [
    ("feed", set(PEOPLE)),
    ("feed:@branch", OWN_BRANCH),
    ("feed:@root", set(PEOPLE)),
    ("post:@district_post", set(PEOPLE)),
    ("post:@committee_post", OVER_THE_BRANCH),
    ("post:@branch_post", OVER_THE_BRANCH),
    ("me", set(PEOPLE)),
    ("organization:@branch", {"secretary", "officer"}),
    ("organization:@root", {"officer"}),
    # what nobody may join, though the kind exists
    ("post:@foreign", set()),
    ("feed:@foreign", set()),
    ("organization:@foreign", set()),
    ("organization:x", set()),
    ("organization", set()),
    ("post:0", set()),
    ("post:-1", set()),
    ("post:x", set()),
    ("post:", set()),
    ("post", set()),
    ("post:99999999999999999999999", set()),
    ("feed:x", set()),
    ("me:1", set()),
]

# No such kind: "unknown_topic". `control` is realtime's own and looks like nothing.
UNKNOWN: Final = ["control", "control:1", "nothing", "", "POST:1", "posts:1", "huiji:feed", "presence:1"]
