# A container with the server, ffmpeg and nothing to build with; run as a user without rights.
# It has not been built where it was written: try `docker build -t mediamtx-pro .` and the health check before you rely on it.
# Needs only Debian's packages and the npm registry. How to run it: apidocs/install.md.

FROM debian:trixie-slim AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates libatomic1 nodejs npm \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/mediamtx-pro
COPY package.json package-lock.json ./
# Debian's Node.js only runs npm; the one that runs the server is the package `node` of the registry.
RUN npm ci --no-audit --no-fund \
    && cp --dereference node_modules/node/bin/node /usr/local/bin/node26 \
    && /usr/local/bin/node26 --version \
    && npm prune --omit=dev --no-audit --no-fund
COPY core ./core
COPY pro ./pro
COPY mediamtx.yml config.yml LICENSE README.md ./
# Fails the build when anything of the program is missing.
RUN node26 pro/launch.js --version

FROM debian:trixie-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates ffmpeg libatomic1 libstdc++6 tini tzdata \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 8554 --user-group --home-dir /var/lib/mediamtx-pro --create-home mediamtx-pro
COPY --from=build /usr/local/bin/node26 /usr/local/bin/node
COPY --from=build /opt/mediamtx-pro /opt/mediamtx-pro
# Configuration, recordings and tokens: everything that has to outlive the container.
COPY --chown=mediamtx-pro:mediamtx-pro mediamtx.yml config.yml /var/lib/mediamtx-pro/
# The demo path of the shipped mediamtx.yml names a file beside it.
RUN ln -s /opt/mediamtx-pro/core /var/lib/mediamtx-pro/core \
    && install --directory --owner=mediamtx-pro --group=mediamtx-pro /var/lib/mediamtx-pro/recordings
WORKDIR /var/lib/mediamtx-pro
USER mediamtx-pro
VOLUME /var/lib/mediamtx-pro/recordings
# RTSP, its RTP and RTCP; WHIP, WHEP and pages; all WebRTC media; API.
EXPOSE 8554/tcp 8000/udp 8001/udp 8889/tcp 8189/udp 8189/tcp 9997/tcp
# The server closes its files within 3 s and ends within 5 s; docker stop waits 10 s.
STOPSIGNAL SIGTERM
# /health and /ready answer without a token. Change the URL with the key apiAddress.
HEALTHCHECK --interval=15s --timeout=5s --start-period=15s --retries=3 \
    CMD ["node", "-e", "fetch('http://127.0.0.1:9997/health').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["tini", "--", "node", "/opt/mediamtx-pro/pro/launch.js"]
CMD ["--config", "/var/lib/mediamtx-pro/config.yml"]
