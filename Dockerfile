# Three stages: the front end is built with Node.js, the packages are installed with hashes checked, and the image that
# runs has neither Node.js nor uv. It runs as an ordinary user and writes to /data alone.

FROM node:22-bookworm-slim AS front
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build

FROM python:3.13-slim-bookworm AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 UV_LINK_MODE=copy
COPY requirements/uv.txt requirements/runtime.txt /requirements/
RUN python -m venv /tools && /tools/bin/pip install --no-cache-dir --require-hashes -r /requirements/uv.txt
RUN python -m venv --without-pip /venv \
    && VIRTUAL_ENV=/venv /tools/bin/uv pip install --no-cache --require-hashes -r /requirements/runtime.txt

FROM python:3.13-slim-bookworm
RUN useradd --uid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin regulars \
    && install -d -o regulars -g regulars -m 0700 /data
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=crm.settings.production \
    REGULARS_HOME=/data \
    STATIC_ROOT=/app/collected \
    BIND=0.0.0.0:8000
WORKDIR /app
COPY --from=packages /venv /venv
COPY . .
COPY --from=front /app/static/dist static/dist
# The settings want addresses and a key; these serve this one step and are kept nowhere.
RUN python -m crm.translations compile \
    && SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(60))')" ALLOWED_HOSTS=build.invalid \
       DATABASE_URL=postgresql://build.invalid/x REDIS_URL=redis://build.invalid/0 REGULARS_HOME=/tmp/build \
       python manage.py collectstatic --no-input --verbosity 0 \
    && python -m compileall -q crm customers loyalty segmentation
USER regulars
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/live', timeout=4)"]
CMD ["gunicorn"]
