from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "wispgate.web.console"
    label = "console"
