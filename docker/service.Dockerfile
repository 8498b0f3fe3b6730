# The service, for a CPU (target cpu) and for CUDA and TensorRT (target gpu): Debian's own Python, the
# pinned dependencies, the service's sources and the models. The context is the repository's root, and
# .dockerignore lets in just what is copied here.
#
# Both targets have one base, so that the environments are made by the Python that runs them. CUDA and
# cuDNN are NVIDIA's own wheels, the versions that ONNX Runtime's wheel asks for, and not a base image
# of another distribution; the driver's part comes from the host, by NVIDIA's container toolkit.
#
# A step that fetches from PyPI or the npm registry trusts Debian's certificates, or those of the secret
# `certificates`, which docker/proxy.yml hands in: they are mounted for the step and in no layer.

FROM docker.io/library/debian:bookworm-slim AS base
# tini, because the kernel drops a SIGTERM that process 1 has no handler for: without it a stop
# while Python is still importing would be lost. The libraries are what MediaPipe and OpenCV load; what
# would draw on a screen with them, a compiler for shaders above all, is not unpacked: 200 MB.
# Debian keeps one version a package, so a pinned one could soon not be installed any more.
# hadolint ignore=DL3008
RUN printf 'path-exclude=/usr/lib/*/%s\n' 'dri/*' 'libLLVM*' 'libicu*' 'libz3*' \
        > /etc/dpkg/dpkg.cfg.d/no-screen \
    && apt-get update \
    && apt-get install --yes --no-install-recommends \
        libegl1 libgl1 libgles2 libglib2.0-0 python3 tini \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/posewire


FROM base AS tools
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3-venv \
    && rm -rf /var/lib/apt/lists/*
# Debian's pip reads this file; the rest of Python is told to.
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
RUN --mount=type=secret,id=certificates,target=/etc/ssl/certs/ca-certificates.crt \
    python3 -m venv /opt/sbom \
    && /opt/sbom/bin/pip install --no-cache-dir cyclonedx-bom==7.5.0
COPY pyproject.toml requirements.lock LICENSE docker/gpu.lock ./
# Without the sources pip installs just what they depend on, and a change of theirs does not
# install anew. The README is named in pyproject.toml, but a word in it is no reason to, either.
RUN touch README.md && python3 -m venv .venv


# Each environment has exactly one of onnxruntime and onnxruntime-gpu. MediaPipe has wheels of this
# version for x86-64 alone; elsewhere pictures are refused. pip has done its work then and goes, with
# the setuptools that a venv of Debian's brings; what is left is written down with its licences.
FROM tools AS cpu-environment
RUN --mount=type=secret,id=certificates,target=/etc/ssl/certs/ca-certificates.crt \
    case "$(uname -m)" in x86_64) extras=cpu,images,otel ;; *) extras=cpu,otel ;; esac \
    && .venv/bin/pip install --no-cache-dir -c requirements.lock ".[$extras]" \
    && .venv/bin/pip uninstall --yes setuptools pip \
    && /opt/sbom/bin/cyclonedx-py environment --gather-license-texts --output-reproducible \
        --output-file sbom.cdx.json .venv


FROM tools AS gpu-environment
# TensorRT comes from NVIDIA's index. With TENSORRT= (empty) it is left out, and CUDA answers.
ARG TENSORRT=10.15.1.29
RUN --mount=type=secret,id=certificates,target=/etc/ssl/certs/ca-certificates.crt \
    case "$(uname -m)" in x86_64) extras=gpu,images,otel ;; *) extras=gpu,otel ;; esac \
    && .venv/bin/pip install --no-cache-dir -c requirements.lock -c gpu.lock ".[$extras]" \
        "onnxruntime-gpu[cuda,cudnn]" nvidia-cublas \
    && if [ -n "$TENSORRT" ]; then .venv/bin/pip install --no-cache-dir --no-deps \
        --extra-index-url https://pypi.nvidia.com "tensorrt-cu13-libs==$TENSORRT"; fi \
    && .venv/bin/pip uninstall --yes setuptools pip \
    && /opt/sbom/bin/cyclonedx-py environment --gather-license-texts --output-reproducible \
        --output-file sbom.cdx.json .venv


# The page is copied as it is committed: a test holds it, byte for byte, to what its sources build, so
# that a build stage with Node.js and its packages would make the same files from more to trust.
FROM cpu-environment AS app
COPY LICENSE ./
COPY docker/ready.py docker/
COPY weights/*.onnx weights/manifest.json weights/
COPY model/__init__.py model/py.typed model/
COPY model/pose model/pose
COPY service service
# The pose model and what the page finds poses with, where the npm registry can be reached. Compiled
# once now, because the service may write nowhere.
ARG NPM_REGISTRY=https://registry.npmjs.org
RUN --mount=type=secret,id=certificates,target=/etc/ssl/certs/ca-certificates.crt \
    export npm_config_registry="$NPM_REGISTRY" \
    && { .venv/bin/python -m service pose-model || echo "built without it: pictures are refused"; } \
    && { .venv/bin/python -m service page-runtime || echo "built without it: the page plays samples"; } \
    && .venv/bin/python -m compileall -q model service


FROM base AS service
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin posewire \
    && install --directory --owner=10001 --group=10001 /var/lib/posewire
# model, service and the rest are plain top-level packages: Python finds them in its working folder.
COPY --from=app /opt/posewire/LICENSE ./
COPY --from=app /opt/posewire/docker docker
COPY --from=app /opt/posewire/weights weights
COPY --from=app /opt/posewire/model model
COPY --from=app /opt/posewire/service service

# ONNX Runtime would report its sessions to its maker; it reads the opt-out when it is imported.
ENV PATH=/opt/posewire/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MPLCONFIGDIR=/tmp/matplotlib \
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


FROM service AS gpu
COPY --from=gpu-environment /opt/posewire/sbom.cdx.json ./
COPY --from=gpu-environment /opt/posewire/.venv .venv
# Where the wheels lay their libraries, which ONNX Runtime's providers are linked to.
ARG PACKAGES=/opt/posewire/.venv/lib/python3.11/site-packages
ENV LD_LIBRARY_PATH=$PACKAGES/nvidia/cu13/lib:$PACKAGES/nvidia/cudnn/lib:$PACKAGES/tensorrt_libs \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
# TensorRT may build an engine before the first answer.
HEALTHCHECK --interval=10s --timeout=3s --start-period=300s --retries=3 \
    CMD ["python", "docker/ready.py"]


# The last, and so what is built where no target is named.
FROM service AS cpu
COPY --from=cpu-environment /opt/posewire/sbom.cdx.json ./
COPY --from=cpu-environment /opt/posewire/.venv .venv
