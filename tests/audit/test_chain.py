"""The chain: sealed in order, and whatever is done to it is found."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections

from dangjian.audit import chain
from dangjian.audit.models import AuditRow
from dangjian.audit.services import record
from realtime import outbox
from tenants.context import in_district, in_registry
from tenants.models import Anchor


def write(district: Any, *reasons: str) -> None:
    with in_district(district):
        for reason in reasons:
            with outbox.atomic():
                record(
                    action="password.reset",
                    actor=district.officer,
                    object_kind="user",
                    object_id=7,
                    object_name="买买提·艾力江",
                    reason=reason,
                    detail={"figure": 1.10, "list": [1, "𠮷"]},
                )


def seal(district: Any, until: str = "") -> int:
    """Seal once the row with that reason (the last one written) can be: another suite on the same PostgreSQL may
    hold a transaction open that is older than ours."""
    with in_district(district):
        rows = AuditRow.objects.filter(reason=until) if until else AuditRow.objects.all()
        last = rows.order_by("-transaction").first()
        for _ in range(1200):
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
                if last is None or last.transaction < cursor.fetchone()[0]:
                    break
            time.sleep(0.05)
        return chain.seal()


def tamper(district: Any, statement: str) -> None:
    """As somebody would who can write to the database."""
    with in_district(district), connection.cursor() as cursor:
        cursor.execute(statement)


def sealed(district: Any) -> list[tuple[int, str]]:
    with in_district(district):
        rows = AuditRow.objects.filter(sequence__isnull=False).order_by("sequence")
        return [(row.sequence, row.reason) for row in rows]


@pytest.fixture
def whole(mengjin) -> Any:
    """A district with six sealed and anchored rows."""
    write(mengjin, "一", "二", "三", "四", "五", "六")
    assert seal(mengjin) == 6
    assert faults(mengjin) == []
    return mengjin


def faults(district: Any) -> list[tuple[str, int]]:
    with in_district(district):
        return [(fault.kind, fault.sequence) for fault in chain.verify().faults]


def test_rows_are_sealed_in_order_and_the_head_is_anchored_outside(mengjin) -> None:
    write(mengjin, "一", "二", "三")
    assert seal(mengjin) == 3
    assert seal(mengjin) == 0
    write(mengjin, "四")
    assert seal(mengjin) == 1
    with in_district(mengjin):
        report = chain.verify()
        head = AuditRow.objects.get(sequence=4)
    assert sealed(mengjin) == [(1, "一"), (2, "二"), (3, "三"), (4, "四")]
    assert (report.rows, report.unsealed, report.faults) == (4, 0, [])
    with in_registry():
        anchor = Anchor.objects.get(district_id=mengjin.pk)
    assert (anchor.sequence, anchor.digest) == (4, head.digest)


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE audit_auditrow SET reason = '另一个' WHERE sequence = 3", [("edited", 3)]),
        ("UPDATE audit_auditrow SET actor_name = '别人' WHERE sequence = 6", [("edited", 6)]),
        ("UPDATE audit_auditrow SET detail = detail || '{\"x\": 1}' WHERE sequence = 1", [("edited", 1)]),
        ("UPDATE audit_auditrow SET at = at + interval '1 microsecond' WHERE sequence = 2", [("edited", 2)]),
        ("DELETE FROM audit_auditrow WHERE sequence = 3", [("missing", 4)]),
        ("DELETE FROM audit_auditrow WHERE sequence = 1", [("missing", 2)]),
        ("DELETE FROM audit_auditrow WHERE sequence > 4", [("truncated", 6)]),
        ("DELETE FROM audit_auditrow", [("truncated", 6)]),
    ],
)
def test_what_was_done_to_it_is_found(whole, statement, found) -> None:
    tamper(whole, statement)
    assert faults(whole) == found


def test_rows_that_changed_places_are_found(whole) -> None:
    tamper(whole, "UPDATE audit_auditrow SET sequence = 30 WHERE sequence = 3")
    tamper(whole, "UPDATE audit_auditrow SET sequence = 3 WHERE sequence = 4")
    tamper(whole, "UPDATE audit_auditrow SET sequence = 4 WHERE sequence = 30")
    assert faults(whole) == [("reordered", 3), ("reordered", 4), ("reordered", 5)]


def test_a_hole_closed_by_renumbering_is_found(whole) -> None:
    tamper(whole, "DELETE FROM audit_auditrow WHERE sequence = 3")
    for sequence in (4, 5, 6):
        tamper(whole, f"UPDATE audit_auditrow SET sequence = {sequence - 1} WHERE sequence = {sequence}")
    assert faults(whole) == [("reordered", 3), ("truncated", 6)]


def test_a_chain_computed_anew_does_not_match_its_anchor(whole) -> None:
    with in_district(whole):
        rows = chain._rows.all().order_by("sequence")
        previous = chain.GENESIS
        for row in rows:
            row.reason = "全都改了"
            row.previous, row.digest = previous, chain.digest(row, previous)
            previous = row.digest
        rows.bulk_update(rows, ["reason", "previous", "digest"])
    assert faults(whole) == [("replaced", 6)]


def test_sealing_does_not_go_on_over_a_broken_end(whole) -> None:
    tamper(whole, "DELETE FROM audit_auditrow WHERE sequence > 4")
    write(whole, "七")
    with in_district(whole), pytest.raises(chain.Broken):
        chain.seal()
    assert faults(whole) == [("truncated", 6)]


def test_a_row_of_a_long_transaction_is_sealed_later_and_in_its_place(mengjin) -> None:
    """Its row was written first and is committed last: what came after it waits with it."""
    written, go_on = threading.Event(), threading.Event()

    def long_transaction() -> None:
        with in_district(mengjin), outbox.atomic():
            record(action="password.reset", actor=None, reason="长")
            written.set()
            assert go_on.wait(30)
        connections.close_all()

    write(mengjin, "先")
    thread = threading.Thread(target=long_transaction)
    thread.start()
    try:
        assert written.wait(30)
        write(mengjin, "后")
        assert seal(mengjin, until="先") == 1
    finally:
        go_on.set()
        thread.join()
    assert sealed(mengjin) == [(1, "先")]
    assert seal(mengjin) == 2
    assert faults(mengjin) == []
    assert sealed(mengjin) == [(1, "先"), (2, "长"), (3, "后")]


def test_rows_of_a_restored_backup_are_sealed_too(mengjin) -> None:
    """Written in a cluster whose transactions were counted further than ours."""
    write(mengjin, "一", "二")
    tamper(mengjin, "UPDATE audit_auditrow SET transaction = transaction + 4000000000 WHERE reason = '一'")
    assert seal(mengjin, until="二") == 2
    assert faults(mengjin) == []
    assert sealed(mengjin) == [(1, "二"), (2, "一")]


def test_sealing_stopped_before_it_anchored_anchors_with_the_next_run(whole) -> None:
    with in_district(whole):
        fourth = AuditRow.objects.get(sequence=4)
    with in_registry():
        Anchor.objects.filter(district_id=whole.pk).update(sequence=4, digest=fourth.digest)
    assert seal(whole) == 0
    with in_registry():
        assert Anchor.objects.get(district_id=whole.pk).sequence == 6


def test_two_who_seal_at_once_make_one_chain(mengjin) -> None:
    write(mengjin, *(str(number) for number in range(40)))
    done: list[int] = []

    def work() -> None:
        done.append(seal(mengjin))
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(done) == 40
    assert [sequence for sequence, _ in sealed(mengjin)] == list(range(1, 41))
    assert faults(mengjin) == []


def test_the_command_says_what_it_found(whole) -> None:
    said = StringIO()
    call_command("audit", "verify", "mengjin", stdout=said)
    assert said.getvalue().startswith("mengjin: whole, 6 sealed, 0 waiting")
    tamper(whole, "UPDATE audit_auditrow SET reason = '改' WHERE sequence = 2")
    with pytest.raises(CommandError, match="Tampered with: mengjin"):
        call_command("audit", "verify", stdout=said)
    assert "edited at 2: row" in said.getvalue()
    with pytest.raises(CommandError, match="no district 'nowhere'"):
        call_command("audit", "verify", "nowhere")


def test_a_walk_over_no_rows() -> None:
    assert chain.faults_of([], None) == ([], 0, chain.Head(0, chain.GENESIS))
    found, _, _ = chain.faults_of([], chain.Head(2, "a" * 64))
    assert [fault.kind for fault in found] == ["truncated"]


def test_an_anchored_row_that_is_gone_from_the_middle_is_missing_not_truncated() -> None:
    def row(sequence: int, previous: str) -> SimpleNamespace:
        made = SimpleNamespace(
            sequence=sequence,
            previous=previous,
            at=datetime(2026, 7, 1, tzinfo=UTC),
            **dict.fromkeys(chain._HASHED, ""),
        )
        made.id = sequence
        made.digest = chain.digest(made, previous)
        return made

    first = row(1, chain.GENESIS)
    second = row(2, first.digest)
    third = row(3, second.digest)
    found, count, head = chain.faults_of([first, third], chain.Head(2, second.digest))
    assert ([fault.kind for fault in found], count, head.sequence) == (["missing"], 2, 3)
