from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "dangjian.api"
    verbose_name = "API"

    def ready(self) -> None:
        from dangjian.api import schema, words  # noqa: F401  (schema registers how the session is described)

        words.apply()
