"""``python -m dangjian.local.district`` (``make district NAME=新郑市``): a new district in the running demo."""

from __future__ import annotations

import os
import re
import sys

from dangjian.local import keycloak
from dangjian.local.process import CannotStart
from dangjian.local.progress import say
from dangjian.local.state import State

_KIND_OF_PLACE = re.compile(r"(?<=..)(?:市|区|县|旗)$")
_LONGEST_SLUG = 40


def slug_of(name: str) -> str:
    """What stands for `name` in hosts and schemas: its pinyin without the kind of place (新郑市: xinzheng).

    Raises:
        CannotStart: nothing of it can stand in a host.
    """
    from pypinyin import lazy_pinyin

    spelt = "".join(lazy_pinyin(_KIND_OF_PLACE.sub("", name.strip()), errors="default")).lower()
    slug = re.sub(r"[^a-z0-9]", "", spelt).lstrip("0123456789")[:_LONGEST_SLUG]
    if len(slug) < 2:
        raise CannotStart(
            f"NAME={name} gives no address: name the district, for example  make district NAME=新郑市."
        )
    return slug


def open_district(name: str) -> None:
    """Open the district in the running demo and show its address and first account.

    Raises:
        CannotStart: there is no name, no running demo, or already such a district.
    """
    if not name.strip():
        raise CannotStart("Which district? For example  make district NAME=新郑市.")
    slug = slug_of(name)
    os.environ.update(State.of_checkout().environment())
    os.environ.setdefault("LOG_LEVEL", "WARNING")  # the steps are for the log of a deployment
    port = os.environ["DEMO_PORT"]
    import django
    from django.core.management import CommandError, call_command

    django.setup()
    from tenants import registry
    from tenants.models import DistrictState

    for district in registry.all_districts():
        if district.schema_name == slug and district.state != DistrictState.PROVISIONING:
            raise CannotStart(
                f"{district.name} is there already: http://{slug}.localhost:{port}/. Choose another NAME."
            )
    state = State.of_checkout()
    if state.keycloak.exists():
        keycloak.know(state.keycloak, f"{slug}.localhost")
    try:
        call_command(
            "create_district",
            slug,
            name=name.strip(),
            host=[f"{slug}.localhost"],
            officer="officer",
            officer_name=f"{name.strip()}管理员",
        )
    except CommandError as error:
        raise CannotStart(str(error)) from None
    say(f"Sign in at  http://{slug}.localhost:{port}/")


def main() -> int:
    """0 when the district is open, 1 with a sentence when not."""
    try:
        open_district(os.environ.get("NAME", ""))
    except CannotStart as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
