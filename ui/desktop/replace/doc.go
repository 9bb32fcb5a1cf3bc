// Package replace is the wizard in which this computer takes the place of another one
// of the account: choose it, get files, decide what is taken over, finish.
//
// Its one idea: the wizard keeps nothing. How far it is is the engine's Replacement,
// read when the screen is shown and saved with every step, so that closing the window,
// a restart and an engine in another process all come back to the same step; and what
// it shows before Finish is a plan. Leaving the screen ends nothing.
//
// It promises that no engine call runs on the UI goroutine, that nothing is applied
// before Finish, and that a sign-in that the server wants at the end loses no step
// (package afresh).
//
// words.go and tree.go are pure; screen.go owns the state; the files named after steps
// draw one step each.
package replace
