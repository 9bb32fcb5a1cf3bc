// Package settings is the screen on which a person changes how the program works.
//
// Its one idea: every change is saved at once and can be undone from the line that
// says so, so there is no Save button and nothing to forget. What cannot be undone
// (disconnecting, revoking a key, a new recovery code) asks first in a sheet that
// says what it means for the files. Only what exists is shown.
//
// It promises that no engine call runs on the UI goroutine, that saves reach the
// engine in the order in which the changes were made, and that a refused change is
// taken back on the screen with the reason beside it. What a setting does is the
// engine's; the theme and the tray are the shell's, which hears of each change
// through Deps.Changed.
//
// words.go, choices.go and hours.go are pure; screen.go owns the state; the files
// named after sections draw one section each.
package settings
