"""Forms that work without scripts. What their content must be is for the services to say."""

from __future__ import annotations

from django import forms

from dangjian.api.problems import Problem


class PostForm(forms.Form):
    kind = forms.CharField(required=False)
    text = forms.CharField(required=False, strip=False)
    visibility = forms.CharField(required=False)
    key = forms.UUIDField(required=False)
    version = forms.IntegerField(required=False, min_value=1)


class CommentForm(forms.Form):
    text = forms.CharField(required=False, strip=False)
    reply_to = forms.IntegerField(required=False, min_value=1)
    key = forms.UUIDField(required=False)


class ReasonForm(forms.Form):
    reason = forms.CharField(required=False)


def tell(form: forms.Form, problem: Problem) -> None:
    """Put what a service refused beside the fields it is about, else above the form."""
    for error in problem.errors:
        field = error.pointer.lstrip("/").partition("/")[0]
        form.add_error(field if field in form.fields else None, error.detail)
    if not problem.errors:
        form.add_error(None, problem.detail)
