"""Django's settings, made from what `main.django.setup` put into the environment.

Nothing is configured here by hand: `wispgate.toml` and the generated secrets decide. Without them
(type checks, makemigrations) the defaults below name a database that is never connected to.
"""

import json
import os
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from wispgate.domain.diagnosis.evidence import Listener
from wispgate.web.console.unfold import UNFOLD

__all__ = ["UNFOLD"]  # Django reads it here

_given: dict[str, Any] = json.loads(os.environ.get("WISPGATE_DJANGO", "{}"))

WISPGATE_ROLE_PREFIX: str = _given.get("role_prefix", "wispgate_")
WISPGATE_PARTITIONS: int = _given.get("partitions", 1)
# The public half of the key vault, base64: what seals SIM secrets where they arrive.
WISPGATE_VAULT_PUBLIC_KEY: str = _given.get("vault_public_key", "")
# Private networks that our own requests may go to (`business.outgoing`).
WISPGATE_OUTGOING_NETWORKS = [ip_network(text) for text in _given.get("outgoing_networks", [])]
# Reverse proxies whose X-Forwarded-For is believed (`web.site.forwarding`).
WISPGATE_TRUSTED_PROXIES = [ip_network(text) for text in _given.get("trusted_proxies", [])]
WISPGATE_AUDIT_MINIMUM_DAYS: int = _given.get("audit_minimum_days", 365)
# `web.site.limiting`; where nothing is given (checks, tests) there is no limit.
WISPGATE_TOKEN_REQUESTS_PER_MINUTE: int = _given.get("token_requests_per_minute", 0)
WISPGATE_ADDRESS_REQUESTS_PER_MINUTE: int = _given.get("address_requests_per_minute", 0)
WISPGATE_REFUSALS_PER_MINUTE: int = _given.get("refusals_per_minute", 0)
# What opens the secrets that the web itself needs (authenticator apps, login providers), base64.
WISPGATE_LOGIN_KEY: str = _given.get("login_key", "")
# By which browsers reach the console, where that is known: https://console.example.net
WISPGATE_PUBLIC_URL: str = _given.get("public_url", "")
WISPGATE_IS_SANDBOX: bool = _given.get("is_sandbox", False)


class _WorldClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


# Replaced by `main.django.setup` with the installation's clock, by tests with a travelling one.
WISPGATE_CLOCK = _WorldClock()


def _no_listeners() -> list[Listener]:
    return []


# Where Diameter is listened for (`main.listeners`); replaced by `main.django.setup`.
WISPGATE_LISTENERS = _no_listeners

SECRET_KEY = _given.get("secret_key", "only-for-checks-without-an-installation")
DEBUG = False
# `web.site.hosts` looks at the name instead: operators have domains of their own.
ALLOWED_HOSTS = ["*"]
WISPGATE_ALLOWED_HOSTS: list[str] = _given.get("allowed_hosts", ["*"])
INTERNAL_IPS: list[str] = []
ROOT_URLCONF = "wispgate.web.urls"
WSGI_APPLICATION = "wispgate.main.wsgi.application"
AUTH_USER_MODEL = "staff.StaffMember"
AUTHENTICATION_BACKENDS = ["wispgate.web.site.login.StaffBackend"]
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": _given.get("host", "127.0.0.1"),
        "PORT": _given.get("port", ""),
        "NAME": _given.get("dbname", "wispgate"),
        "USER": _given.get("user", "wispgate_web"),
        "PASSWORD": _given.get("password", ""),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "application_name": _given.get("application_name", "wispgate"),
            # A transaction that waits for nothing but its next statement holds rows that charging
            # wants, and keeps PostgreSQL from tidying up behind every update.
            "options": "-c idle_in_transaction_session_timeout=60s",
            **_given.get("options", {}),
        },
    }
}

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "procrastinate.contrib.django",
    "wispgate.business.hotplane",
    "wispgate.business.operators",
    "wispgate.business.audit",
    "wispgate.business.staff",
    "wispgate.business.login",
    "wispgate.business.approvals",
    "wispgate.business.crm",
    "wispgate.business.inventory",
    "wispgate.business.catalogue",
    "wispgate.business.balances",
    "wispgate.business.subscriptions",
    "wispgate.business.tenants",
    "wispgate.business.tracing",
    "wispgate.business.notifications",
    "wispgate.web.site",
    "wispgate.web.console",
]

MIDDLEWARE = [
    "wispgate.web.site.metrics.MetricsMiddleware",
    "wispgate.web.site.protection.ProtectionMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "wispgate.web.site.requests.RequestIdMiddleware",
    "wispgate.web.site.limiting.LimitMiddleware",
    "wispgate.web.site.hosts.HostMiddleware",
    "wispgate.web.site.sessions.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "wispgate.web.site.forgery.CsrfMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "wispgate.web.site.hosts.OwnStaffMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "wispgate.web.site.requests.ScopeMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # Before the apps' own, so that Unfold's outermost layout is ours.
        "DIRS": [Path(__file__).parents[1] / "web" / "console" / "overrides"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

PASSWORD_HASHERS = ["wispgate.business.login.hashing.StaffHasher"]
# Our own store: it follows the installation's clock, keeps hashes of keys only, and can be listed.
SESSION_ENGINE = "wispgate.web.site.sessions"
# How long a session lasts is decided by the server; the cookie goes with the browser.
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
_IS_HTTPS = WISPGATE_PUBLIC_URL.startswith("https://")
# With the prefix browsers take a cookie only from this very host, over TLS, for the whole site.
_COOKIE_PREFIX = "__Host-" if _IS_HTTPS else ""
SESSION_COOKIE_NAME = f"{_COOKIE_PREFIX}wispgate-session"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _IS_HTTPS
CSRF_COOKIE_NAME = f"{_COOKIE_PREFIX}wispgate-csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_TRUSTED_ORIGINS = [WISPGATE_PUBLIC_URL] if WISPGATE_PUBLIC_URL else []
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# Mail goes out by the worker only; without a server there is none (`main.mail`).
WISPGATE_MAIL_SERVER: str = _given.get("mail_server", "")
DEFAULT_FROM_EMAIL: str = _given.get("mail_from", "")
CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024 * 1024
FILE_UPLOAD_HANDLERS = ["wispgate.web.site.uploads.InMemory"]

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
STATIC_URL = "/static/"
STATIC_ROOT = _given.get("static_root", str(Path.cwd() / "build" / "static"))
WHITENOISE_USE_FINDERS = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# A log line that names the cause is enough; structlog writes it (`main.logs`).
LOGGING_CONFIG = None
SILENCED_SYSTEM_CHECKS: list[str] = []
