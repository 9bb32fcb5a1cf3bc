package selection

import (
	"strings"

	"holdfast/engine"
)

// State is what the walk to a folder has found out. It is a plain value: a scan keeps
// one for each open folder, and several goroutines may go on from the same one.
type State struct {
	rules  *Rules
	at     *node          // where the tree of choices follows the path, nil off it
	choice *engine.Choice // the one that counts
	covers bool           // what is below is included unless something says otherwise
	out    *rule          // what leaves out the folder, and so everything below
	active []uint16       // places in path patterns that the path has reached
	path   string         // with slashes; only kept for regular expressions
}

func (r *Rules) start() (State, Decision) {
	s := State{rules: r, at: r.top, active: r.match.begin}
	var d Decision
	if c := r.top.choice; c != nil {
		s.choice, s.covers = c, c.Include && c.NewItems
		d.Choice, d.Included = c, c.Include
	}
	d.Descend = !d.Included && r.top.takenBelow
	return s, d
}

// Child decides about an entry of the folder. The returned state is of use when the
// entry is a folder that is included or to be descended into.
func (s *State) Child(name string, dir bool) (State, Decision) {
	if s.out != nil {
		return State{rules: s.rules, out: s.out}, Decision{Exclusion: s.out.exclusion}
	}
	r := s.rules
	key := name
	if r.fold {
		key = strings.ToLower(name)
	}
	next := State{rules: r, choice: s.choice, covers: s.covers}
	if s.at != nil {
		next.at = s.at.child(key)
		if next.at != nil && next.at.own {
			next.out = r.aboutMe
			return next, Decision{}
		}
	}
	if next.out = r.match.step(s, &next, name, key, dir); next.out != nil {
		return next, Decision{Exclusion: next.out.exclusion}
	}
	d := Decision{Included: s.covers, Choice: s.choice}
	if next.at != nil {
		if c := next.at.choice; c != nil {
			next.choice, next.covers = c, c.Include && c.NewItems
			d.Choice, d.Included = c, c.Include
		}
		d.Descend = !d.Included && dir && next.at.takenBelow
	}
	return next, d
}
