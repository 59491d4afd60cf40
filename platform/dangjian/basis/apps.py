from django.apps import AppConfig


class BasisConfig(AppConfig):
    name = "dangjian.basis"
    verbose_name = "Rules in force"
