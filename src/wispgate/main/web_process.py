"""The web process: Django under gunicorn, with our settings instead of gunicorn's own files."""

import logging
import os
from collections.abc import Callable
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.config import Config
from gunicorn.glogging import Logger

from wispgate.main import django, secret_files
from wispgate.main.settings import Settings

_SHARED_MEMORY = "/dev/shm"  # noqa: S108 (for gunicorn's heartbeat files, which it makes itself)
_GRACE_SECONDS = 10


def run(settings: Settings) -> None:
    """Serves until SIGTERM. Django is loaded before gunicorn forks, and connects after."""
    secrets = secret_files.load(settings.folder.secrets)
    django.setup(settings, secrets, role="web", process="web")

    from django.core.management import call_command  # noqa: PLC0415 (needs Django set up)

    call_command("collectstatic", interactive=False, verbosity=0)
    _Server(settings).run()


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        for name, value in gunicorn_options(self._settings).items():
            self.cfg.set(name, value)

    def load(self) -> Callable[..., Any]:
        from wispgate.main.wsgi import application  # noqa: PLC0415 (needs Django set up)

        return application


class _Logging(Logger):  # type: ignore[misc]  # gunicorn has no types
    """Gunicorn's messages go where all others go; requests are logged by Django's side."""

    def setup(self, cfg: Config) -> None:
        self.cfg = cfg
        self.error_log.propagate = True
        self.error_log.setLevel(logging.WARNING)


def gunicorn_options(settings: Settings) -> dict[str, object]:
    """What gunicorn is told."""
    options: dict[str, object] = {
        "bind": str(settings.http),
        "workers": settings.http_workers,
        "worker_class": "gthread",
        "threads": settings.http_threads,
        "graceful_timeout": _GRACE_SECONDS,
        "proc_name": "wispgate-web",
        # Logging is ours (`logs`), and so is control: the supervisor.
        "logger_class": _Logging,
        "control_socket_disable": True,
    }
    if os.access(_SHARED_MEMORY, os.W_OK):
        options["worker_tmp_dir"] = _SHARED_MEMORY
    return options
