#!/bin/bash
# Runs a command with a private session bus and an unlocked gnome-keyring on it:
# no display, no prompt, nothing of the user's own keychain. For tests.
#
#	packaging/linux/with-keyring.sh COMMAND...
#
# Needs the packages dbus and gnome-keyring.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export HOME=$folder/home XDG_RUNTIME_DIR=$folder/run XDG_DATA_HOME=$folder/data XDG_CACHE_HOME=$folder/cache
mkdir -m 700 "$HOME" "$XDG_RUNTIME_DIR" "$XDG_DATA_HOME" "$XDG_CACHE_HOME"

dbus-run-session -- bash -c '
	printf %s private | gnome-keyring-daemon --unlock --foreground --components=secrets >/dev/null 2>&1 &
	keyring=$!
	owned() {
		dbus-send --session --print-reply --dest=org.freedesktop.DBus / \
			org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets 2>/dev/null | grep -q "boolean true"
	}
	for i in $(seq 1800); do owned && break; sleep .1; done
	status=0
	"$@" || status=$?
	kill "$keyring" 2>/dev/null || true
	wait "$keyring" 2>/dev/null || true
	exit "$status"
' with-keyring "$@"
