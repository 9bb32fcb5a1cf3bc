// Package history is the screen that lists what happened: captures, restores,
// changes of settings, problems, checks and keys, the newest first.
//
// Its one idea: the list is a window on the engine's history that grows when it is
// scrolled. It can be searched and written to a file whole, not only as far as it
// was scrolled. It promises that no engine call runs on the UI goroutine and that
// the answer to an older search never shows below a newer one. What is worth an
// event and in which words is the engine's.
//
// pages.go and export.go are pure; screen.go owns the state; row.go draws a line.
package history
