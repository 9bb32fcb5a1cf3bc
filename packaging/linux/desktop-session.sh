#!/usr/bin/env bash
# desktop-session.sh CMD…: runs CMD on a private desktop and leaves nothing behind.
#
# The desktop is what the program meets on a person's computer: an X server with a window manager, a panel with a
# tray, a session bus, an unlocked keyring, and a home folder of its own. CMD sees HOLDFAST_SESSION, the folder that
# holds all of it, and HOLDFAST_LOGS, where it may put logs. After a failure the logs are kept and their place is said.
#
# Needs: xvfb, openbox, x11-utils, dbus, xfce4-panel, gnome-keyring. HOLDFAST_SCREEN sets the size (1400x900x24).
set -eu

screen=${HOLDFAST_SCREEN:-1400x900x24}

# until_true SECONDS WHAT CMD…: waits for CMD to succeed.
until_true() {
  local limit=$1 what=$2 end=$((SECONDS + $1))
  shift 2
  until "$@" >/dev/null 2>&1; do
    if [ $SECONDS -ge "$end" ]; then
      echo "desktop-session: $what did not appear within $limit seconds" >&2
      return 1
    fi
    sleep 0.1
  done
}

on_bus() {
  dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner "string:$1" |
    grep -q 'boolean true'
}

has_window_manager() { xprop -root _NET_SUPPORTING_WM_CHECK | grep -q 'window id'; }

write_panel() {
  local width=${screen%%x*} rest=${screen#*x}
  local height=${rest%%x*}
  mkdir -p "$XDG_CONFIG_HOME/xfce4/xfconf/xfce-perchannel-xml"
  cat >"$XDG_CONFIG_HOME/xfce4/xfconf/xfce-perchannel-xml/xfce4-panel.xml" <<X
<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array"><value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=8;x=$((width / 2));y=$((height - 15))"/>
      <property name="length" type="uint" value="100"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="size" type="uint" value="30"/>
      <property name="plugin-ids" type="array"><value type="int" value="1"/><value type="int" value="2"/><value type="int" value="3"/></property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="separator"><property name="expand" type="bool" value="true"/><property name="style" type="uint" value="0"/></property>
    <property name="plugin-2" type="string" value="systray"><property name="square-icons" type="bool" value="true"/></property>
    <property name="plugin-3" type="string" value="clock"/>
  </property>
</channel>
X
}

# ours lists the processes of this desktop: they carry its folder in their environment. The bus and the shell inside are
# left out; they end by themselves when the others have.
ours() {
  local path pid
  for path in $(grep -lzsxF "HOLDFAST_SESSION=$dir" /proc/[0-9]*/environ); do
    pid=${path#/proc/} pid=${pid%/environ}
    case "$pid $(cat "/proc/$pid/comm" 2>/dev/null)" in
      "$(cat "$dir/inside" 2>/dev/null) "* | *' dbus-daemon' | *' dbus-run-sessio') ;;
      *) echo "$pid" ;;
    esac
  done
}

# end_ours asks them to end, and makes them after three seconds.
end_ours() {
  local pid i
  for pid in $(ours); do kill "$pid" 2>/dev/null || true; done
  for i in $(seq 30); do
    [ -n "$(ours)" ] || return 0
    sleep 0.1
  done
  for pid in $(ours); do kill -KILL "$pid" 2>/dev/null || true; done
}

# The inside: what runs below dbus-run-session. Its stderr is the bus's log; CMD gets the caller's.
if [ "${1:-}" = --inside ]; then
  shift
  exec 2>&4 4>&-
  dir=$HOLDFAST_SESSION
  echo $$ >"$dir/inside"
  trap : INT TERM HUP # the outside ends CMD; what was started here is then waited for
  openbox >"$HOLDFAST_LOGS/openbox.log" 2>&1 &
  printf %s private |
    gnome-keyring-daemon --unlock --foreground --components=secrets >"$HOLDFAST_LOGS/keyring.log" 2>&1 &
  until_true 180 'the window manager' has_window_manager
  write_panel
  xfce4-panel --disable-wm-check >"$HOLDFAST_LOGS/panel.log" 2>&1 &
  until_true 180 'the keyring' on_bus org.freedesktop.secrets
  until_true 180 'the tray' on_bus org.kde.StatusNotifierWatcher
  rc=0
  "$@" || rc=$?
  end_ours
  wait
  exit "$rc"
