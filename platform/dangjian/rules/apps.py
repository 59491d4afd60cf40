from django.apps import AppConfig


class RulesConfig(AppConfig):
    name = "dangjian.rules"
    verbose_name = "Rules"

    def ready(self) -> None:
        from dangjian.rules import checks  # noqa: F401  (registers them)
