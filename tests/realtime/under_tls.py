"""The socket server behind TLS of its own: ``python -m tests.realtime.under_tls PORT FILE``."""

import sys

from realtime.server import serve


def main() -> None:
    port, certificate = sys.argv[1:]
    import django

    django.setup()
    from django.conf import settings
    from django.utils.module_loading import import_string

    # Origins are told from the scheme of the page, and this is the one server of the tests that has TLS itself.
    settings.REALTIME = {**settings.REALTIME, "insecure_origins": False}
    endpoint = f"ssl:{port}:privateKey={certificate}:certKey={certificate}:interface=127.0.0.1"
    serve(import_string(settings.ASGI_APPLICATION), endpoints=[endpoint])


main()
