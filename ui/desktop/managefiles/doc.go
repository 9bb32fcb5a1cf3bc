// Package managefiles is the screen on which a person chooses what is backed up.
//
// Its one idea: the screen holds a draft, an engine.Selection that is a plain
// value, and everything that is seen (marks, states, the live line, the reason of
// the selected row, the sizes of exclusions) is asked of the engine for that draft.
// A click edits the draft here (choices.go), shows the likely marks at once and
// lets the engine's answer replace them. Nothing is backed up or taken out before
// Save.
//
// It promises that no engine call runs on the UI goroutine, that an answer to an
// older question never overwrites a newer one, and that folders are counted only
// while their rows are seen. What decides about a path, what is stored and how
// big it is it leaves to the engine.
//
// tree.go, choices.go, sizes.go and words.go are pure and know no widget; screen.go
// owns the state and talks to the engine; the other files draw one part each.
package managefiles
