"""Settings, all from the environment; docs/reference/settings.md explains each."""

from __future__ import annotations

import sys
from pathlib import Path

import environ
from csp.constants import NONCE, NONE, SELF

from dangjian.config.logs import logging_config

env = environ.Env()

ROOT = Path(__file__).resolve().parents[3]
BASE = ROOT / "platform" / "dangjian"
TESTING = "pytest" in sys.modules

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
if not SECRET_KEY and env.str("SECRET_KEY_FILE", default=""):
    SECRET_KEY = Path(env.str("SECRET_KEY_FILE")).read_text(encoding="utf-8").strip()
if not SECRET_KEY and (DEBUG or TESTING):
    SECRET_KEY = "insecure-development-key"  # noqa: S105  (the check `dangjian.E001` refuses it elsewhere)

# Plain http on loopback: unprefixed cookies without Secure. No other host is served then, so that such a cookie
# never crosses a network.
LOOPBACK_ONLY = env.bool("LOOPBACK_ONLY", default=DEBUG or TESTING)
# The port in people's addresses, where it is not the scheme's own.
PUBLIC_PORT = env.int("PUBLIC_PORT", default=0)
# Hosts are allowed by the registry (tenants.middleware), which answers an unknown one with a plain 404.
ALLOWED_HOSTS = [".localhost", "127.0.0.1"] if LOOPBACK_ONLY else ["*"]
# Identity numbers are sealed with these; none: with a key made of SECRET_KEY.
SEALING_KEYS = env.list("SEALING_KEYS", default=[])
IDENTITY = env.str("IDENTITY", default="local")
IDENTITY_LOCAL_IN_PRODUCTION = env.bool("IDENTITY_LOCAL_IN_PRODUCTION", default=False)

SHARED_APPS = [
    "tenants",
    "django_tenants",
    "procrastinate.contrib.django",
]
TENANT_APPS = [
    "realtime",
    "dangjian.audit",
    "dangjian.identity",
    "dangjian.organizations",
    "dangjian.interaction",
    "dangjian.api",
]
INSTALLED_APPS = [
    *SHARED_APPS,
    *TENANT_APPS,
    "dangjian.rules",
    "dangjian.basis",
    "dangjian.ui",
    "dangjian.personal",
    "dangjian.oversight",
    "dangjian.local",
    "dangjian.config",
    # Only because django-tenants' backend imports its model; it has no table in any schema (tenants.routers).
    "django.contrib.contenttypes",
    "django.contrib.staticfiles",
    "django.contrib.messages",
    "django_htmx",
    "django_prometheus",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "treebeard",
]
TENANT_MODEL = "tenants.District"
TENANT_DOMAIN_MODEL = "tenants.Domain"
PUBLIC_SCHEMA_NAME = "public"
TENANT_LIMIT_SET_CALLS = True
TENANT_SYNC_ROUTER = "tenants.routers.DistrictRouter"
DATABASE_ROUTERS = ["tenants.routers.DistrictRouter"]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "dangjian.config.middleware.RequestIdMiddleware",
    "dangjian.config.health.ReadinessMiddleware",
    "tenants.middleware.DistrictMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "dangjian.identity.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "dangjian.identity.middleware.AuthenticationMiddleware",
    "dangjian.organizations.middleware.MemberMiddleware",
    "dangjian.ui.middleware.PreferencesMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]
ROOT_URLCONF = "dangjian.config.urls_district"
CENTRE_URLCONF = "dangjian.config.urls_central"
WSGI_APPLICATION = "dangjian.config.wsgi.application"
ASGI_APPLICATION = "dangjian.config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "dangjian.ui.context.page",
            ],
            "builtins": ["dangjian.ui.templatetags.ui"],
        },
    }
]

# --- data ------------------------------------------------------------------------------------------------------
_pool_size = env.int("DATABASE_POOL", default=0 if TESTING else 20)
_database = env.db_url("DATABASE_URL", default="postgres:///dangjian")
DATABASES = {
    "default": {
        **_database,
        "ENGINE": "tenants.backend",
        "CONN_MAX_AGE": 0,
        # The URL's own query first: ?host=/folder/of/the/socket, ?sslmode=require.
        "OPTIONS": _database.get("OPTIONS", {})
        | (
            {
                "pool": {
                    "min_size": min(2, _pool_size),
                    "max_size": _pool_size,
                    "timeout": env.float("DATABASE_POOL_TIMEOUT", default=5),
                    "max_waiting": env.int("DATABASE_POOL_WAITING", default=200),
                }
            }
            if _pool_size
            else {}
        ),
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SIMPLE_HISTORY_DATE_INDEX = False  # history is read for one object, by its id

VALKEY_URL = env.str("VALKEY_URL", default="")
CACHES = {
    "default": {
        "BACKEND": "dangjian.config.cache.ForgivingValkeyCache"
        if VALKEY_URL
        else "django.core.cache.backends.locmem.LocMemCache",
        **(
            {"LOCATION": VALKEY_URL, "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1}}
            if VALKEY_URL
            else {}
        ),
        "KEY_FUNCTION": "dangjian.config.cache.district_key",
        "TIMEOUT": 3600,
    }
}
# Live topics are spread over these; one that is lost takes nothing from the others.
LIVE_VALKEY_URLS = env.list("LIVE_VALKEY_URLS", default=[VALKEY_URL] if VALKEY_URL else [])
CHANNEL_LAYERS = {
    "default" if number == 0 else f"live{number}": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [url], "prefix": "dangjian"},
    }
    for number, url in enumerate(LIVE_VALKEY_URLS)
} or {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
REALTIME = {
    "site": "dangjian.config.live.site",
    "insecure_origins": LOOPBACK_ONLY,
    "layers": list(CHANNEL_LAYERS),
    "lame_duck_seconds": env.float("LIVE_LAME_DUCK_SECONDS", default=0),
}

MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default=str(ROOT / ".demo" / "media")))
MEDIA_URL = "/media/"
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(ROOT / "staticfiles")))
WHITENOISE_USE_FINDERS = DEBUG or LOOPBACK_ONLY
WHITENOISE_AUTOREFRESH = False
# Of files asked for without their digest; with it they are kept for ever.
WHITENOISE_MAX_AGE = 600 if not DEBUG else 0
STORAGES = {
    "default": {"BACKEND": "dangjian.config.storage.DistrictStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if WHITENOISE_USE_FINDERS
        else "dangjian.config.storage.StaticStorage"
    },
}
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
UPLOAD_MAX_BYTES = 20 * 1024 * 1024

