// Package selection decides which files are backed up: the rules behind Manage Files.
//
// Its one idea is that a decision about a path is the walk from the top down to it.
// A State holds what is known on the way: the choice that counts so far and the
// exclusions that are half matched. Child goes one name further. The scan takes one
// step for each entry that it sees; Decide takes all steps from the top. So both
// give the same answer, and neither touches a disk: the package is pure.
//
// The rules, in the order of their weight:
//
//  1. The program's own folders (state, destination) are out.
//  2. The system's folders (/proc, /sys, /dev, /run, paging files) are out.
//  3. What an exclusion in force matches is out, with everything below it. If several
//     match, the first of the list is named as the one that decides.
//  4. The choice with the longest path at or above the path decides. One that
//     includes without new items includes its own path and nothing below.
//  5. What no choice speaks of is not backed up.
//
// A folder that is not included may have included things below it; then it is to be
// descended into, and only these are taken from it.
//
// Patterns are compiled once, bounded in size, and matched in linear time: wildcards
// by a matcher of our own, regular expressions by package regexp (RE2). Names are
// bytes: nothing is normalised, and what is not UTF-8 is matched byte by byte.
//
// Left to others: looking at files (engine/source), and asking the person whether new
// items join.
package selection

import (
	"fmt"

	"holdfast/engine"
)

// Env is what the rules need to know of a computer.
type Env struct {
	Home     string   // stands for ~ in patterns
	OwnDirs  []string // the state folder, the destination: always out
	CaseFold bool     // names that differ in case only are one (Windows, macOS)
}

// Decision says what happens to one path.
type Decision struct {
	Included bool
	// Descend is true for a folder that is not included but has choices below it
	// that are. The contents of an included folder are looked at in any case.
	Descend   bool
	Choice    *engine.Choice    // the choice that decides, nil when none speaks of the path
	Exclusion *engine.Exclusion // the exclusion that decides
	// Rule is the one rule that decides, as a sentence. Only Decide fills it in; a
	// scan, which takes a million decisions, does not read them.
	Rule string
}

// Rules are a selection, compiled. They never change and are safe for concurrent use.
type Rules struct {
	fold    bool
	top     *node
	match   *matcher
	roots   []string
	system  *engine.Choice // stands at /run where drives below it are chosen
	aboutMe *rule
}

// PatternError names the exclusion that cannot be used, and why.
type PatternError struct {
	Exclusion engine.Exclusion
	Err       error
}

func (e *PatternError) Error() string {
	return fmt.Sprintf("%s %q: %v", e.Exclusion.Kind, e.Exclusion.Pattern, e.Err)
}

func (e *PatternError) Unwrap() error { return e.Err }

// Compile prepares a selection for deciding. Its error is a *PatternError.
func Compile(s engine.Selection, env Env) (*Rules, error) {
	r := &Rules{
		fold:    env.CaseFold,
		top:     &node{},
		aboutMe: &rule{always: "Left out: Holdfast keeps its own files there."},
	}
	system := r.plant(s)
	for _, own := range env.OwnDirs {
		if segments := split(own); len(segments) > 0 {
			r.top.grow(r.keys(segments)).own = true
		}
	}
	b := newBuilder(env)
	b.always(system)
	for i := range s.Exclusions {
		// The caller's slice may change later; the decision points at our copy.
		x := s.Exclusions[i]
		if x.Off {
			continue
		}
		if err := b.add(&x, s); err != nil {
			return nil, &PatternError{Exclusion: x, Err: err}
		}
	}
	r.match = b.done()
	top, _ := r.start()
	r.top.settle(&top)
	r.roots = r.findRoots()
	return r, nil
}

// Validate says whether an exclusion can be used, as Compile would.
func Validate(x engine.Exclusion) error {
	x.Off = false
	_, err := Compile(engine.Selection{Exclusions: []engine.Exclusion{x}}, Env{Home: "/home/somebody"})
	return err
}

// Decide says what happens to a path, and why. dir says that it is a folder.
func (r *Rules) Decide(path string, dir bool) Decision {
	segments := split(path)
	s, d := r.start()
	stopped := -1
	for i, name := range segments {
		s, d = s.Child(name, dir || i < len(segments)-1)
		if s.out != nil {
			stopped = i
			break
		}
	}
	d.Rule = r.why(segments, s, d, stopped)
	return d
}

// Mark is the check box of a path. A check means the path and everything below it,
// now and later, but for what exclusions leave out; empty means nothing of it.
func (r *Rules) Mark(path string, dir bool) engine.Mark {
	s, d := r.walk(split(path), dir)
	switch {
	case s.out != nil:
		return engine.MarkEmpty
	case !dir && d.Included:
		return engine.MarkCheck
	case !dir:
		return engine.MarkEmpty
	case d.Included && s.covers && (s.at == nil || !s.at.lessBelow):
		return engine.MarkCheck
	case d.Included, d.Descend:
		return engine.MarkDash
	}
	return engine.MarkEmpty
}

// NewItems says whether what appears directly inside a folder later is backed up.
func (r *Rules) NewItems(path string) bool {
	s, _ := r.walk(split(path), true)
	return s.out == nil && s.covers
}

// Roots are the topmost paths to scan: those whose choice includes them and that do
// not lie below another root. They are sorted.
func (r *Rules) Roots() []string { return append([]string(nil), r.roots...) }

// Walker starts a scan at a folder: its state, from which Child goes on, and the
// decision about itself.
func (r *Rules) Walker(root string) (State, Decision) { return r.walk(split(root), true) }

func (r *Rules) walk(segments []string, dir bool) (State, Decision) {
	s, d := r.start()
	for i, name := range segments {
		s, d = s.Child(name, dir || i < len(segments)-1)
	}
	return s, d
}
