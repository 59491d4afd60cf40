"""Template tags and filters every page has at hand."""

from __future__ import annotations

from django import template

register = template.Library()
