# One image, several entry points: web (pages and API), live (sockets), worker, migrate; anything else is a command
# of manage.py. See docs/how-to/run-in-production.md.
FROM python:3.13-slim-bookworm AS packages
COPY requirements.lock ./
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --quiet --no-cache-dir --require-hashes -r requirements.lock

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /app --create-home dangjian \
 && install -d -o dangjian -g dangjian /data /data/media
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY platform platform
COPY tenants tenants
COPY realtime realtime
COPY --chmod=755 scripts/entrypoint /usr/local/bin/entrypoint
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app:/app/platform \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=dangjian.config.settings \
    MEDIA_ROOT=/data/media \
    STATIC_ROOT=/app/staticfiles
# A key for this one command: the collected files do not depend on it.
RUN SECRET_KEY=only-to-collect-static-files-at-build-time IDENTITY_LOCAL_IN_PRODUCTION=1 \
    python platform/manage.py collectstatic --no-input --verbosity 0
USER dangjian
VOLUME /data
EXPOSE 8000 8001
ENTRYPOINT ["entrypoint"]
CMD ["web"]
