"""Pages and API for granian; see docs/how-to/run-in-production.md."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dangjian.config.settings")
application = get_wsgi_application()

from dangjian.config.checks import refuse_insecure_settings  # noqa: E402  (needs the apps loaded)
from dangjian.config.observability import serve_metrics  # noqa: E402

refuse_insecure_settings()
serve_metrics()
