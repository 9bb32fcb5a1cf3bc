package selection

import (
	"fmt"

	"holdfast/engine"
)

// why puts a decision into a sentence. stopped is the element of the path at which it
// was left out, -1 if it was not.
func (r *Rules) why(segments []string, s State, d Decision, stopped int) string {
	if s.out != nil {
		return whyOut(segments, s.out, stopped)
	}
	switch {
	case d.Choice == r.system && r.system != nil:
		return "Left out: it belongs to the running system and holds nothing to keep."
	case d.Included:
		return fmt.Sprintf("Chosen by the check on %s.", title(d.Choice.Path))
	case d.Descend:
		return "Not chosen itself, but something in it is."
	case d.Choice == nil:
		return "Not chosen: neither it nor a folder above it is checked."
	case d.Choice.Include:
		return fmt.Sprintf("Not chosen: it came to %s later, and new items do not join there.", title(d.Choice.Path))
	}
	return fmt.Sprintf("Not chosen: the check on %s was taken away.", title(d.Choice.Path))
}

func whyOut(segments []string, out *rule, stopped int) string {
	switch {
	case out.exclusion == nil:
		return out.always
	case stopped < len(segments)-1:
		return fmt.Sprintf("Left out with the folder %s by the exclusion %s.", segments[stopped], out.label)
	}
	return fmt.Sprintf("Left out by the exclusion %s.", out.label)
}

// Title is how an exclusion is called in a list.
func Title(x engine.Exclusion) string {
	switch x.Kind {
	case engine.ExcludePreset:
		if p, ok := presetNamed(x.Pattern); ok {
			return p.Title
		}
	case engine.ExcludeExtension:
		if e, err := extension(x.Pattern); err == nil {
			return "." + e
		}
	}
	return x.Pattern
}

// title is the name by which a person knows a folder.
func title(path string) string {
	segments := split(path)
	if len(segments) == 0 {
		return "/"
	}
	return segments[len(segments)-1]
}
