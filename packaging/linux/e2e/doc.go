// Package e2e uses the built program as a person does: a real window on a real
// X server, a real pointer and keyboard, a real tray and keyring.
//
// The tests start a private desktop (../desktop-session.sh) around themselves and
// the program in it. They find things on the screen by what they say, in the map
// that ui/desktop/uimap writes, wait for what has to appear and take a picture of
// every step. Coordinates come from the map only, and nothing waits by sleeping
// where there is something to wait for.
//
// HOLDFAST_DESKTOP names a built program; without it the tests build
// app/holdfast-desktop. HOLDFAST_SERVER and HOLDFAST_BIN do the same for the server
// and the command. HOLDFAST_PICTURES is a folder for the pictures, which are
// else kept in a temporary one; its path is printed. The tests need xvfb, openbox,
// x11-utils, xdotool, imagemagick, dbus, xfce4-panel, gnome-keyring and chromium.
package e2e
