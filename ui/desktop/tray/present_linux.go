package tray

import "github.com/godbus/dbus/v5"

// Present says whether the desktop has a tray, by asking who owns its name: a
// program that hid in a tray that is not there could not be found again.
// (https://www.freedesktop.org/wiki/Specifications/StatusNotifierItem/)
func Present() bool {
	bus, err := dbus.ConnectSessionBus()
	if err != nil {
		return false
	}
	defer bus.Close()
	var owned bool
	err = bus.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, "org.kde.StatusNotifierWatcher").Store(&owned)
	return err == nil && owned
}
