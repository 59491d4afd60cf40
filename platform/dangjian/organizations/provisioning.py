"""What a new district needs first: the root of its tree, a branch for the office, and an officer to sign in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dangjian.api.problems import Problem
from dangjian.audit.services import record
from dangjian.identity.models import User
from dangjian.identity.passwords import expiry, one_time_password
from dangjian.identity.providers import provider
from dangjian.organizations.models import Member, Office, OfficeKind, Organization, OrganizationKind, Sector
from dangjian.organizations.pinyin import spell
from realtime import outbox
from tenants import lifecycle
from tenants.models import District

ROOT_NAME = "中共%s委员会"
BRANCH_NAME = "%s组织部机关党支部"


def register() -> None:
    lifecycle.register_step("organizations.first_officer", first_officer)


def first_officer(district: District, options: lifecycle.Options) -> None:
    """Make the district's first officer, or the centre's first account.

    Options: ``officer_username``; without it nobody is made, the data brings its own people. ``officer_name``;
    ``officer_password``, else a one-time one is made (at an identity server either is good for one sign-in).
    ``on_officer(username, password)`` is told either. Run again after an interruption it gives the same account a new
    password: the one told before may never have been read.

    Raises:
        NotYet: the identity server cannot be told.
    """
    username = options.get("officer_username")
    if not username:
        return
    username = User.normalize_username(username)
    name = options.get("officer_name") or username
    password = options.get("officer_password") or one_time_password()
    with outbox.atomic():
        user = User.objects.filter(username=username).first() or User(username=username)
        user.name = name
        user.must_change_password = provider().keeps_passwords and not options.get("officer_password")
        user.password_expires_at = expiry() if user.must_change_password else None
        user.set_unusable_password()
        user.save()
        if not district.is_centre:
            _give_office(district, user)
        record(
            action="account.first_officer",
            actor=None,
            object_kind="user",
            object_id=user.pk,
            object_name=name,
        )
        try:
            provider().change_password(user, password=password)
        except Problem as problem:  # the identity server is away
            raise lifecycle.NotYet(str(problem.detail)) from problem
    tell: Callable[[str, str], None] | None = options.get("on_officer")
    if tell is not None:
        tell(username, password)


def _give_office(district: District, user: User) -> None:
    tree: Any = Organization.objects
    root = tree.get_first_root_node() or tree.add_root(
        {
            "name": ROOT_NAME % district.name,
            "short_name": district.name,
            "kind": OrganizationKind.DISTRICT,
        }
    )
    branch = tree.get_children(root).filter(kind=OrganizationKind.BRANCH).first() or tree.add_child(
        root,
        {
            "name": BRANCH_NAME % district.name,
            "short_name": BRANCH_NAME % "",
            "kind": OrganizationKind.BRANCH,
            "sector": Sector.OFFICE,
        },
    )
    spelling = spell(user.name)
    member, _ = Member.ever.get_or_create(
        user=user,
        defaults={
            "branch": branch,
            "name": user.name,
            "pinyin": spelling.full,
            "initials": spelling.initials,
        },
    )
    Office.objects.get_or_create(member=member, kind=OfficeKind.OFFICER, organization=root)
