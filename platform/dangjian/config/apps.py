from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "dangjian.config"
    verbose_name = "Configuration"
