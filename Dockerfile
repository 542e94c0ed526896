# syntax=docker/dockerfile:1
# CPU build with the pinned versions, run as a user without rights. The networks are inside unless WEIGHTS=none.
#   docker build -t remnant .
#   docker build --build-arg WEIGHTS=none --secret id=pip,src=pip.conf -t remnant .
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ARG WEIGHTS=pull
# address of torch's index of CPU builds; without it pip chooses, which may be a CUDA build of several GB
ARG TORCH_INDEX=""
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 REMNANT_CACHE=/opt/remnant/cache
WORKDIR /src
COPY constraints.txt pyproject.toml README.md LICENSE NOTICE ./
COPY models models
COPY planning planning
COPY remnant remnant
COPY segmentation segmentation
COPY volumetry volumetry
# an index, proxy or certificate of one's own comes as a secret and stays out of the image
RUN --mount=type=secret,id=pip,target=/etc/pip.conf,required=false \
    python3 -m venv /opt/remnant/venv \
    && if [ -n "$TORCH_INDEX" ]; then \
         /opt/remnant/venv/bin/pip install --quiet -c constraints.txt --index-url "$TORCH_INDEX" torch; \
       fi \
    && /opt/remnant/venv/bin/pip install --quiet -c constraints.txt .
RUN --mount=type=secret,id=pip,target=/etc/pip.conf,required=false \
    mkdir -p "$REMNANT_CACHE" \
    && if [ "$WEIGHTS" != none ]; then \
         /opt/remnant/venv/bin/remnant models pull && rm -rf "$REMNANT_CACHE/downloads"; \
       fi \
    && chmod -R a+rX "$REMNANT_CACHE"

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="remnant" \
      org.opencontainers.image.description="Liver tumour burden, future liver remnant volumetry and surgical planning. Research use only." \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/remnant /opt/remnant
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin remnant
ENV PATH=/opt/remnant/venv/bin:$PATH \
    REMNANT_CACHE=/opt/remnant/cache \
    MPLCONFIGDIR=/tmp/matplotlib \
    PYTHONDONTWRITEBYTECODE=1
USER 10001
WORKDIR /cases
HEALTHCHECK --interval=5m --timeout=60s --start-period=10s --retries=2 CMD ["remnant", "doctor"]
ENTRYPOINT ["remnant"]
CMD ["--help"]
