from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "dangjian.config"
    verbose_name = "Configuration"

    def ready(self) -> None:
        from dangjian.config import checks  # noqa: F401  (registers them)
        from dangjian.config.live import end_sockets_of_suspended
        from tenants import lifecycle

        lifecycle.register_state_listener(end_sockets_of_suspended)