# One file a district, <schema>.yaml, with what it tightens; empty: the national rules everywhere.
RULES_DIR = env.str("RULES_DIR", default="")

# --- people ----------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "identity.User"
# Where new districts get their realm: as we reach it, and as browsers do where that differs.
KEYCLOAK_URL = env.str("KEYCLOAK_URL", default="")
KEYCLOAK_PUBLIC_URL = env.str("KEYCLOAK_PUBLIC_URL", default="")
KEYCLOAK_PROVISIONER = env.str("KEYCLOAK_PROVISIONER", default="dangjian-provisioner")
KEYCLOAK_SECRETS = env.str("KEYCLOAK_SECRETS", default="")
# Longer than Keycloak is ever away for an upgrade; what is closed here is closed at once all the same.
KEYCLOAK_GRACE_MINUTES = env.int("KEYCLOAK_GRACE_MINUTES", default=240)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
     "OPTIONS": {"user_attributes": ["username"]}},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]  # fmt: skip
LOGIN_URL = "/sign-in/"
SESSION_ENGINE = "dangjian.identity.sessions"
SESSION_COOKIE_AGE = env.int("SESSION_DAYS", default=14) * 86_400
ONE_TIME_PASSWORD_HOURS = env.int("ONE_TIME_PASSWORD_HOURS", default=72)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not LOOPBACK_ONLY
_PREFIX = "" if LOOPBACK_ONLY else "__Host-"
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = _PREFIX + "sessionid", _PREFIX + "csrftoken"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "dangjian.ui.views.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

# --- security --------------------------------------------------------------------------------------------------
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_TLS_PROXY", default=False) else None
)
SECURE_SSL_REDIRECT = env.bool("SSL_REDIRECT", default=False)
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=0)
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "worker-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

# --- language, time --------------------------------------------------------------------------------------------
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
LOCALE_PATHS = [BASE / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

# --- API -------------------------------------------------------------------------------------------------------
# Multiplies every throttle; load tests raise it.
THROTTLE_SCALE = env.float("THROTTLE_SCALE", default=1.0)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "dangjian.identity.bearers.BearerAuthentication",
        "dangjian.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["dangjian.api.permissions.IsSignedIn"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["dangjian.api.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["dangjian.api.throttles.PersonThrottle"],
    "EXCEPTION_HANDLER": "dangjian.api.problems.handler",
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "党建云 API",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["dangjian.api.permissions.IsSignedIn"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "dangjian.api.schema.add_problems",
    ],
    "ENUM_NAME_OVERRIDES": {
        "PostKind": "dangjian.interaction.models.PostKind.choices",
        "Visibility": "dangjian.interaction.models.Visibility.choices",
        "OfficeKind": "dangjian.organizations.models.OfficeKind.choices",
        "OrganizationKind": "dangjian.organizations.models.OrganizationKind.choices",
        "ImportKind": "dangjian.organizations.models.ImportKind.values",
        "ImportState": "dangjian.organizations.models.ImportState.values",
        "TransferState": "dangjian.organizations.transfers.models.TransferState.values",
        "CaseState": "dangjian.organizations.admission.models.CaseState.values",
        "StepKey": "dangjian.rules.problems.STEPS",
        "CaseStep": "dangjian.organizations.admission.steps.BY_KEY",
        "AskableStep": "dangjian.organizations.admission.steps.ASKABLE",
        "PostHeld": "dangjian.organizations.models.Post.choices",
        "DuesKind": "dangjian.rules.dues.KINDS",
        "StepState": "dangjian.rules.admission.STATES",
        "TermState": "dangjian.rules.terms.STATES",
        "OrganizationTermState": "dangjian.organizations.elections.terms.STATES",
        "ElectionState": "dangjian.organizations.elections.models.ElectionState.values",
        "ElectionAct": "dangjian.organizations.elections.models.ElectionAct.values",
    },
}

# --- seeing inside ---------------------------------------------------------------------------------------------
LOGGING = logging_config(
    json=env.bool("LOG_JSON", default=not DEBUG), level=env.str("LOG_LEVEL", default="INFO")
)
LOGGING_CONFIG = "dangjian.config.logs.configure"
SENTRY_DSN = env.str("SENTRY_DSN", default="")
SENTRY_ENVIRONMENT = env.str("SENTRY_ENVIRONMENT", default="production")
METRICS_PORT = env.int("METRICS_PORT", default=0)
METRICS_ADDRESS = env.str("METRICS_ADDRESS", default="127.0.0.1")
PROMETHEUS_EXPORT_MIGRATIONS = False

SILENCED_SYSTEM_CHECKS = [
    "security.W003",  # CSRF is on; the check looks for django.contrib's own middleware order only
]
