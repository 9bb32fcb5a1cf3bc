//go:build !linux

package tray

// Present says whether the desktop has a tray; Windows and macOS always have.
func Present() bool { return true }
