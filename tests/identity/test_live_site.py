"""What realtime is told: whose host, whose cookie, and whether it still stands."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from dangjian.config.live import OVERDUE, site
from dangjian.identity import services, tasks
from dangjian.identity.models import Session, User, grace
from dangjian.identity.sessions import SessionStore
from realtime.hooks import Viewer
from realtime.models import Event
from tenants import lifecycle
from tenants.context import NoDistrict, in_district, in_registry
from tenants.models import District
from tests.cast import HOSTS


def scope(host: str, key: str = "") -> dict[str, object]:
    headers = [(b"host", host.encode())]
    if key:
        headers.append((b"cookie", f"other=1; {settings.SESSION_COOKIE_NAME}={key}".encode()))
    return {"type": "websocket", "headers": headers}


def test_a_host_names_its_district_while_that_is_open(world) -> None:
    assert site.partition(scope(f"{HOSTS['huiji']}:8000")) == "huiji"
    assert site.partition(scope(HOSTS["centre"])) == "centre"
    assert site.partition(scope("evil.example")) is None
    assert site.partition({"type": "websocket", "headers": []}) is None
    lifecycle.suspend_district(world.luoyang, reason="演练")
    assert site.partition(scope(HOSTS["luoyang"])) is None
    with in_district(world.luoyang):
        assert Event.objects.get(topic="control").kind == "partition.ended"


def test_work_runs_with_the_districts_data_within_reach(world) -> None:
    def where(extra: int) -> tuple[str, str, int]:
        return site.current(), site.database(), extra

    assert site.run("luoyang", where, 3) == ("luoyang", "default", 3)
    with pytest.raises(NoDistrict):
        site.current()
    with pytest.raises(LookupError):
        site.run("nowhere", where, 3)


def test_a_cookie_speaks_for_its_owner_in_its_own_district(world, django_assert_num_queries) -> None:
    with in_district(world.huiji):
        key = SessionStore.for_user(world.wangfang.user)
        expected = Viewer(world.wangfang.user.pk, key, 1)
        other = SessionStore.for_user(world.liqiang.user)
        asked = [
            scope(HOSTS["huiji"], key),
            scope(HOSTS["huiji"]),
            scope(HOSTS["huiji"], "\x00" * 32),
            scope(HOSTS["huiji"], other),
            scope(HOSTS["huiji"], key),
        ]
        with django_assert_num_queries(1):
            found = site.authenticate(asked)
        assert found == [expected, None, None, Viewer(world.liqiang.user.pk, other, 1), expected]
        User.objects.filter(pk=world.wangfang.user.pk).update(must_change_password=True)
        assert site.authenticate([scope(HOSTS["huiji"], key)]) == [None]
    with in_district(world.luoyang):
        assert site.authenticate([scope(HOSTS["luoyang"], other)]) == [None]


def test_who_still_stands_is_one_query_whatever_their_number(world, django_assert_num_queries) -> None:
    with in_district(world.huiji):
        users = {name: getattr(world, name).user for name in ("wangfang", "liqiang", "zhoujie", "liuna")}
        viewers = {
            name: Viewer(user.pk, SessionStore.for_user(user), user.session_epoch)
            for name, user in users.items()
        }
        unknown = Viewer(users["liuna"].pk, "b" * 32, 1)
        stale = Viewer(users["liuna"].pk, viewers["liuna"].session, 0)
        asked = [*viewers.values(), unknown, stale]
        assert site.still_valid(asked) == set(viewers.values())

        services.deactivate(user=users["wangfang"], actor=world.zhangwei.user, reason="")
        Session.objects.filter(user=users["liqiang"]).update(
            expire_date=timezone.now() - timedelta(seconds=1)
        )
        User.objects.filter(pk=users["zhoujie"].pk).update(session_epoch=2)
        with django_assert_num_queries(1):
            assert site.still_valid(asked) == {viewers["liuna"]}
        assert site.still_valid([]) == set()


def test_an_overdue_session_opens_a_socket_within_its_grace_and_is_asked_about(world, monkeypatch) -> None:
    """As with join tickets (decision 21): what is known is believed at once, and the asking happens behind it."""
    asked: list[list[int]] = []
    monkeypatch.setattr(tasks, "confirm_soon", lambda ids: asked.append(list(ids)))
    with in_district(world.huiji):
        user = world.wangfang.user
        key = SessionStore.for_user(user)
        row, viewer = Session.objects.filter(session_key=key), Viewer(user.pk, key, user.session_epoch)
        pk, now = row.get().pk, timezone.now()
        cases = [
            (timedelta(minutes=4), [viewer], []),  # not due yet
            (timedelta(seconds=-30), [viewer], []),  # due, and the page's next request will ask
            (-OVERDUE - timedelta(seconds=5), [viewer], [pk]),
            (timedelta(seconds=5) - grace(), [viewer], [pk]),
            (timedelta(seconds=-5) - grace(), [None], []),  # unconfirmed for longer than the grace: nobody
        ]
        for until, found, queued in cases:
            row.update(confirmed_until=now + until)
            for known in (site.authenticate([scope(HOSTS["huiji"], key)]), site.still_valid([viewer])):
                assert list(known) == [each for each in found if each or isinstance(known, list)]
                assert asked.pop() == queued


def test_nobody_stands_in_a_suspended_district(world) -> None:
    with in_district(world.huiji):
        viewer = Viewer(world.wangfang.user.pk, SessionStore.for_user(world.wangfang.user), 1)
    with in_registry():
        District.objects.filter(pk=world.huiji.pk).update(state="suspended")
    assert site.run("huiji", site.still_valid, [viewer]) == set()
