#!/usr/bin/env bash
# Installs the real clients, peers and measuring tools that the suites drive: only what is missing, and nothing inside the checkout.
#
#   testing/tools/install.sh           everything
#   testing/tools/install.sh apt|go    one half, so that a caller can run the two side by side; what comes from PyPI belongs to apt
#
# Go and Python tools land in $LADING_TOOLS/bin (default: ~/.cache/lading-tools/bin), each at the version pinned below.
set -euo pipefail

tools=${LADING_TOOLS:-$HOME/.cache/lading-tools}
part=${1:-all}

# command:package; a command that is there already is left as it is, whoever installed it.
packages='
dockerd:docker.io
iptables:iptables
podman:podman
buildah:buildah
skopeo:skopeo
containerd:containerd
ctr:containerd
docker-registry:docker-registry
redis-server:redis-server
nginx:nginx-light
wrk:wrk
ab:apache2-utils
strace:strace
'

# Debian would start these by itself.
services='docker-registry redis-server nginx'

# command module package version
go_tools='
crane     github.com/google/go-containerregistry    github.com/google/go-containerregistry/cmd/crane     v0.22.1
regctl    github.com/regclient/regclient            github.com/regclient/regclient/cmd/regctl            v0.11.7
registry  github.com/distribution/distribution/v3   github.com/distribution/distribution/v3/cmd/registry v3.1.1
versitygw github.com/versity/versitygw              github.com/versity/versitygw/cmd/versitygw           v1.8.0
oras      oras.land/oras                            oras.land/oras/cmd/oras                              v1.3.0
helm      helm.sh/helm/v3                           helm.sh/helm/v3/cmd/helm                             v3.22.0
'

# An S3 server of another make than versitygw, with all that it needs, so that it is the same tomorrow.
ministack='
ministack==1.5.33
botocore==1.43.106
defusedxml==0.7.1
graphql-core==3.2.12
h11==0.16.0
h2==4.4.1
hpack==4.2.0
hypercorn==0.18.0
hyperframe==6.1.0
jmespath==1.1.0
jsonata-python==0.7.1
priority==2.0.0
python-dateutil==2.9.0.post0
pyyaml==6.0.3
six==1.17.0
urllib3==2.8.0
wsproto==1.3.2
'

say() { printf 'tools: %s\n' "$*"; }

install_packages() {
  local missing=() entry
  for entry in $packages; do
    PATH=$PATH:/usr/sbin:/sbin command -v "${entry%%:*}" >/dev/null || missing+=("${entry##*:}")
  done
  has_venv || missing+=(python3-venv)
  if [ ${#missing[@]} -eq 0 ]; then
    say 'packages: nothing missing'
    return
  fi
  if [ "$(id -u)" -ne 0 ]; then
    say "not root, so these packages stay missing: ${missing[*]}. Install them with: sudo apt-get install ${missing[*]}"
    return
  fi
  say "packages: ${missing[*]}"
  # The tests start every daemon themselves; Debian would start its own as well, on the usual ports.
  local policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
    trap "rm -f $policy" EXIT
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q
  apt-get install -y -q --no-install-recommends "${missing[@]}"
  [ -d /run/systemd/system ] || return 0
  local service
  for service in $services; do
    # nginx comes with nginx-light.
    [[ " ${missing[*]} " == *" $service"* ]] && systemctl disable "$service"
  done
  return 0
}

has_venv() { python3 -c 'import ensurepip, venv' 2>/dev/null; }

install_ministack() {
  local folder=$tools/ministack version
  version=$(grep -o '^ministack==.*' <<<"$ministack")
  version=${version#*==}
  if [ -x "$tools/bin/ministack" ] && compgen -G "$folder/lib/python3*/site-packages/ministack-$version.dist-info" >/dev/null; then
    say "ministack $version is there"
    return
  fi
  if ! has_venv; then
    say 'python3 with venv is not installed, so ministack stays missing'
    return
  fi
  say "ministack $version: installing"
  mkdir -p "$tools/bin"
  rm -rf "$folder" "$tools/bin/ministack"
  python3 -m venv "$folder"
  "$folder/bin/pip" install --quiet --disable-pip-version-check --no-deps --requirement <(printf '%s' "$ministack")
  ln -sf ../ministack/bin/ministack "$tools/bin/ministack"
}

installed_version() {
  go version -m "$tools/bin/$1" 2>/dev/null | awk -v module="$2" '$1 == "mod" && $2 == module { print $3 }'
}

install_go_tools() {
  if ! command -v go >/dev/null; then
    say 'go is not installed, so crane, regctl, registry, versitygw, oras and helm stay missing'
    return
  fi
  mkdir -p "$tools/bin"
  local command module package version
  while read -r command module package version; do
    [ -n "$command" ] || continue
    if [ "$(installed_version "$command" "$module")" = "$version" ]; then
      say "$command $version is there"
      continue
    fi
    say "$command $version: building"
    build_go_tool "$command" "$package" "$version"
  done <<<"$go_tools"
}

# In a module of its own rather than with `go install package@version`, which refuses oras: its module has replacements,
# and the checksum database does not know it.
build_go_tool() {
  local folder
  folder=$(mktemp -d)
  (
    cd "$folder"
    go mod init tool
    GONOSUMDB=oras.land GOFLAGS=-mod=mod go get "$2@$3"
    GONOSUMDB=oras.land GOFLAGS=-mod=mod go build -o "$tools/bin/$1.new" "$2"
    mv "$tools/bin/$1.new" "$tools/bin/$1"
  ) >"$folder.log" 2>&1 || { cat "$folder.log" >&2; say "$1 did not build"; exit 1; }
  rm -rf "$folder" "$folder.log"
}

case $part in
apt)
  install_packages
  install_ministack
  ;;
go) install_go_tools ;;
all)
  install_packages
  install_ministack
  install_go_tools
  ;;
*)
  say "unknown part '$part': give apt, go, or nothing for both"
  exit 2
  ;;
esac
