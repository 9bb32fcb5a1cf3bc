// Package home is the first screen: how this computer's backup stands, in one
// picture, one word and one sentence, with the few things to do about it.
//
// Its one idea: what is drawn is a function of a plain State, and words.go makes
// every sentence of it, so that nothing on the screen claims more than the engine
// said. Two figures move apart: files looked at, and bytes known to be new.
//
// It promises that no engine call runs on the UI goroutine and that it watches
// only while it is shown. Where Get Files, Manage Files and Details lead is the
// shell's.
package home
