from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "dangjian.identity"
    verbose_name = "Identity"
