"""通讯录: the members of a branch by the first letter of their names, and whom the reader may ring up."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import F, Prefetch, QuerySet

from dangjian.organizations import access, queries
from dangjian.organizations.member_table import group_of
from dangjian.organizations.models import Member, Organization, PostHeld
from dangjian.organizations.phone import masked

FOUND_AT_MOST: Final = 50
_DIALLED: Final = re.compile(r"\+?[0-9 -]{3,19}")  # what a telephone can do something with
OTHERS: Final = "#"  # the heading of names that begin with no letter


@dataclass(frozen=True, slots=True)
class Contact:
    """shown: the number, masked where it may not be dialled, empty where none may be seen. dial: for ``tel:``."""

    id: int
    name: str
    branch: str
    posts: tuple[str, ...]
    shown: str
    dial: str
    letter: str  # A to Z, or `OTHERS`


@dataclass(frozen=True, slots=True)
class Letter:
    """letter: A to Z, or `OTHERS`."""

    letter: str
    contacts: list[Contact]


def branches(reader: Member) -> QuerySet[Organization]:
    """The branches whose contacts the reader may open beside the own one, in the tree's order."""
    return access.managed_organizations(reader).filter(kind="branch")


def of_branch(reader: Member, branch: Organization) -> list[Letter]:
    """Everybody who can sign in, by letter."""
    return by_letter(_contacts(reader, Member.objects.filter(branch=branch)))


def named(reader: Member, text: str) -> list[Contact]:
    """Those the reader may see whose name fits, `FOUND_AT_MOST` of them."""
    return list(_contacts(reader, queries.named(access.visible_members(reader), text), most=FOUND_AT_MOST))


def by_letter(contacts: Iterable[Contact]) -> list[Letter]:
    """A to Z, then the others."""
    letters: dict[str, list[Contact]] = {}
    for contact in contacts:
        letters.setdefault(contact.letter, []).append(contact)
    return [
        Letter(letter, letters[letter]) for letter in sorted(letters, key=lambda each: (each == OTHERS, each))
    ]


def _contacts(reader: Member, members: QuerySet[Member], *, most: int | None = None) -> Iterable[Contact]:
    held = PostHeld.objects.filter(organization=F("member__branch"))
    people = (
        queries.with_group(members.select_related("branch"))
        .prefetch_related(Prefetch("posts_held", held, to_attr="branch_posts"))
        .order_by("pinyin", "id")
    )
    member: Any
    for member in people[:most]:
        posts = tuple(each.post for each in member.branch_posts)
        labels = tuple(str(each.get_post_display()) for each in member.branch_posts)
        if member.leads_group:
            labels += (group_of(member),)
        may_call = access.may_call(reader, member, posts)
        dial = member.phone if may_call and _DIALLED.fullmatch(member.phone) else ""
        shown = dial or (masked(member.phone) if access.may_see_phone(reader, member) else "")
        initial = member.initials[:1].upper()
        letter = initial if initial.isascii() and initial.isalpha() else OTHERS
        yield Contact(member.pk, member.name, str(member.branch), labels, shown, dial, letter)
