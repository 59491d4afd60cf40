from django.apps import AppConfig


class PersonalConfig(AppConfig):
    name = "dangjian.personal"
    verbose_name = "Personal"
