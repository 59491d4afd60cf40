"""Writing a judged roster, a table at a time, and taking it back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from secrets import token_hex
from typing import Any, Final

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, UNUSABLE_PASSWORD_SUFFIX_LENGTH
from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext as _

from dangjian.api.database import cursor
from dangjian.identity import services as identity
from dangjian.identity.models import User
from dangjian.organizations import bulk, particulars, sealing, services
from dangjian.organizations.imports.judging import Judged, Wanted
from dangjian.organizations.models import (
    Import,
    ImportKind,
    ImportRow,
    Member,
    Membership,
    Organization,
    OrganizationPeriod,
    Outcome,
)
from dangjian.organizations.pinyin import spell

Tell = Callable[[int, int], None]


class Built(Exception):
    """Something stands on what should go: `names` of the people and organisations."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(names)
        self.names = names


def write(source: Import, judged: Sequence[Judged], *, tell: Tell) -> None:
    """Write the new and the changed rows, within the caller's transaction."""
    tell(0, 1)
    if source.kind == ImportKind.MEMBERS:
        _write_members(source, judged, tell)
    else:
        _write_organizations(source, judged)


def unwrite(source: Import, *, by: Member) -> None:
    """Take back what `write` wrote.

    Raises:
        Built: somebody has gone on from there; nothing is changed.
    """
    if source.kind == ImportKind.MEMBERS:
        _unwrite_members(source, by)
    else:
        _unwrite_organizations(source, by)


def _reason(source: Import) -> str:
    return _("名册导入 %(file)s") % {"file": source.file_name}


# --- members ---------------------------------------------------------------------------------------------------------


def _write_members(source: Import, judged: Sequence[Judged], tell: Tell) -> None:
    new = [each for each in judged if each.outcome == Outcome.NEW]
    changed = [each for each in judged if each.outcome == Outcome.CHANGED]
    total = 3 * len(new) + 2 * len(changed)
    reason, now = _reason(source), timezone.now()
    made = _create_members(new, reason, lambda done: tell(done, total))
    written = [(each.number, key, "", _VERSION_OF_A_NEW_MEMBER) for each, key in zip(new, made, strict=True)]
    of_rows = source.rows.filter(outcome=Outcome.CHANGED).values("target")
    known = {row.pk: row for row in Member.ever.select_for_update().filter(pk__in=of_rows)}
    for each in changed:
        assert each.target is not None  # noqa: S101  (a changed row has one)
        member, (wanted, _branch) = known[each.target], each.wanted
        before = sealing.seal_json({name: _plain(getattr(member, name)) for name in each.changed})
        for name in each.changed:
            setattr(member, name, getattr(wanted, name))
        member.version += 1
        written.append((each.number, member.pk, before, member.version))
    _rename([known[each.target] for each in changed if each.target and "name" in each.changed])
    bulk.begin_history(Member, list(known))
    bulk.update(Member, _COLUMNS, bulk.values(list(known.values()), _COLUMNS))
    by = source.by.user_id
    bulk.keep_history(Member, made, kind="+", reason=reason, user_id=by, at=now)
    bulk.keep_history(Member, list(known), kind="~", reason=reason, user_id=by, at=now)
    tell(total - len(new), total)
    _store(source, written)


_VERSION_OF_A_NEW_MEMBER: Final[int] = Member._meta.get_field("version").get_default()
# What of a person stands in a column of its own name.
_OPEN: Final = tuple(name for name in particulars.NAMES if name != "id_number")
_COLUMNS: Final = [*_OPEN, "pinyin", "initials", "id_number_sealed", "id_number_index", "version"]


def _rename(members: Sequence[Member]) -> None:
    """What else goes by a name that has just been set on them: how they are found, and their accounts."""
    for member in members:
        spelling = spell(member.name)
        member.pinyin, member.initials = spelling.full, spelling.initials
    bulk.update(User, ["name"], [[member.user_id, member.name] for member in members])
    for user in User.objects.filter(pk__in=[member.user_id for member in members]):
        identity.changed(user)


