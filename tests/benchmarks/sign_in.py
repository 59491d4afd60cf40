"""``python -m tests.benchmarks.sign_in N FILE``: signs N members of huiji in and writes their cookies, one a line."""

from __future__ import annotations

import sys
from pathlib import Path

import django


def main() -> None:
    django.setup()
    from django.conf import settings

    from dangjian.identity.sessions import SessionStore
    from dangjian.organizations.models import Member
    from tenants import registry
    from tenants.context import in_district

    count, target = int(sys.argv[1]), Path(sys.argv[2])
    with in_district(registry.district("huiji")):
        members = (
            Member.objects.select_related("user")
            .filter(user__must_change_password=False)
            .order_by("id")[:count]
        )
        lines = [f"{settings.SESSION_COOKIE_NAME}={SessionStore.for_user(member.user)}" for member in members]
    if len(lines) < count:
        raise SystemExit(f"only {len(lines)} members, {count} are needed")
    target.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
