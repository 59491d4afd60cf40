from django.apps import AppConfig


class LocalConfig(AppConfig):
    name = "dangjian.local"
    verbose_name = "Local stack"
