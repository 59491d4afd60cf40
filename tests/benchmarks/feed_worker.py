"""One side of the feed benchmark: answers rounds given on standard input, on a database that `prepare` filled.

``python -m tests.benchmarks.feed_worker`` under either settings module. A round is a JSON line
``{"cached": true, "requests": 40}``; the answer holds seconds, CPU seconds and statements a request.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import django


def main() -> None:
    django.setup()
    from django.conf import settings
    from django.core.cache import cache
    from django.db import connection
    from django.test import Client

    from dangjian.identity.sessions import SessionStore
    from dangjian.organizations.models import Member
    from tenants.context import in_district
    from tests.benchmarks.prepare import the_district

    district = the_district()
    with in_district(district):
        reader = (
            Member.objects.select_related("user").filter(user__must_change_password=False).order_by("id")[5]
        )
        session = SessionStore.for_user(reader.user)

    client = Client(HTTP_HOST="huiji.localhost")
    client.cookies[settings.SESSION_COOKIE_NAME] = session
    statements = 0

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal statements
        statements += not str(sql).startswith("SET search_path")
        return execute(sql, params, many, context)

    def request() -> None:
        response = client.get("/feed/")
        if response.status_code != 200:
            raise SystemExit(f"the feed answered {response.status_code}")

    def clear() -> None:
        with in_district(district):
            cache.clear()

    request()
    print(json.dumps("ready"), flush=True)
    with connection.execute_wrapper(count):
        for line in sys.stdin:
            order = json.loads(line)
            request()
            statements = 0
            seconds = cpu = 0.0
            for _ in range(order["requests"]):
                if not order["cached"]:
                    clear()
                wall, used = time.perf_counter(), time.process_time()
                request()
                seconds += time.perf_counter() - wall
                cpu += time.process_time() - used
            print(
                json.dumps(
                    {
                        "seconds": seconds / order["requests"],
                        "cpu": cpu / order["requests"],
                        "statements": statements / order["requests"],
                    }
                ),
                flush=True,
            )


if __name__ == "__main__":
    main()
