from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "dangjian.config"
    verbose_name = "Configuration"

    def ready(self) -> None:
        from dangjian.config import checks  # noqa: F401  (registers them)
