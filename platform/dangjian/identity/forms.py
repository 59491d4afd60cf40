"""The forms of sign-in and passwords."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

_LONGEST = 1000


class SignInForm(forms.Form):
    username = forms.CharField(
        label=_("账号"), max_length=150, error_messages={"required": _("请填写账号。")}
    )
    password = forms.CharField(
        label=_("密码"), max_length=_LONGEST, strip=False, error_messages={"required": _("请填写密码。")}
    )


class PasswordForm(forms.Form):
    """`current` is not asked of somebody who has just used a one-time password."""

    current = forms.CharField(
        label=_("现在的密码"),
        max_length=_LONGEST,
        strip=False,
        error_messages={"required": _("请填写现在的密码。")},
    )
    new = forms.CharField(
        label=_("新密码"), max_length=_LONGEST, strip=False, error_messages={"required": _("请填写新密码。")}
    )
    again = forms.CharField(
        label=_("再输一遍新密码"),
        max_length=_LONGEST,
        strip=False,
        error_messages={"required": _("请把新密码再输一遍。")},
    )

    def __init__(self, *args: Any, first: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if first:
            del self.fields["current"]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("new") and given.get("again") and given["new"] != given["again"]:
            self.add_error("again", _("两遍新密码不一样，请再输一遍。"))
        return given
