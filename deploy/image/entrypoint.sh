#!/bin/sh
# Runs what `docker run` and compose files give as the command, in the ways that registry:2 and registry:3 understood:
# a configuration file, a command of ours with or without `registry` before it, or any other program.
set -e

case ${1-} in
*.yml | *.yaml) set -- serve "$@" ;;
registry | */registry | lading | */lading) shift ;;
-*) ;;
*) if command -v "${1-}" >/dev/null; then exec "$@"; fi ;;
esac
exec /opt/lading/bin/lading "$@"
