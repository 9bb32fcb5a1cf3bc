//go:build !linux

package main

// saysAppearance is true: Windows and macOS tell.
func saysAppearance() bool { return true }
