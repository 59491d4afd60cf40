"""Rule packs: what is refused and in which words, and which rule holds on a day."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.utils import translation
from jsonschema import Draft202012Validator

from dangjian.config import checks as starting
from dangjian.local.demo import DEMO_RULES
from dangjian.rules import book, checks, reading
from dangjian.rules.book import Book, NoRule, PackRefused
from dangjian.rules.values import Frequency, Span

ON = date(2026, 11, 25)
Written = Callable[..., Book]


@pytest.fixture
def altered(tmp_path: Path) -> Callable[[Callable[[dict[str, Any]], Any]], list[book.Rule]]:
    """The national pack with a change, read again."""

    def read(change: Callable[[dict[str, Any]], Any]) -> list[book.Rule]:
        loader = yaml.BaseLoader  # every scalar a text: as it is written
        content = yaml.load(book.NATIONAL_PACK.read_text(encoding="utf-8"), Loader=loader)
        content["rules"] = [_with_numbers(rule) for rule in content["rules"]]
        change(content)
        path = tmp_path / "national.yaml"
        path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        return book.load_national(path)

    return read


def _with_numbers(part: Any) -> Any:
    if isinstance(part, dict):
        return {key: _with_numbers(value) for key, value in part.items()}
    if isinstance(part, list):
        return [_with_numbers(value) for value in part]
    if part in {"true", "false"}:
        return part == "true"
    return int(part) if part.isdigit() else part


def rule_of(content: dict[str, Any], identity: str) -> dict[str, Any]:
    found = next(rule for rule in content["rules"] if rule["id"] == identity)
    assert isinstance(found, dict)
    return found


# --- the national pack ---------------------------------------------------------------------------------------------

# docs: the domain's table of rules. Q quoted, T to be confirmed, L local custom.
SAYS: dict[str, tuple[Any, str]] = {
    "life.general_meeting": (Frequency(1, "quarter"), "Q"),
    "life.committee_meeting": (Frequency(1, "month"), "Q"),
    "life.group_meeting": (Frequency(1, "month"), "Q"),
    "life.lecture": (Frequency(1, "quarter"), "L"),
    "life.secretary_lecture": (Frequency(1, "year"), "Q"),
    "life.party_day": (Frequency(1, "month"), "Q"),
    "life.life_meeting": (Frequency(1, "year"), "Q"),
    "life.appraisal": (Frequency(1, "year"), "Q"),
    "life.heart_talk": (Frequency(1, "year"), "Q"),
    "founding.full_members": (3, "Q"),
    "founding.joint_units": (5, "Q"),
    "founding.size": (50, "Q"),
    "founding.general_branch": (Span(50, 100), "Q"),
    "founding.committee_due": (7, "Q"),
    "founding.committee_size": (Span(3, 5), "Q"),
    "founding.committee_most": (7, "Q"),
    "founding.without_committee": (Span(1, 2), "Q"),
    "founding.group_members": (3, "L"),
    "founding.group_leader": (True, "Q"),
    "term.branch": (3, "Q"),
    "term.general_branch": (3, "Q"),
    "term.committee": (5, "Q"),
    "term.remind": (6, "Q"),
    "term.shift": (12, "Q"),
    "election.quorum": (Fraction(4, 5), "Q"),
    "election.margin": (Fraction(1, 5), "Q"),
    "election.ballots": (Fraction(1), "T"),
    "election.majority": (Fraction(1, 2), "T"),
    "election.no_vote": (("probationary", "disciplinary_probation"), "Q"),
    "admission.age": (18, "Q"),
    "admission.talk_within": (1, "Q"),
    "admission.activist_wait": (0, "Q"),
    "admission.contacts": (Span(1, 2), "Q"),
    "admission.candidate_wait": (12, "Q"),
    "admission.introducers": (2, "Q"),
    "admission.review": (True, "Q"),
    "admission.training_days": (3, "Q"),
    "admission.training_hours": (24, "Q"),
    "admission.vote_present": (Fraction(1, 2), "Q"),
    "admission.vote_yes": (Fraction(1, 2), "Q"),
    "admission.approval_within": (3, "Q"),
    "admission.approval_special": (6, "Q"),
    "admission.probation": (12, "Q"),
    "admission.extension": (Span(6, 12), "Q"),
    "admission.conversion_within": (3, "Q"),
    "admission.application": (True, "Q"),
    "admission.activist_filing": (True, "Q"),
    "admission.observation": (Frequency(1, "half_year"), "Q"),
    "admission.candidate_filing": (True, "Q"),
    "admission.publicity": (5, "Q"),
    "admission.branch_review": (True, "Q"),
    "admission.pre_review": (True, "Q"),
    "admission.vote_within": (1, "Q"),
    "admission.application_form": (True, "Q"),
    "admission.committee_talk": (True, "Q"),
    "admission.district_filing": (True, "Q"),
    "admission.assignment": (True, "Q"),
    "admission.oath": (True, "Q"),
    "admission.oath_within": (1, "Q"),
    "admission.conversion_request": (True, "Q"),
    "admission.archive": (True, "Q"),
    "dues.arrears": (6, "Q"),
    "transfer.letter": (3, "T"),
    "transfer.answer": (30, "L"),
    "study.member": (32, "Q"),
    "study.secretary": (56, "T"),
}
MARKS = {"Q": "quoted", "T": "to_be_confirmed", "L": "local_custom"}


def test_the_national_pack_says_what_the_sources_say(country: Book) -> None:
    found = {rule.id: rule for rule in country.in_force(ON)}
    by_tables = {f"dues.{kind}" for kind in ("wage", "retired", "farmer", "student", "unemployed", "relief")}
    assert set(found) == set(SAYS) | by_tables
    for identity, (value, mark) in SAYS.items():
        assert (found[identity].value, found[identity].confidence) == (value, MARKS[mark]), identity


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_rule_can_be_said(country: Book, language: str) -> None:
    with translation.override(language):
        for rule in country.in_force(ON):
            for words in (rule.said(), str(rule.title), rule.cited):
                assert words
                assert language == "zh-hans" or not any("一" <= sign <= "鿿" for sign in words), words


def test_values_in_words(country: Book) -> None:
    def said(identity: str) -> str:
        return country.rule(identity, on=ON).said()

    assert said("life.general_meeting") == "一般每季度 1 次"
    assert said("founding.committee_size") == "一般 3–5 人"
    assert said("founding.group_members") == "一般至少 3 人"
    assert said("admission.age") == "至少 18 岁"
    assert said("admission.vote_yes") == "超过 1/2"
    assert said("term.remind") == "一般提前 6 个月"
    assert said("dues.farmer") == "0.20–1.00 元"
    assert said("dues.retired") == "5,000 元及以下 0.5 %；再往上 1 %"
    assert said("admission.activist_wait") == "没有规定"


def test_a_rule_by_day_and_kind(country: Book) -> None:
    assert country.rule("term.branch", on=ON, kind="village").value == 5
    assert country.rule("term.branch", on=ON, kind="school").value == 3
    assert country.rule("term.branch", on=ON).value == 3
    assert (
        book.rule("term.branch", on=ON, kind="community").cited
        == "《中国共产党支部工作条例（试行）》第 21 条"
    )
    with pytest.raises(NoRule, match=r"term.branch is not in force on 2018-10-27"):
        country.rule("term.branch", on=date(2018, 10, 27))
    assert country.nearest("term.branch", on=date(2016, 1, 1)).value == 3
    with pytest.raises(NoRule, match=r"there is no rule term\.league"):
        country.rule("term.league", on=ON)


def test_the_editions_of_the_rules_on_admission(country: Book) -> None:
    last, first = date(2026, 5, 10), date(2026, 5, 11)
    articles = {"probation": (32, 31), "vote_present": (20, 19), "oath": (30, 29), "branch_review": (19, 18)}
    for name, (before, after) in articles.items():
        found = [country.rule(f"admission.{name}", on=day) for day in (last, first)]
        assert [rule.article for rule in found] == [before, after]
        assert found[0].value == found[1].value
        assert not any(rule.article_to_confirm for rule in found)
    for name in ("publicity", "vote_within", "oath_within"):
        assert country.rule(f"admission.{name}", on=first).confidence == "quoted"
        with pytest.raises(NoRule):
            country.rule(f"admission.{name}", on=last)
        assert country.find(f"admission.{name}", on=last) is None
        assert country.find(f"admission.{name}", on=first) == country.rule(f"admission.{name}", on=first)
        note = country.rule(f"admission.{name}", on=first).note
        assert note is not None
        assert note.en.isascii()


def test_a_new_version_takes_over_on_its_day(altered: Any) -> None:
    def change(content: dict[str, Any]) -> None:
        rule_of(content, "study.member")["to"] = "2026-12-31"
        content["rules"].append({**rule_of(content, "study.member"), "value": 40, "from": "2027-01-01"})
        del content["rules"][-1]["to"]

    rules = Book(altered(change))
    assert rules.rule("study.member", on=date(2026, 12, 31)).value == 32
    assert rules.rule("study.member", on=date(2027, 1, 1)).value == 40
    assert len([rule for rule in rules.in_force(date(2027, 1, 1)) if rule.id == "study.member"]) == 1


REFUSED: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "overlap": (
        lambda c: c["rules"].append({**rule_of(c, "study.member"), "from": "2026-01-01"}),
        "study.member: two versions overlap: 2019-05-06 – open and 2026-01-01 – open",
    ),
    "ends before it begins": (
        lambda c: rule_of(c, "study.member").update(to="2019-01-01"),
        "study.member: ends on 2019-01-01, before it begins on 2019-05-06",
    ),
    "no such day": (
        lambda c: rule_of(c, "study.member").update({"from": "2026-02-31"}),
        "study.member.from: '2026-02-31' is not a 'date'",
    ),
    "unknown field": (
        lambda c: rule_of(c, "study.member").update(valeu=3),
        "study.member: Additional properties are not allowed ('valeu' was unexpected)",
    ),
    "no article": (
        lambda c: rule_of(c, "dues.wage").pop("article"),
        "dues.wage: 'article' is a required property",
    ),
    "no such confidence": (
        lambda c: rule_of(c, "dues.wage").update(confidence="sure"),
        "dues.wage.confidence: 'sure' is not one of",
    ),
    "no source": (
        lambda c: rule_of(c, "dues.wage").update(source="hearsay"),
        "dues.wage: the source hearsay is not among the pack's sources",
    ),
    "money as a number": (
        lambda c: rule_of(c, "dues.student").update(value=2),
        "dues.student.value: 2 is not valid",
    ),
    "brackets that fall": (
        lambda c: rule_of(c, "dues.wage")["value"].reverse(),
        "dues.wage: the last bracket, and no other, is without up_to",
    ),
    "a fraction above 1": (
        lambda c: rule_of(c, "election.quorum").update(value="5/4"),
        "election.quorum: 5/4 is not between 0 and 1",
    ),
    "a span upside down": (
        lambda c: rule_of(c, "admission.extension").update(value={"min": 12, "max": 6}),
        "admission.extension: min 12 is above max 6",
    ),
    "a value of another unit": (
        lambda c: rule_of(c, "life.party_day").update(value=12),
        "life.party_day.value: 12 is not of type 'object'",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_pack_is_refused_with_the_reason(altered: Any, name: str) -> None:
    change, said = REFUSED[name]
    with pytest.raises(PackRefused) as refused:
        altered(change)
    assert any(said in problem for problem in refused.value.problems), refused.value.problems
    assert all(problem.startswith("national.yaml: ") for problem in refused.value.problems)


def test_every_fault_is_named_at_once(altered: Any) -> None:
    def change(content: dict[str, Any]) -> None:
        rule_of(content, "dues.wage").pop("article")
        rule_of(content, "study.member")["confidence"] = "sure"

    with pytest.raises(PackRefused) as refused:
        altered(change)
    assert len(refused.value.problems) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "district: huiji\nrules:\n  - id: study.member\n    value: 40\n    value: 50\n",
            "'value' is written twice",
        ),
        ("district: huiji\ndistrict: luoyang\nrules: []\n", "'district' is written twice"),
        ("district: huiji\nrules: [\n", "node content"),
        ("district: huiji\nrules: !!python/object:os.system []\n", "could not determine a constructor"),
        ("yes: huiji\nrules: []\n", "the key True is no text"),
        ("- huiji\n", "is not of type 'object'"),
        ("", "None is not of type 'object'"),
    ],
)
def test_yaml_is_read_strictly(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "huiji.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PackRefused, match=said.replace("(", r"\(")):
        book.load_local(path, [])


@pytest.mark.parametrize("name", ["national", "district"])
def test_the_schemas_are_sound(name: str) -> None:
    described = json.loads((reading.SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(described)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "huiji.yaml"
    path.write_bytes("district: 惠济".encode("gb18030"))
    with pytest.raises(PackRefused, match=r"huiji\.yaml"):
        book.load_local(path, [])


# --- districts -----------------------------------------------------------------------------------------------------

DOCUMENT = {"document": "惠组〔2026〕1号", "from": "2026-01-01"}


def test_a_district_tightens_and_no_other_does(tightened: Written, country: Book) -> None:
    local = tightened("huiji", {"id": "study.member", "value": 40, **DOCUMENT, "to": "2026-12-31"})
    rule = local.rule("study.member", on=ON)
    assert (rule.value, rule.confidence, rule.cited) == (40, "local_custom", "惠组〔2026〕1号")
    assert rule.national is not None
    assert rule.national.value == 32
    assert local.rule("study.member", on=date(2025, 12, 31)).national is None
    assert local.rule("study.member", on=date(2027, 1, 1)).value == 32
    assert book.book("luoyang").rule("study.member", on=ON).value == 32
    assert book.rule("study.member", on=ON).value == 32
    assert [rule.id for rule in local.in_force(ON)] == [rule.id for rule in country.in_force(ON)]


TIGHTER = [
    ("life.general_meeting", {"times": 1, "per": "month"}),
    ("life.general_meeting", {"times": 5, "per": "year"}),
    ("founding.size", 40),
    ("founding.committee_size", {"min": 5, "max": 5}),
    ("term.remind", 9),
    ("term.shift", 6),
    ("election.quorum", "90%"),
    ("admission.activist_wait", 3),
    ("admission.approval_within", 2),
    ("life.lecture", {"times": 1, "per": "year"}),  # local custom: a district's choice, either way
    ("life.lecture", {"times": 2, "per": "quarter"}),
    ("study.member", 32),  # the same is not looser
]


@pytest.mark.parametrize(("identity", "value"), TIGHTER)
def test_what_a_district_may_do(tightened: Written, identity: str, value: Any) -> None:
    rule = tightened("huiji", {"id": identity, "value": value, **DOCUMENT}).rule(identity, on=ON)
    assert rule.national is not None


LOOSER = [
    ("life.general_meeting", {"times": 3, "per": "year"}, "a district may raise it, not lower it"),
    ("life.party_day", {"times": 11, "per": "year"}, "11 a year would loosen the national 1 a month"),
    ("founding.size", 60, "60 would loosen the national 50"),
    ("founding.committee_size", {"min": 2, "max": 5}, "a district may narrow it, not widen it"),
    ("founding.committee_size", 4, "a district may narrow it, not widen it"),
    ("founding.full_members", 5, "a district may not change it"),
    ("term.shift", 18, "a district may lower it, not raise it"),
    ("election.quorum", "3/4", "3/4 would loosen the national 4/5"),
    ("admission.candidate_wait", 11, "11 would loosen the national 12"),
    ("admission.approval_within", 4, "《中国共产党发展党员工作细则》第 25 条"),
    ("dues.farmer", {"min": "0.10", "max": "1.00"}, "0.10–1.00 would loosen the national 0.20–1.00"),
    ("dues.student", "0.10", "a district may not change it"),
    ("dues.wage", [{"rate": "0.5%"}], "a district may not change it"),
    ("study.member", "many", "its unit is hours"),
    ("study.member", {"times": 1, "per": "year"}, "its unit is hours"),
    ("study.everybody", 40, "there is no such national rule to tighten"),
]


@pytest.mark.parametrize(("identity", "value", "said"), LOOSER)
def test_what_a_district_may_not(tightened: Written, identity: str, value: Any, said: str) -> None:
    with pytest.raises(PackRefused) as refused:
        tightened("huiji", {"id": identity, "value": value, **DOCUMENT})
    (problem,) = refused.value.problems
    assert problem.startswith(f"huiji.yaml: {identity}")
    assert said in problem


def test_a_kind_is_measured_by_its_own_value(tightened: Written) -> None:
    with pytest.raises(PackRefused, match="3 would loosen the national 5 for community"):
        tightened("huiji", {"id": "term.branch", "value": 3, **DOCUMENT})


def test_a_district_measures_itself_against_each_version(tightened: Written) -> None:
    early = {"document": "惠组〔2010〕1号", "from": "2010-01-01", "to": "2010-12-31"}
    with pytest.raises(PackRefused, match=r"no national version is in force in 2010-01-01 – 2010-12-31"):
        tightened("huiji", {"id": "study.member", "value": 40, **early})


def test_a_districts_own_versions_may_not_overlap(tightened: Written) -> None:
    twice = [{"id": "study.member", "value": value, **DOCUMENT} for value in (40, 48)]
    with pytest.raises(PackRefused, match=r"2026-01-01 – open and 2026-01-01 – open"):
        tightened("huiji", *twice)


def test_a_file_belongs_to_the_district_it_is_named_for(tightened: Written) -> None:
    tightened("luoyang", named="huiji")
    with pytest.raises(PackRefused, match=r"the file of luoyang must be named luoyang\.yaml"):
        book.book("huiji")


def test_the_demos_rules_can_be_used(country: Book) -> None:
    national = book.load_national(book.NATIONAL_PACK)
    rules = Book(national, book.load_local(DEMO_RULES / "huiji.yaml", national))
    tightened = {rule.id for rule in rules.in_force(ON) if rule.national}
    assert tightened == {"life.lecture", "study.member"}
    # What is judged stays as the country has it, so that the demo's answers can be checked against the sources.
    assert not any(identity.startswith(("dues.", "term.", "admission.")) for identity in tightened)


# --- starting, and the command -------------------------------------------------------------------------------------


def test_the_command(tightened: Written, tmp_path: Path) -> None:
    tightened("huiji", {"id": "study.member", "value": 40, **DOCUMENT})
    out = StringIO()
    call_command("rules", "check", stdout=out)
    assert "can be used" in out.getvalue()
    out = StringIO()
    call_command("rules", "list", "--on", "2026-11-25", "--district", "huiji", stdout=out)
    line = next(line for line in out.getvalue().splitlines() if line.startswith("study.member"))
    assert "40" in line
    assert "32" in line
    assert "惠组〔2026〕1号" in line
    elsewhere = tmp_path / "new" / "huiji.yaml"
    elsewhere.parent.mkdir()
    elsewhere.write_text(
        "district: huiji\nrules: [{id: study.member, value: 20, document: x, from: 2026-01-01}]\n",
        encoding="utf-8",
    )
    with pytest.raises(CommandError, match="20 would loosen the national 32"):
        call_command("rules", "check", str(elsewhere))


def test_a_bad_pack_keeps_commands_and_servers_from_starting(
    settings: Any, tmp_path: Path, tightened: Written
) -> None:
    assert checks.rule_packs(None) == []
    (tmp_path / "huiji.yaml").write_text("district: huiji\nrules: 3\n", encoding="utf-8")
    (error,) = checks.rule_packs(None)
    assert (error.id, error.msg) == ("dangjian.E010", "huiji.yaml: rules: 3 is not of type 'array'")
    with pytest.raises(CommandError, match="is not of type 'array'"):
        call_command("rules", "check")
    with pytest.raises(ImproperlyConfigured, match="is not of type 'array'"):
        starting.refuse_insecure_settings()
    (tmp_path / "huiji.yaml").rename(tmp_path / "huiji.yml")
    (error,) = checks.rule_packs(None)
    assert error.msg == "huiji.yml: nobody reads it; a district's file is named <schema>.yaml"
    settings.RULES_DIR = str(tmp_path / "nowhere")
    with pytest.raises(ImproperlyConfigured, match="RULES_DIR is no folder"):
        starting.refuse_insecure_settings()
