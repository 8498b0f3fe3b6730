# posewire-stream with OpenCV, for a webcam, a video file or an RTSP address: the sidecar of
# docker-compose.yml. It knows the service by its address alone.

FROM docker.io/library/debian:bookworm-slim AS build
# Debian keeps one version a package, so a pinned one could soon not be installed any more.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/posewire
COPY requirements.lock ./
COPY clients/python/pyproject.toml clients/python/README.md clients/python/
COPY clients/python/posewire_client clients/python/posewire_client
# OpenCV without windows, which needs no library of a desktop; it brings FFmpeg for RTSP.
# The secret `certificates` is for a proxy that signs anew, by docker/proxy.yml; it is in no layer.
RUN --mount=type=secret,id=certificates,target=/etc/ssl/certs/ca-certificates.crt \
    python3 -m venv .venv \
    && .venv/bin/pip install --no-cache-dir -c requirements.lock ./clients/python opencv-python-headless==5.0.0.93 \
    && .venv/bin/pip uninstall --yes setuptools pip


FROM docker.io/library/debian:bookworm-slim
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3 tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin posewire
WORKDIR /opt/posewire
COPY --from=build /opt/posewire/.venv .venv
ENV PATH=/opt/posewire/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="posewire-camera" \
      org.opencontainers.image.description="Streams a camera to posewire and prints its labels" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.base.name="docker.io/library/debian:bookworm-slim"

USER 10001:10001
# As Ctrl-C, which it takes for the end: it lets the camera go and sums up.
STOPSIGNAL SIGINT
ENTRYPOINT ["tini", "--", "posewire-stream"]
