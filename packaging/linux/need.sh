#!/usr/bin/env bash
# need.sh PACKAGE…: installs those of the Debian packages that are missing, and makes sure that there is a Go. When nothing is
# missing it does nothing and needs no network. On systems without apt it leaves the packages to the person.
set -eu

if ! command -v go >/dev/null; then
  echo 'Go is missing. Holdfast is built with Go 1.26 or newer: https://go.dev/dl' >&2
  exit 1
fi
if [ "$(uname)" != Linux ] || ! command -v apt-get >/dev/null; then exit 0; fi

missing=()
for package in "$@"; do
  case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true) in
    installed) ;;
    *) missing+=("$package") ;;
  esac
done
[ ${#missing[@]} -gt 0 ] || exit 0

root=()
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || { echo "Please install, as root: apt-get install ${missing[*]}" >&2; exit 1; }
  root=(sudo)
fi
echo "Installing: ${missing[*]}"

# apt unpacks and runs things in its temporary folder; the system's own may be small or forbid running.
scratch=$("${root[@]}" mktemp -d /var/cache/holdfast-apt.XXXXXX)
trap '"${root[@]}" rm -rf "$scratch"' EXIT
"${root[@]}" chmod 1777 "$scratch"
apt() { "${root[@]}" env TMPDIR="$scratch" DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 "$@" </dev/null; }
install() { apt update && apt install -y --no-install-recommends "${missing[@]}"; }
install || { echo 'Once more, in case a server was busy.'; sleep 5; install; }
