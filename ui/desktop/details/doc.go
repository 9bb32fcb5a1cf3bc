// Package details is the screen below Home for those who want to know: what is
// still to do, where the backup lies and how large it is, what deduplication and
// compression saved, what each day stored, what takes the space, and every file
// that could not be read, with the reason and what to do.
//
// Like every screen it draws a plain State and asks the engine beside the UI
// goroutine, while it is shown.
package details
