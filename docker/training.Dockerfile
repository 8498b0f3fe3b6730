# Training and export on CUDA devices, a process each by torchrun. PyTorch's own wheel brings CUDA; the
# driver comes from the host, by NVIDIA's container toolkit. Stores and runs are mounted where they lie
# in a clone:
#
#   docker build --file docker/training.Dockerfile --tag posewire:training .
#   docker run --rm --gpus all --shm-size 2g --user "$(id -u):$(id -g)" \
#       --volume "$PWD/data:/opt/posewire/data" --volume "$PWD/runs:/opt/posewire/runs" \
#       posewire:training --nproc-per-node 2 -m training pretrain --store data/nw_ucla --out runs/nw

FROM docker.io/library/debian:bookworm-slim AS build
# Debian keeps one version a package, so a pinned one could soon not be installed any more.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/posewire
COPY pyproject.toml requirements.lock LICENSE ./
# The secret `certificates` is for a proxy that signs anew: --secret id=certificates,src=FILE with the
# command above; it is in no layer.
RUN --mount=type=secret,id=certificates,target=/etc/ssl/certs/ca-certificates.crt \
    touch README.md \
    && python3 -m venv .venv \
    && .venv/bin/pip install --no-cache-dir -c requirements.lock ".[cpu,train,export]" \
    && .venv/bin/pip uninstall --yes pip


FROM docker.io/library/debian:bookworm-slim
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3 tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin posewire
WORKDIR /opt/posewire
COPY --from=build /opt/posewire/.venv .venv
COPY LICENSE ./
COPY model model
COPY training training
COPY export export
# Caches go where anybody may write, for the user is whoever owns what is mounted.
ENV PATH=/opt/posewire/.venv/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MPLCONFIGDIR=/tmp/matplotlib \
    ORT_DISABLE_TELEMETRY=1 \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility

ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="posewire-training" \
      org.opencontainers.image.description="Pretraining, fine-tuning and export of posewire's models" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.base.name="docker.io/library/debian:bookworm-slim"

USER 10001:10001
ENTRYPOINT ["tini", "--", "torchrun"]
CMD ["--nproc-per-node", "1", "-m", "training", "doctor", "--require", "cuda"]
