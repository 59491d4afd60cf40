from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "dangjian.config"
    verbose_name = "Configuration"

    def ready(self) -> None:
        from django.conf import settings

        from dangjian.config import checks  # noqa: F401  (registers them)
        from dangjian.config.live import end_sockets_of_suspended
        from dangjian.config.observability import start_error_reports
        from tenants import lifecycle

        start_error_reports(settings.SENTRY_DSN)
        lifecycle.register_state_listener(end_sockets_of_suspended)
