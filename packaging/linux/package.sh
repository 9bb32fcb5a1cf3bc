#!/usr/bin/env bash
# package.sh VERSION: makes build/*.deb and build/*.rpm from build/holdfast and build/holdfast-desktop, and looks at what came
# out: files where a desktop looks for them, nothing that runs at installation, and no library that is not asked for.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export VERSION=$1
ARCH=$(go env GOARCH)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || date +%s)
export ARCH SOURCE_DATE_EPOCH

desktop-file-validate packaging/linux/*.desktop
appstreamcli validate --no-net packaging/linux/*.metainfo.xml

# Packages of an older version would only confuse.
rm -f build/*.deb build/*.rpm
for package in command desktop; do
  for format in deb rpm; do
    go tool -modfile=packaging/tools/go.mod nfpm package --config "packaging/linux/nfpm-$package.yaml" --packager "$format" --target build/
  done
done

unpacked=$(mktemp -d "${TMPDIR:-/tmp}/holdfast-package.XXXXXX")
trap 'rm -rf "$unpacked"' EXIT
fail() { echo "package: $*" >&2; exit 1; }
for deb in build/*.deb; do
  dpkg-deb --extract "$deb" "$unpacked"
  dpkg-deb --control "$deb" "$unpacked/control"
  for script in preinst postinst prerm postrm; do
    [ ! -e "$unpacked/control/$script" ] || fail "$deb runs $script"
  done
  rm -r "$unpacked/control"
done
for path in usr/bin/holdfast usr/bin/holdfast-desktop; do
  [ -x "$unpacked/$path" ] || fail "no $path"
done
if ldd "$unpacked/usr/bin/holdfast" 2>/dev/null | grep -q '=>'; then fail 'the command needs libraries'; fi
program=$(sed -n 's/^Exec=\([^ ]*\).*/\1/p' "$unpacked/usr/share/applications/org.holdfast.Desktop.desktop")
icon=$(sed -n 's/^Icon=//p' "$unpacked/usr/share/applications/org.holdfast.Desktop.desktop")
[ -x "$unpacked/usr/bin/$program" ] || fail "the menu entry starts $program"
[ -f "$unpacked/usr/share/icons/hicolor/scalable/apps/$icon.svg" ] || fail "the menu entry shows $icon"
"$unpacked/usr/bin/holdfast" --help >/dev/null || fail 'the command does not start'

# Each library that the window is linked with comes from a package that is named as a dependency.
depends=$(dpkg-deb --field build/holdfast-desktop_*.deb Depends | tr -d ' ' | tr ',' '\n')
objdump -p "$unpacked/usr/bin/holdfast-desktop" | awk '$1 == "NEEDED" { print $2 }' | while read -r library; do
  path=$(ldconfig -p | awk -v l="$library" '$1 == l { print $NF; exit }')
  owner=$(dpkg-query --search "$(readlink -f "$path")" "$path" 2>/dev/null | head -n 1 | cut -d: -f1) || true
  grep -qx "$owner" <<<"$depends" || fail "$library comes from $owner, which is no dependency"
done
ls -l build/*.deb build/*.rpm