def _create_members(new: Sequence[Judged], reason: str, tell: Callable[[int], None]) -> list[int]:
    """Accounts, members and their first memberships; the keys of the members."""
    spellings = [spell(each.wanted[0].name) for each in new]
    usernames = _usernames([spelling.full for spelling in spellings])
    users = bulk.insert(
        User,
        [
            {
                "username": username,
                "name": each.wanted[0].name,
                "must_change_password": True,
                "password": UNUSABLE_PASSWORD_PREFIX + token_hex(UNUSABLE_PASSWORD_SUFFIX_LENGTH // 2),
            }
            for username, each in zip(usernames, new, strict=True)
        ],
    )
    tell(len(new))
    rows = []
    for user, spelling, each in zip(users, spellings, new, strict=True):
        wanted, branch = each.wanted
        row = {name: getattr(wanted, name) for name in _OPEN}
        row |= {"user_id": user, "branch_id": branch, "pinyin": spelling.full, "initials": spelling.initials}
        row["id_number_sealed"] = sealing.seal(wanted.id_number)
        row["id_number_index"] = sealing.index(wanted.id_number)
        rows.append(row)
    members = bulk.insert(Member, rows)
    tell(2 * len(new))
    with cursor() as statement:
        statement.execute(
            "INSERT INTO organizations_membership (member_id, branch_id, since, reason, document)"
            " SELECT id, branch_id, joined_on, %s, '' FROM organizations_member WHERE id = ANY(%s) ORDER BY id",
            [reason, members],
        )
    return members


def _usernames(spellings: Sequence[str]) -> list[str]:
    """A name to sign in with for each: the spelling, with the first number that is free."""
    taken = set(User.objects.values_list("username", flat=True))
    next_number: Counter[str] = Counter()
    found = []
    for spelling in spellings:
        name = root = spelling or "member"
        while name in taken:
            next_number[root] += 1
            name = f"{root}{next_number[root] + 1}"
        taken.add(name)
        found.append(name)
    return found


def _store(source: Import, written: Sequence[tuple[int, int, str, int]]) -> None:
    """Note with the rows what became of them: number, id of the target, what it was before (sealed), its version."""
    keys = dict(source.rows.values_list("number", "pk"))
    bulk.update(
        ImportRow, ["target", "before", "version"], [(keys[number], *found) for number, *found in written]
    )


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _unwrite_members(source: Import, by: Member) -> None:
    applied = list(source.rows.exclude(version=None))
    of_rows = source.rows.exclude(version=None).values("target")
    known = {
        row.pk: row
        for row in Member.ever.select_for_update(of=("self",)).select_related("user").filter(pk__in=of_rows)
    }
    built = [
        known[row.target].name if row.target in known else f"#{row.number}"
        for row in applied
        if row.target not in known or known[row.target].version != row.version
    ]
    new = source.rows.filter(outcome=Outcome.NEW).exclude(version=None).values("target")
    people = [known[row.target] for row in applied if row.outcome == Outcome.NEW and row.target in known]
    built += [
        each.name
        for each in people
        if each.user.first_signed_in_at is not None
        or each.user.has_usable_password()
        or not each.user.is_active
    ]
    built += _referred_to(Member, new, ignored={Membership})
    built += _referred_to(User, Member.ever.filter(pk__in=new).values("user"), ignored={Member})
    if built:
        raise Built(list(dict.fromkeys(built)))
    reason, now = _("撤回：%(what)s") % {"what": _reason(source)}, timezone.now()
    changed = [row for row in applied if row.outcome == Outcome.CHANGED]
    back = [known[row.target] for row in changed if row.target is not None]
    renamed = []
    for row, member in zip(changed, back, strict=True):
        before = sealing.unseal_json(row.before)
        for name, value in before.items():
            setattr(member, name, date.fromisoformat(value) if name.endswith("_on") and value else value)
        member.version += 1
        if "name" in before:
            renamed.append(member)
    _rename(renamed)
    bulk.update(Member, _COLUMNS, bulk.values(back, _COLUMNS))
    gone = [each.pk for each in people]
    for kind, keys in (("~", [each.pk for each in back]), ("-", gone)):
        bulk.keep_history(Member, keys, kind=kind, reason=reason, user_id=by.user_id, at=now)
    # Nothing refers to them any more, which Django's own deletion would ask again table by table.
    with cursor() as statement:
        statement.execute("DELETE FROM organizations_membership WHERE member_id = ANY(%s)", [gone])
        statement.execute("DELETE FROM organizations_member WHERE id = ANY(%s)", [gone])
        statement.execute("DELETE FROM identity_user WHERE id = ANY(%s)", [[each.user_id for each in people]])


def _referred_to(model: type[Model], keys: Any, *, ignored: set[type[Model]]) -> list[str]:
    """Names of those among `keys` (a query of ids) to whom a row of any other table refers; their own history does
    not count."""
    found: list[str] = []
    for relation in model._meta.get_fields(include_hidden=True):
        other: Any = relation.related_model
        if relation.concrete or not relation.auto_created or other in ignored:
            continue
        column = relation.field.attname  # type: ignore[union-attr]
        if not relation.field.db_constraint:  # type: ignore[union-attr]
            continue
        referring = other._base_manager.filter(**{f"{column}__in": keys}).values(column)
        found += model._base_manager.filter(pk__in=referring).values_list("name", flat=True)
    return found


# --- organisations ---------------------------------------------------------------------------------------------------


def _write_organizations(source: Import, judged: Sequence[Judged]) -> None:
    written: list[tuple[int, int, str, int]] = []
    reason = _reason(source)
    tree: Any = Organization.objects
    made: dict[str, int] = {}
    waiting = [each for each in judged if each.outcome == Outcome.NEW]
    while waiting:
        # Parents may stand below their children in the file; the judgement has made sure that there is an order.
        ready = [
            each for each in waiting if not isinstance(each.wanted.parent, str) or each.wanted.parent in made
        ]
        for each in ready:
            wanted: Wanted = each.wanted
            parent = made[wanted.parent] if isinstance(wanted.parent, str) else wanted.parent
            organization = Organization(
                name=wanted.name, short_name=wanted.short_name, kind=wanted.kind, sector=wanted.sector
            )
            organization.founded_on = wanted.founded_on
            services.signed(organization, by=source.by, reason=reason)
            tree.add_child(Organization.objects.get(pk=parent), instance=organization)
            organization.periods.update(act="import", reason=reason)
            made[wanted.name] = organization.pk
            written.append((each.number, organization.pk, "", organization.version))
        waiting = [each for each in waiting if each not in ready]
    changed = [each for each in judged if each.outcome == Outcome.CHANGED]
    for each in changed:
        organization = Organization.objects.select_for_update(no_key=True).get(pk=each.target)
        before = sealing.seal_json({name: getattr(organization, name) for name in each.changed})
        _correct(organization, {name: getattr(each.wanted, name) for name in each.changed}, source.by, reason)
        written.append((each.number, organization.pk, before, organization.version))
    _store(source, written)


def _correct(organization: Organization, values: dict[str, Any], by: Member, reason: str) -> None:
    """A correction says what was so all along: the open period is corrected too, no new one begins."""
    for name, value in values.items():
        setattr(organization, name, value)
    organization.version += 1
    services.signed(organization, by=by, reason=reason).save(update_fields=[*values, "version"])
    OrganizationPeriod.objects.filter(organization=organization, until=None).update(**values)


def _unwrite_organizations(source: Import, by: Member) -> None:
    applied = list(source.rows.exclude(version=None))
    known = Organization.objects.select_for_update(no_key=True).in_bulk([row.target for row in applied])
    new = [known[row.target] for row in applied if row.outcome == Outcome.NEW and row.target in known]
    built = [
        str(known[row.target]) if row.target in known else f"#{row.number}"
        for row in applied
        if row.target not in known or known[row.target].version != row.version
    ]
    made = source.rows.filter(outcome=Outcome.NEW).exclude(version=None).values("target")
    built += _referred_to(Organization, made, ignored={OrganizationPeriod})
    ids = {each.pk for each in new}
    built += [
        str(row.name)
        for row in OrganizationPeriod.objects.filter(parent__in=ids).exclude(organization__in=ids)
    ]
    if built:
        raise Built(list(dict.fromkeys(built)))
    reason = _("撤回：%(what)s") % {"what": _reason(source)}
    for row in applied:
        if row.outcome == Outcome.CHANGED:
            _correct(known[row.target], sealing.unseal_json(row.before), by, reason)
    for each in sorted(new, key=lambda each: -len(each.path)):
        OrganizationPeriod.objects.filter(organization=each).delete()
        services.signed(Organization.objects.get(pk=each.pk), by=by, reason=reason).delete()