fi

if [ $# = 0 ]; then
  echo 'usage: desktop-session.sh CMD…' >&2
  exit 2
fi
for need in Xvfb openbox xprop dbus-run-session dbus-send xfce4-panel gnome-keyring-daemon; do
  command -v "$need" >/dev/null || { echo "desktop-session: $need is not installed" >&2; exit 2; }
done

self=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/${BASH_SOURCE[0]##*/}
dir=$(mktemp -d "${TMPDIR:-/tmp}/holdfast-desktop.XXXXXX")
mkdir -m 700 "$dir/ann" "$dir/run" "$dir/logs"
mkdir "$dir/ann/Documents" "$dir/ann/Desktop" "$dir/ann/Downloads" "$dir/ann/Pictures"
xvfb='' session=''

tear_down() {
  local rc=$?
  trap - EXIT INT TERM HUP
  end_ours
  if [ -n "$session" ]; then wait "$session" 2>/dev/null || true; fi
  if [ -n "$xvfb" ]; then
    kill "$xvfb" 2>/dev/null || true
    wait "$xvfb" 2>/dev/null || true
  fi
  if [ "$rc" != 0 ]; then
    local kept
    kept=$(mktemp -d "${TMPDIR:-/tmp}/holdfast-logs.XXXXXX")
    cp -r "$dir/logs/." "$kept" 2>/dev/null || true
    echo "desktop-session: ended with $rc, logs are in $kept" >&2
  fi
  rm -rf "$dir"
  exit "$rc"
}
trap tear_down EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# The server finds a free display number itself and says which.
Xvfb -displayfd 3 -screen 0 "$screen" -nolisten tcp -noreset 3>"$dir/display" >"$dir/logs/xvfb.log" 2>&1 &
xvfb=$!
until_true 180 'the X server' test -s "$dir/display"

# Go's caches stay where they are; everything else of the caller's home is out of reach.
if command -v go >/dev/null; then
  GOCACHE=$(go env GOCACHE) GOMODCACHE=$(go env GOMODCACHE) GOPATH=$(go env GOPATH)
  export GOCACHE GOMODCACHE GOPATH
fi
env -u WAYLAND_DISPLAY -u XAUTHORITY -u DBUS_SESSION_BUS_ADDRESS -u SSH_AUTH_SOCK -u LC_ALL -u LANGUAGE \
  HOLDFAST_SESSION="$dir" HOLDFAST_LOGS="$dir/logs" DISPLAY=":$(tr -d '[:space:]' <"$dir/display")" \
  HOME="$dir/ann" XDG_RUNTIME_DIR="$dir/run" XDG_CONFIG_HOME="$dir/ann/.config" XDG_DATA_HOME="$dir/ann/.local/share" \
  XDG_CACHE_HOME="$dir/ann/.cache" XDG_STATE_HOME="$dir/ann/.local/state" \
  XDG_SESSION_TYPE=x11 XDG_CURRENT_DESKTOP=XFCE LANG="${HOLDFAST_LANG:-en_US.UTF-8}" FYNE_SCALE=1 LIBGL_ALWAYS_SOFTWARE=1 \
  GIO_USE_VFS=local NO_AT_BRIDGE=1 \
  dbus-run-session -- "$self" --inside "$@" 4>&2 2>"$dir/logs/bus.log" &
session=$!
rc=0
wait "$session" || rc=$?
session=''
exit "$rc"
