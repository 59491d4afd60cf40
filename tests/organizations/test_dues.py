"""党费: what is owed, the sheet, the ledger that only grows, and sums that agree with it."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum
from django.utils import timezone, translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dangjian.api.problems import Problem
from dangjian.audit.models import AuditRow
from dangjian.identity.models import User
from dangjian.organizations import services as people
from dangjian.organizations import timeline
from dangjian.organizations.dues import access, judgement, queries, services
from dangjian.organizations.dues.judgement import Basis
from dangjian.organizations.dues.models import DuesBasis, DuesCharge, DuesPayment, DuesSheet
from dangjian.organizations.dues.services import Entry
from dangjian.organizations.models import Member, Membership, Post, PostHeld
from dangjian.rules.book import book
from dangjian.rules.months import add_months
from realtime.models import Event
from tenants import lifecycle
from tenants.context import in_district
from tests.contract.test_permissions import undone
from tests.organizations.conftest import Budget
from tests.tenants.conftest import fresh, live  # noqa: F401  (fixtures)

ClientOf = Callable[..., Any]
D = Decimal


def this() -> date:
    return timezone.localdate().replace(day=1)


def enter(world: SimpleNamespace, month: date | None = None, **more: Any) -> DuesSheet:
    month = month or this()
    sheet = DuesSheet.objects.filter(branch=world.huiji_orgs.grid3, month=month).first()
    given = {
        "actor": world.wangfang, "branch": world.huiji_orgs.grid3, "month": month,
        "version": sheet.version if sheet else 0, "entries": {},
    } | more  # fmt: skip
    return services.enter(**given)


def earn(member: Member, base: str | None, kind: str = "wage", **more: Any) -> None:
    DuesBasis.objects.create(
        member=member, since=date(2020, 1, 1), kind=kind, base=D(base) if base else None, **more
    )


def refusal(run: Callable[[], Any]) -> tuple[int, str, str]:
    with pytest.raises(Problem) as caught:
        run()
    problem = caught.value
    first = problem.errors[0] if problem.errors else None
    return problem.status, first.code if first else problem.code, first.pointer if first else ""


@pytest.mark.parametrize(
    ("basis", "amount", "rate"),
    [
        (Basis("wage", D("3000.00")), "15.00", "0.005"),
        (Basis("wage", D("3000.01")), "30.00", "0.01"),
        (Basis("wage", D("5555.55")), "83.33", "0.015"),  # 83.33325
        (Basis("wage", D("3333.50")), "33.34", "0.01"),  # half a fen upward
        (Basis("wage", D("20000.00")), "400.00", "0.02"),
        (Basis("retired", D("5000.00")), "25.00", "0.005"),
        (Basis("retired", D("5000.01")), "50.00", "0.01"),
        (Basis("farmer"), "0.20", None),
        (Basis("farmer", agreed=D("0.50")), "0.50", None),
        (Basis("farmer", agreed=D("9.00")), "1.00", None),
        (Basis("student"), "0.20", None),
        (Basis("wage"), None, None),
        (Basis(), None, None),
        (Basis("wage", D("5000.00"), relief="exempt"), "0.00", None),
        (Basis("wage", D("5000.00"), D("10.00"), "reduced"), "10.00", None),
        (Basis("wage", D("1000.00"), D("10.00"), "reduced"), "5.00", None),
    ],
)
def test_what_is_owed(basis: Basis, amount: str | None, rate: str | None) -> None:
    found = judgement.owed(book(), basis, date(2026, 11, 1))
    assert found.amount == (D(amount) if amount else None)
    assert found.rate == (D(rate) if rate else None)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("12.5", "12.50"), ("１２．５０", "12.50"), (" ¥1,200 ", "1200.00"), ("", None), ("0", "0.00")],
)
def test_amounts_as_people_type_them(typed: str, meant: str | None) -> None:
    assert judgement.amount_of(typed) == (D(meant) if meant else None)


@pytest.mark.parametrize("typed", ["x", "-1", "1.234", "1e3", "100000", "1..2", "NaN", "٣"])
def test_what_is_no_amount(typed: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        judgement.amount_of(typed)


def test_when_to_talk() -> None:
    assert not judgement.is_overdue(book(), date(2026, 1, 1), date(2026, 8, 1))
    assert judgement.is_overdue(book(), date(2026, 1, 1), date(2026, 8, 2))


def test_a_month_from_first_entry_to_confirmation(inside: SimpleNamespace) -> None:
    earn(inside.wangfang, "5200.00")
    inside.liqiang.employment = "wage"
    inside.liqiang.save()
    month = this()
    enter(inside, entries={inside.liqiang.pk: Entry(base=D("4000.00"), received=D("40.00"))})
    lines = {line.member.name: line for line in queries.lines(book(), inside.huiji_orgs.grid3, month)}
    assert (lines["李强"].amount, lines["李强"].paid, lines["王芳"].missing) == (
        D("40.00"),
        D("40.00"),
        D("78.00"),
    )
    sheet = enter(inside, everybody_paid=True, confirm=True, way="transfer")
    assert sheet.confirmed_by == inside.wangfang
    assert DuesPayment.objects.get(charge__member=inside.wangfang).amount == D("78.00")
    assert queries.arrears(inside.huiji_orgs.grid3) == []
    actions = AuditRow.objects.filter(action__startswith="dues.").order_by("at", "id")
    assert [(row.action, row.detail["received"]) for row in actions] == [
        ("dues.enter", "40.00"),
        ("dues.confirm", "78.00"),
    ]
    told = Event.objects.filter(kind="dues.changed", data__version=2).values_list("topic", flat=True)
    orgs = inside.huiji_orgs
    assert set(told) == {f"organization:{each.pk}" for each in (orgs.root, orgs.xincheng, orgs.grid3)}
    assert refusal(lambda: enter(inside, confirm=True))[:2] == (409, "confirmed_already")


def test_a_month_is_not_confirmed_without_every_base(inside: SimpleNamespace) -> None:
    earn(inside.wangfang, "5200.00")
    status, code, pointer = refusal(lambda: enter(inside, everybody_paid=True, confirm=True))
    assert (status, code, pointer) == (422, "base_missing", f"/entries/{inside.liqiang.pk}/base")
    assert not DuesCharge.objects.exists()


def test_what_is_confirmed_stands(inside: SimpleNamespace) -> None:
    earn(inside.wangfang, "5200.00")
    earn(inside.liqiang, "3000.00")
    month = this()
    enter(inside, confirm=True, entries={inside.wangfang.pk: Entry(received=D("78.00"))})
    late = {inside.liqiang.pk: Entry(base=D("9000.00"))}
    assert refusal(lambda: enter(inside, entries=late))[1] == "confirmed"
    change = {
        "actor": inside.wangfang,
        "member": inside.liqiang,
        "kind": "wage",
        "base": D(9000),
        "reason": "涨工资",
    }
    assert refusal(lambda: services.set_basis(since=month, **change))[1] == "confirmed"
    services.set_basis(since=judgement.next_month(month), **change)
    [open_one] = queries.arrears(inside.huiji_orgs.grid3)
    assert (open_one.member, open_one.amount) == (inside.liqiang, D("15.00"))
    enter(inside, entries={inside.liqiang.pk: Entry(received=D("15.00"))})
    assert queries.arrears(inside.huiji_orgs.grid3) == []


def test_who_comes_onto_a_confirmed_sheet_owes_too(inside: SimpleNamespace) -> None:
    earn(inside.wangfang, "5200.00")
    earn(inside.liqiang, "3000.00")
    enter(inside, everybody_paid=True, confirm=True)
    Member.objects.filter(pk=inside.liuna.pk).update(branch=inside.huiji_orgs.grid3)
    Membership.objects.filter(member=inside.liuna).update(branch=inside.huiji_orgs.grid3)
    more = {inside.wangfang.pk: Entry(received=D("1.00"))}
    enter(inside, entries=more)
    assert queries.arrears(inside.huiji_orgs.grid3) == []
    earn(inside.liuna, "3000.00")
    enter(inside, entries=more)
    assert [row.member for row in queries.arrears(inside.huiji_orgs.grid3)] == [inside.liuna]


def test_fifty_bases_cost_as_much_as_one(inside: SimpleNamespace, budget: Budget) -> None:
    people_of = [inside.liqiang, inside.wangfang]
    for number in range(30):
        user = User.objects.create(username=f"b{number}", name=f"乙{number}")
        people_of.append(
            Member.objects.create(
                user=user, branch=inside.huiji_orgs.grid3, name=f"乙{number}", pinyin="yi", initials="y"
            )
        )
    Member.objects.update(employment="wage")
    with budget(19):
        enter(inside, entries={member.pk: Entry(base=D("4000.00")) for member in people_of})
    assert queries.summed(queries.lines(book(), inside.huiji_orgs.grid3, this())).due == D("1280.00")


def test_bases_are_as_of_the_month(inside: SimpleNamespace) -> None:
    change = {"actor": inside.wangfang, "member": inside.liqiang, "reason": "核定"}
    months = [add_months(this(), -number) for number in (6, 3)]
    services.set_basis(since=months[0], kind="wage", base=D(3000), **change)
    services.set_basis(since=months[1], kind="retired", base=D(4000), **change)
    assert (
        refusal(lambda: services.set_basis(since=months[0], kind="student", **change))[1]
        == "before_last_change"
    )
    found = [
        queries.bases_of([inside.liqiang.pk], month).get(inside.liqiang.pk)
        for month in (add_months(months[0], -1), months[0], months[1], this())
    ]
    assert found == [None, Basis("wage", D(3000)), Basis("retired", D(4000)), Basis("retired", D(4000))]
    with pytest.raises(IntegrityError), transaction.atomic():
        DuesBasis.objects.create(member=inside.liqiang, since=months[0], until=months[1], kind="wage")


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"kind": "sailor"}, "unknown"),
        ({"kind": "wage"}, "required"),
        ({"kind": "farmer", "agreed": D("1.50")}, "outside"),
        ({"kind": "wage", "base": D(5000), "relief": "reduced"}, "required"),
        ({"kind": "wage", "base": D(5000), "relief": "exempt", "document": " "}, "required"),
        ({"kind": "student", "reason": " "}, "required"),
        ({"kind": "student", "since": date(2010, 1, 1)}, "out_of_range"),
    ],
)
def test_what_dues_cannot_follow_from(inside: SimpleNamespace, more: dict[str, Any], code: str) -> None:
    given = {"actor": inside.wangfang, "member": inside.liqiang, "since": this(), "reason": "核定"} | more
    assert refusal(lambda: services.set_basis(**given))[:2] == (422, code)


def test_a_mistake_is_answered_never_erased(inside: SimpleNamespace) -> None:
    earn(inside.wangfang, "5200.00")
    earn(inside.liqiang, "3000.00")
    enter(inside, entries={inside.liqiang.pk: Entry(received=D("150.00"))})
    wrong = DuesPayment.objects.get()
    made = services.reverse(actor=inside.wangfang, payment=wrong, reason="多写了一个零")
    assert (made.amount, made.reverses) == (D("-150.00"), wrong)
    charge = DuesCharge.objects.get(member=inside.liqiang)
    assert (charge.paid, charge.payments.count()) == (D("0.00"), 2)
    assert refusal(lambda: services.reverse(actor=inside.wangfang, payment=wrong, reason="再来"))[:2] == (
        409,
        "reversed_already",
    )
    assert (
        refusal(lambda: services.reverse(actor=inside.wangfang, payment=made, reason="再来"))[1]
        == "counter_entry"
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        DuesPayment.objects.create(
            charge=charge, amount=D("-1"), way="cash", received_on=this(), by=inside.wangfang
        )


def test_two_who_enter_at_once_do_not_enter_twice(inside: SimpleNamespace) -> None:
    earn(inside.liqiang, "3000.00")
    paid = {inside.liqiang.pk: Entry(received=D("15.00"))}
    enter(inside, entries=paid)
    assert refusal(lambda: enter(inside, entries=paid, version=0))[:2] == (409, "changed_meanwhile")
    assert DuesPayment.objects.count() == 1


def test_who_keeps_dues(inside: SimpleNamespace) -> None:
    grid3 = inside.huiji_orgs.grid3
    assert [
        access.keeps(who, grid3) for who in (inside.wangfang, inside.zhangwei, inside.liqiang, inside.liuna)
    ] == [
        True,
        True,
        False,
        False,
    ]
    PostHeld.objects.create(member=inside.liqiang, organization=grid3, post=Post.ORGANIZATION)
    assert access.keeps(Member.objects.get(pk=inside.liqiang.pk), grid3)
    assert not access.keeps(inside.wangfang, inside.huiji_orgs.grid4)
    entries = {inside.zhoujie.pk: Entry(received=D("1.00"))}
    assert refusal(lambda: enter(inside, entries=entries))[:2] == (422, "elsewhere")
    assert refusal(lambda: enter(inside, actor=inside.zhoujie))[:2] == (404, "not_found")
    assert refusal(lambda: enter(inside))[:2] == (422, "nothing")
    tomorrow = timezone.localdate() + timedelta(days=1)
    assert refusal(lambda: enter(inside, everybody_paid=True, received_on=tomorrow))[1] == "in_future"


def test_who_moves_in_a_month_pays_where_it_began(inside: SimpleNamespace) -> None:
    orgs = inside.huiji_orgs
    Membership.objects.filter(member=inside.liqiang).update(since=date(2020, 1, 1))
    month = add_months(this(), -1)
    people.move_member(
        actor=inside.zhangwei,
        member=inside.liqiang,
        branch=orgs.grid4,
        reason="搬家",
        since=month.replace(day=12),
    )
    assert inside.liqiang in queries.owing(orgs.grid3, month)
    assert inside.liqiang not in queries.owing(orgs.grid4, month)
    assert inside.liqiang in queries.owing(orgs.grid4, this())
    assert inside.liqiang not in queries.owing(orgs.grid3, this())
    Membership.objects.filter(member=inside.zhoujie).update(since=this().replace(day=1))
    assert inside.zhoujie in queries.owing(orgs.sunzhuang, this())
    assert inside.zhoujie not in queries.owing(orgs.sunzhuang, month)


steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("enter"),
            st.sampled_from(("liqiang", "wangfang")),
            st.decimals(D("0.01"), D("99.99"), places=2),
            st.integers(0, 3),
        ),
        st.tuples(st.just("reverse"), st.just(""), st.just(D(0)), st.integers(0, 9)),
        st.tuples(st.sampled_from(("all", "confirm")), st.just(""), st.just(D(0)), st.integers(0, 3)),
    ),
    max_size=12,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_sums_agree_with_the_ledger(world: SimpleNamespace, done: list[tuple[Any, ...]]) -> None:
    """Whatever is entered, reversed and confirmed: paid is the ledger's sum, and totals are the sheets'."""
    with in_district(world.huiji), undone():
        earn(world.wangfang, "5200.00")
        earn(world.liqiang, "3000.00")
        for what, name, amount, number in done:
            month = add_months(this(), -number % 4)
            try:
                if what == "enter":
                    enter(world, month, entries={getattr(world, name).pk: Entry(received=amount)})
                elif what == "reverse":
                    payments = list(DuesPayment.objects.order_by("at", "id"))
                    if payments:
                        wrong = payments[number % len(payments)]
                        services.reverse(actor=world.wangfang, payment=wrong, reason="记错")
                else:
                    enter(world, month, everybody_paid=what == "all", confirm=what == "confirm")
            except Problem:
                continue
        for charge in DuesCharge.objects.all():
            assert charge.paid == (charge.payments.aggregate(sum=Sum("amount"))["sum"] or 0) >= 0
        orgs = world.huiji_orgs
        branches = {orgs.grid3.pk, orgs.grid4.pk}
        first = add_months(this(), -3)
        found = queries.totals(first, this(), branches)
        tree = timeline.tree(timezone.localdate())
        rolled = queries.rolled_up(tree, found, branches)
        everything = DuesCharge.objects.aggregate(due=Sum("amount"), paid=Sum("paid"))
        for above in (orgs.root, orgs.xincheng, orgs.grid3):
            assert rolled[above.pk][0].due == (everything["due"] or 0)
            assert rolled[above.pk][0].paid == (everything["paid"] or 0)
        assert rolled[orgs.guxing.pk][0].due == 0
        assert rolled[orgs.xincheng.pk][1] == DuesSheet.objects.exclude(confirmed_at=None).count()


def test_at_once_nothing_is_entered_twice_and_nobody_waits_in_a_circle(
    fresh: Callable[..., dict[str, Any]],  # noqa: F811
) -> None:
    """Two who enter the same payment and one who takes an earlier one back, on real connections."""
    district = lifecycle.create_district(
        **fresh("collecting"), options={"officer_username": "first", "officer_name": "甲"}
    )
    with in_district(district):
        keeper = Member.objects.select_related("user", "branch").get()
        earn(keeper, "5000.00")
        given = {"actor": keeper, "branch": keeper.branch, "month": this()}
        services.enter(version=0, entries={keeper.pk: Entry(received=D(10))}, **given)
        earlier = DuesPayment.objects.get()
    start, answers = threading.Barrier(3), []

    def run(act: Callable[[], Any]) -> None:
        try:
            start.wait(10)
            with in_district(district):
                act()
            answers.append(200)
        except Problem as problem:
            answers.append(problem.status)
        finally:
            connection.close()

    paid = {keeper.pk: Entry(received=D(40))}
    acts: list[Callable[[], Any]] = [
        lambda: services.enter(version=1, entries=paid, **given),
        lambda: services.enter(version=1, entries=paid, **given),
        lambda: services.reverse(actor=keeper, payment=earlier, reason="记错"),
    ]
    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    # Whoever comes after the counter-entry saw an older sheet.
    assert sorted(answers) in ([200, 200, 409], [200, 409, 409])
    with in_district(district):
        charge = DuesCharge.objects.get()
        assert charge.paid == DuesPayment.objects.aggregate(sum=Sum("amount"))["sum"]
        assert charge.paid in (D(40), D(0))


# --- pages and API ---------------------------------------------------------------------------------------------------


@pytest.fixture
def earning(world: SimpleNamespace) -> SimpleNamespace:
    with in_district(world.huiji):
        earn(world.wangfang, "5200.00")
        earn(world.liqiang, "3000.00")
    return world


def test_the_sheet_is_filled_in_and_confirmed_on_one_page(
    client_of: ClientOf, earning: SimpleNamespace
) -> None:
    client, branch = client_of("wangfang"), earning.huiji_orgs.grid3.pk
    address = f"/branch/dues/{branch}/{this():%Y-%m}/"
    page = client.get(address).content.decode()
    assert "78.00" in page
    assert "15.00" in page
    assert "待确认" in page
    his, hers = f"paid-{earning.liqiang.pk}", f"paid-{earning.wangfang.pk}"
    typed = {"version": "0", "way": "cash", his: "１５", hers: "七十八"}
    wrong = client.post(address, typed)
    assert wrong.status_code == 422
    page = wrong.content.decode()
    assert "金额写成 12.50 这样" in page
    assert 'value="七十八"' in page
    assert 'value="１５"' in page
    assert "有 1 行要改" in page
    with in_district(earning.huiji):
        assert not DuesPayment.objects.exists()
    done = client.post(address, typed | {hers: "", "everybody": "1", "confirm": "1"})
    assert done.status_code == 302
    assert "已确认" in client.get(address).content.decode()
    assert client.post(address, typed | {hers: "1"}).status_code == 409
    assert f"/branch/dues/{branch}/" in client.get("/branch/dues/")["Location"]
    months = client.get(f"/branch/dues/{branch}/").content.decode()
    assert "应交 93.00，实交 93.00" in months


def test_arrears_are_a_kind_word(client_of: ClientOf, earning: SimpleNamespace) -> None:
    with in_district(earning.huiji):
        for number in (9, 2):
            enter(
                earning,
                add_months(this(), -number),
                confirm=True,
                entries={earning.wangfang.pk: Entry(received=D(78))},
            )
    page = client_of("wangfang").get(f"/branch/dues/{earning.huiji_orgs.grid3.pk}/").content.decode()
    assert "先谈心" in page
    assert "30.00" in page
    assert "该谈一谈了" in page
    assert "不作任何处理" in page
    mine = client_of("liqiang").get(f"/me/dues/?year={add_months(this(), -2).year}").content.decode()
    assert "未交齐" in mine
    assert "78.00" not in mine
    assert "我的党费" in client_of("liqiang").get("/me/").content.decode()


def test_the_member_page_changes_what_dues_follow_from(client_of: ClientOf, earning: SimpleNamespace) -> None:
    client, address = client_of("wangfang"), f"/branch/dues/members/{earning.liqiang.pk}/"
    month = judgement.next_month(this())
    given = {"since": f"{month:%Y-%m}", "kind": "wage", "base": "abc", "relief": "", "reason": "涨工资"}
    assert "金额写成 12.50 这样" in client.post(address, given).content.decode()
    assert client.post(address, given | {"base": "6,000"}).status_code == 302
    assert "基数 6,000.00" in client.get(address).content.decode()
    with in_district(earning.huiji):
        enter(earning, entries={earning.liqiang.pk: Entry(received=D("15.00"))})
        payment = DuesPayment.objects.get()
    assert (
        client_of("liqiang").post(f"/branch/dues/payments/{payment.pk}/reverse/", {"reason": "x"}).status_code
        == 404
    )
    client.post(f"/branch/dues/payments/{payment.pk}/reverse/", {"reason": "记错了人"})
    assert "记错了人" in client.get(address).content.decode()


def test_a_letter_names_the_last_month_paid(client_of: ClientOf, earning: SimpleNamespace) -> None:
    with in_district(earning.huiji):
        enter(earning, add_months(this(), -1), everybody_paid=True)
        assert queries.paid_until(earning.liqiang) == add_months(this(), -1)
    page = client_of("wangfang").get(f"/branch/transfers/new/?member={earning.liqiang.pk}").content.decode()
    assert f'value="{add_months(this(), -1):%Y-%m}"' in page


def test_the_table_has_numbers_as_numbers(client_of: ClientOf, earning: SimpleNamespace) -> None:
    with in_district(earning.huiji):
        earning.liqiang.id_number = "11010519491231002X"
        earning.liqiang.save()
    branch = earning.huiji_orgs.grid3
    answer = client_of("wangfang").get(f"/branch/dues/{branch.pk}/{this():%Y-%m}/table.xlsx")
    rows = list(openpyxl.load_workbook(io.BytesIO(answer.content)).active.iter_rows())
    name, number, due = rows[1][1], rows[1][2], rows[1][7]
    assert (name.value, due.value, due.number_format, due.data_type) == ("李强", 15, "#,##0.00", "n")
    assert number.data_type == "s"
    assert "*" in number.value
    assert (rows[-1][1].value, rows[-1][7].value) == ("合计", 93)
    totals = client_of("zhangwei").get("/officer/dues/table.xlsx")
    assert openpyxl.load_workbook(io.BytesIO(totals.content)).active["A2"].value == "区委"


def test_totals_go_up_the_tree(client_of: ClientOf, earning: SimpleNamespace) -> None:
    with in_district(earning.huiji):
        enter(earning, everybody_paid=True, confirm=True)
    answer = client_of("zhangwei").get("/officer/dues/")
    rows = {row["node"].name: row for row in answer.context["rows"]}
    assert rows["区委"]["sums"].due == rows["新城街道党工委"]["sums"].due == D("93.00")
    assert (rows["区委"]["confirmed"], rows["区委"]["expected"], rows["古荥镇党委"]["sums"].members) == (
        1,
        4,
        0,
    )
    body = client_of("zhangwei").get("/api/v1/dues/totals/").json()
    assert body["organizations"][0]["sums"]["paid"] == "93.00"


def test_pages_cost_the_same_however_many_there_are(
    client_of: ClientOf, earning: SimpleNamespace, budget: Budget
) -> None:
    with in_district(earning.huiji):
        for number in range(40):
            user = User.objects.create(username=f"d{number}", name=f"甲{number}")
            member = Member.objects.create(
                user=user, branch=earning.huiji_orgs.grid3, name=f"甲{number}", pinyin="jia", initials="j"
            )
            earn(member, "4000.00")
        with budget(18):
            enter(earning, everybody_paid=True, confirm=True)
    client, officer = client_of("wangfang"), client_of("zhangwei")
    client.get(
        f"/branch/dues/{earning.huiji_orgs.grid3.pk}/"
    )  # the first page of all names the run of numbers
    with budget(10):
        assert client.get(f"/branch/dues/{earning.huiji_orgs.grid3.pk}/{this():%Y-%m}/").status_code == 200
    with budget(10):
        assert client.get(f"/branch/dues/{earning.huiji_orgs.grid3.pk}/").status_code == 200
    with budget(8):
        assert officer.get("/officer/dues/").status_code == 200
    with in_district(earning.huiji), budget(2):
        queries.totals(this(), this(), {earning.huiji_orgs.grid3.pk})


def test_by_api(client_of: ClientOf, earning: SimpleNamespace) -> None:
    client = client_of("wangfang")
    address = f"/api/v1/dues/sheets/{earning.huiji_orgs.grid3.pk}/{this():%Y-%m}/"
    sheet = client.get(address).json()
    assert [(line["name"], line["amount"], line["rate"]) for line in sheet["lines"]] == [
        ("李强", "15.00", "0.005"),
        ("王芳", "78.00", "0.015"),
    ]
    given = {"version": sheet["version"], "entries": [{"member": earning.liqiang.pk, "received": "15.00"}]}
    done = client.post(address, given, "application/json").json()
    assert (done["version"], done["sums"]["paid"]) == (1, "15.00")
    again = client.post(address, given, "application/json")
    assert (again.status_code, again.json()["code"]) == (409, "changed_meanwhile")
    mine = client_of("liqiang").get("/api/v1/me/dues/").json()
    [entry] = mine["charges"][0]["payments"]
    assert entry["amount"] == "15.00"
    counter = client.post(
        f"/api/v1/dues/payments/{entry['id']}/reverse/", {"reason": "记错"}, "application/json"
    )
    assert counter.json()["amount"] == "-15.00"
    basis = {
        "since": f"{judgement.next_month(this()):%Y-%m}",
        "kind": "retired",
        "base": "4000.00",
        "reason": "退休",
    }
    assert (
        client.post(f"/api/v1/dues/members/{earning.liqiang.pk}/", basis, "application/json").json()["base"]
        == "4000.00"
    )


def test_the_sibling_district_has_its_own(client_of: ClientOf, earning: SimpleNamespace) -> None:
    with in_district(earning.huiji):
        enter(earning, everybody_paid=True)
    assert client_of("sunli").get("/officer/dues/").context["sums"].due == 0
    with in_district(earning.luoyang):
        assert not DuesCharge.objects.exists()


def test_one_month_and_several_in_english() -> None:
    text = "有 %(n)s 个月还没交齐，%(rule)s补上即可。有困难可以和支部书记说，按程序可以少交或免交。"
    with translation.override("en"):
        assert translation.ngettext(text, text, 1).startswith("%(n)s month is")
        assert translation.ngettext(text, text, 2).startswith("%(n)s months are")
