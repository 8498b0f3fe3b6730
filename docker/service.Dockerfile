# The service on a CPU, in the smallest environment that is whole: Debian's own Python, the pinned
# dependencies, the service's sources and the model. The context is the repository's root, and
# .dockerignore lets in just what is copied here.

FROM docker.io/library/debian:bookworm-slim AS build
# Debian keeps one version a package, so a pinned one could soon not be installed any more.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/posewire
COPY pyproject.toml requirements.lock LICENSE ./
# Without the sources pip installs just what they depend on, and a change of theirs does not
# install anew. The README is named in pyproject.toml, but a word in it is no reason to, either.
# pip has done its work then and goes, with the setuptools that a venv of Debian's brings.
RUN touch README.md \
    && python3 -m venv .venv \
    && .venv/bin/pip install --no-cache-dir -c requirements.lock ".[cpu]" \
    && .venv/bin/pip uninstall --yes setuptools pip


FROM docker.io/library/debian:bookworm-slim
# tini, because the kernel drops a SIGTERM that process 1 has no handler for: without it a stop
# while Python is still importing would be lost.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3 tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin posewire

# model, service and the rest are plain top-level packages: Python finds them in its working folder.
WORKDIR /opt/posewire
COPY --from=build /opt/posewire/.venv .venv
COPY LICENSE ./
COPY docker/ready.py docker/
COPY weights/*.onnx weights/
COPY model/__init__.py model/py.typed model/
COPY model/pose model/pose
COPY service service
# Once now, because the service may write nowhere.
RUN .venv/bin/python -m compileall -q model service

# ONNX Runtime would report its sessions to its maker; it reads the opt-out when it is imported.
ENV PATH=/opt/posewire/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    ORT_DISABLE_TELEMETRY=1 \
    POSEWIRE_HOST=0.0.0.0 \
    POSEWIRE_PORT=8000

ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="posewire" \
      org.opencontainers.image.description="Poses in, action labels out, over a websocket" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.base.name="docker.io/library/debian:bookworm-slim"

# By number, so that an orchestrator can see that it is not root.
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "docker/ready.py"]
ENTRYPOINT ["tini", "--", "python", "-m", "service"]
CMD ["serve"]
