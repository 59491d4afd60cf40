from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "dangjian.ui"
    verbose_name = "User interface"
