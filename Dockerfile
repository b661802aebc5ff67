# The service: exactly what uv.lock names, run without root, its data under /data.

FROM python:3.13-slim-trixie AS builder
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PROJECT_ENVIRONMENT=/opt/swx \
    UV_PYTHON_DOWNLOADS=never
# The Makefile names the same version.
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /source
# Libraries change less often than code: a layer of their own.
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-dev --extra parquet --no-install-project
COPY README.md ./
COPY migrations migrations
COPY app app
RUN uv sync --locked --no-dev --extra parquet --no-editable

FROM python:3.13-slim-trixie
# `swx backup` and `swx restore` run pg_dump and pg_restore, which must be no older than the server. Debian has one version,
# PostgreSQL's own archive has all; postgresql-common brings its key and the script that adds it.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-common \
    && /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y \
    && apt-get install --yes --no-install-recommends postgresql-client-18 \
    && rm -rf /var/lib/apt/lists/*
# A fixed number, so that the owner of a mounted volume can be set from outside.
RUN groupadd --system --gid 10001 swx \
    && useradd --system --uid 10001 --gid swx --home-dir /data --no-create-home --shell /usr/sbin/nologin swx \
    && install --directory --owner=swx --group=swx --mode=0750 /data
# The code and its migrations are installed in the environment; nothing else of the project is needed.
COPY --from=builder /opt/swx /opt/swx
ENV PATH=/opt/swx/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    SWX_DATA_DIR=/data \
    SWX_POSTGRESQL_BIN=/usr/lib/postgresql/18/bin
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
# No proxy may stand between the check and its own container.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "from urllib.request import ProxyHandler, build_opener; build_opener(ProxyHandler({})).open('http://127.0.0.1:8000/health', timeout=4)"]
CMD ["swx", "serve", "--host", "0.0.0.0", "--port", "8000"]
