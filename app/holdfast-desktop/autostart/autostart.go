// Package autostart has the desktop start the program at login, or not.
//
// On Linux it follows the Desktop Application Autostart Specification: a file in
// the person's configuration folder, which also overrides the one of the package.
// On Windows and macOS the installer arranges it and Set does nothing.
package autostart
