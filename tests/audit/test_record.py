"""A row of the log: written with the act, never changed."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from dangjian.audit import actions
from dangjian.audit.models import AppendOnly, AuditRow
from dangjian.audit.services import record
from realtime import outbox
from tenants.context import NoDistrict, in_district


def test_it_stands_or_falls_with_the_act(world) -> None:
    with in_district(world.huiji):
        with outbox.atomic(), transaction.atomic():
            record(action="password.reset", actor=world.zhangwei.user)
            transaction.set_rollback(True)
        assert not AuditRow.objects.exists()
        with outbox.atomic():
            record(
                action="password.reset",
                actor=world.zhangwei.user,
                object_kind="user",
                object_id=world.liqiang.user.pk,
                object_name="李强",
                reason="忘记密码",
                detail={"by": "phone"},
            )
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_current_xact_id()::text::bigint")
                current = cursor.fetchone()[0]
        row = AuditRow.objects.get()
    assert row.transaction == current
    assert (row.actor_id, row.actor_name) == (world.zhangwei.user.pk, "张伟")
    assert (row.object_kind, row.object_name, row.reason) == ("user", "李强", "忘记密码")
    assert row.detail == {"by": "phone"}
    assert (row.sequence, row.digest) == (None, "")


def test_it_cannot_be_written_outside_a_transaction_or_a_district(mengjin) -> None:
    with in_district(mengjin), pytest.raises(transaction.TransactionManagementError):
        record(action="password.reset", actor=mengjin.officer)
    with pytest.raises(NoDistrict):
        record(action="password.reset", actor=None)


def test_the_actor_is_an_account_not_a_member_whose_number_is_another(world) -> None:
    with in_district(world.huiji), outbox.atomic():
        with pytest.raises(TypeError, match=r"organizations\.Member"):
            record(action="password.reset", actor=world.zhangwei)


def test_it_is_never_changed(world) -> None:
    with in_district(world.huiji):
        with outbox.atomic():
            row = record(action="password.reset", actor=None)
        row.reason = "better"
        for act in (
            row.save,
            row.delete,
            AuditRow.objects.all().delete,
            lambda: AuditRow.objects.update(reason="better"),
            lambda: AuditRow.objects.bulk_update([row], ["reason"]),
            lambda: AuditRow.objects.update_or_create(pk=row.pk, defaults={"reason": "better"}),
        ):
            with pytest.raises(AppendOnly):
                act()
        assert AuditRow.objects.get().reason == ""


def test_an_action_has_words() -> None:
    assert actions.label("password.reset") == "重置密码"
    assert actions.label("nobody.named_it") == "nobody.named_it"
    assert actions.labels()["account.deactivate"] == "停用账号"
