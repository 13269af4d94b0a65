# Lading as an image. It stands in for CNCF distribution's: `image: registry:2` or `registry:3` can be replaced by it and nothing else changes.
#
#   docker build -t lading .
#   docker run -p 5000:5000 -v lading:/var/lib/registry lading
#
# It runs as user 1000. A volume that registry:2 wrote belongs to root: give it over once,
#   docker run --rm --user 0:0 --entrypoint chown -v VOLUME:/var/lib/registry lading -R 1000:1000 /var/lib/registry
# or stay root as the old registry was, with `user: "0:0"` in the compose file (`docker run --user 0:0`).

ARG NODE_IMAGE=node:26-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# The optional packages are Node itself, which the base image has.
RUN npm ci --omit=dev --omit=optional

FROM ${NODE_IMAGE}
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="Lading" \
      org.opencontainers.image.description="An OCI distribution registry, a drop-in for CNCF distribution" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
ENV NODE_ENV=production
WORKDIR /opt/lading
COPY package.json LICENSE ./
COPY bin bin
COPY deploy/image deploy/image
COPY deploy/image/config.yml /etc/lading/config.yml
COPY --from=dependencies /build/node_modules node_modules
COPY --from=build /build/dist dist
# Where registry:2 and registry:3 have their configuration and their program: mounts and commands written for them work.
# The storage folder's owner becomes that of a new volume.
RUN mkdir -p /etc/docker/registry /etc/distribution \
 && ln -s /etc/lading/config.yml /etc/docker/registry/config.yml \
 && ln -s /etc/lading/config.yml /etc/distribution/config.yml \
 && ln -s /opt/lading/bin/lading /bin/lading \
 && ln -s /opt/lading/bin/lading /bin/registry \
 && chmod 755 bin/lading deploy/image/entrypoint.sh \
 && install -d -o 1000 -g 1000 /var/lib/registry
# As a number, so that Kubernetes can see that it is not root.
USER 1000:1000
VOLUME /var/lib/registry
EXPOSE 5000
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["node", "/opt/lading/deploy/image/healthcheck.js"]
ENTRYPOINT ["/opt/lading/deploy/image/entrypoint.sh"]
CMD ["serve"]
