//go:build !linux && !windows

package schedule

// systemPower: macOS tells only through a framework that needs cgo.
func systemPower() PowerReader { return Fixed{} }
