# The service in an image of about 100 MB: Alpine, its Node.js (LTS), and one bundle of the program.
#   docker build -t logs-collector .
#   docker run -p 8000:8000 -v logs:/data logs-collector            serves
#   docker run … logs-collector backup /backups                     any other command, see --help
# For amd64 and arm64 alike: nothing below names a platform. Compiled is one file of C, the sandbox's launcher.

# Alpine 3.24's `nodejs` is Node.js 24. Both stages are of the same one, so that binaries chosen in the first run in the last.
ARG ALPINE=docker.io/library/alpine:3.24

FROM ${ALPINE} AS build
RUN apk add --no-cache nodejs npm
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
# The Node.js that package.json pins needs glibc. It is removed by its path, since `--omit=optional` would leave out the
# binaries of Argon2 and SWC as well; no install script runs before that (.npmrc), as each would run on it.
RUN npm ci --no-audit --no-fund && rm -rf node_modules/node-linux-* node_modules/.bin/node
COPY . .
RUN npm run build && node scripts/bundle.js /app

# Static, and of the image's platform: what it becomes brings its own libraries.
FROM ${ALPINE} AS launcher
RUN apk add --no-cache gcc musl-dev linux-headers
COPY src/sandbox/launcher/sandbox-launcher.c .
RUN gcc -O2 -static -s -Wall -Wextra -Werror -o /sandbox-launcher sandbox-launcher.c

FROM ${ALPINE}
RUN apk add --no-cache nodejs
COPY --from=build /app /app
# Beside the program, which looks for it there.
COPY --from=launcher /sandbox-launcher /app/dist/program/
COPY scripts/image/logs-collector /usr/local/bin/
COPY scripts/image/healthcheck.js /app/
# A number, so that an orchestrator can see that it is not root; a new volume takes over the folder's owner.
RUN mkdir -m 0700 /data && chown 10001:10001 /data
ENV NODE_ENV=production DATA_DIR=/data
# SQLite sorts what does not fit into memory in a file; nothing but the volume has to be writable.
ENV SQLITE_TMPDIR=/data
# Where a .env is read from, if one is mounted.
WORKDIR /app
USER 10001:10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 CMD ["node", "/app/healthcheck.js"]
# It becomes Node.js, which gets SIGTERM itself and drains. Give it SHUTDOWN_GRACE and ten seconds more: docker stop -t 40.
ENTRYPOINT ["logs-collector"]
CMD ["serve"]

ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title="Logs Collector" \
  org.opencontainers.image.description="Ticketed log-archive upload service" \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
