package main

import "github.com/godbus/dbus/v5"

// saysAppearance says whether the desktop tells programs if it is light or dark.
// (XDG Desktop Portal, org.freedesktop.portal.Settings, color-scheme)
func saysAppearance() bool {
	bus, err := dbus.ConnectSessionBus()
	if err != nil {
		return false
	}
	defer bus.Close()
	var scheme dbus.Variant
	err = bus.Object("org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop").
		Call("org.freedesktop.portal.Settings.Read", dbus.FlagNoAutoStart, "org.freedesktop.appearance", "color-scheme").Store(&scheme)
	return err == nil
}
