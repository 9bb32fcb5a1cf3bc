// Package signin is the first window: it connects this computer with the place
// where its files will be kept.
//
// Its one idea: one Step at a time, drawn from a plain State. The person chooses a
// folder or drive, is told in words what lies there before anything is written,
// and sees the recovery code once, with a check to say that it is kept. Or
// the person signs in to a server: the browser opens, nothing but the two fields is
// typed here, and on the way back this computer becomes a new one of the account or
// takes the place of another.
//
// It promises that no engine call runs on the UI goroutine, that an answer about
// an older address never shows for a newer one, and that neither the secret nor
// the code stays in its state once it is done.
package signin
