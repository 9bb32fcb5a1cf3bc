package selection

import (
	"slices"
	"strings"

	"holdfast/engine"
)

// Check is what a click on an empty box or a dash does: the path and everything in it
// is chosen, and new items join. Choices below it are dropped. The result holds no
// choice that changes nothing, sorted by path; the given selection stays as it is.
func Check(s engine.Selection, path string) engine.Selection {
	return put(s, path, engine.Choice{Path: path, Include: true, NewItems: true})
}

// Uncheck is what a click on a check does: nothing of the path is chosen any more.
func Uncheck(s engine.Selection, path string) engine.Selection {
	return put(s, path, engine.Choice{Path: path})
}

// SetNewItems says of a folder whether what appears directly inside it later is chosen
// by itself. present are the paths of what is there now: whether these are chosen
// stays as it is, each of them by a choice of its own where it takes one.
func SetNewItems(s engine.Selection, path string, join bool, present []string) engine.Selection {
	choices := byPath(s.Choices)
	folder := split(path)
	kept := make([]engine.Choice, 0, len(choices)+len(present)+1)
	for _, c := range choices {
		if !equal(split(c.Path), folder) {
			kept = append(kept, c)
		}
	}
	for _, p := range present {
		segments := split(p)
		if len(segments) != len(folder)+1 || !below(segments, folder) || has(choices, segments) {
			continue
		}
		in := covered(choices, segments)
		kept = append(kept, engine.Choice{Path: p, Include: in, NewItems: in})
	}
	kept = append(kept, engine.Choice{Path: path, Include: true, NewItems: join})
	s.Choices = tidy(kept)
	return s
}

// put drops all choices at and below a path and puts one there.
func put(s engine.Selection, path string, choice engine.Choice) engine.Selection {
	target := split(path)
	kept := make([]engine.Choice, 0, len(s.Choices)+1)
	for _, c := range s.Choices {
		if !below(split(c.Path), target) {
			kept = append(kept, c)
		}
	}
	s.Choices = tidy(append(kept, choice))
	return s
}

// tidy sorts choices, the folders before what is in them, and drops those that change
// nothing: a choice that repeats what holds at its place anyway, and one that lets
// nothing new in when nothing below it is chosen any more.
func tidy(choices []engine.Choice) []engine.Choice {
	choices = byPath(choices)
	for i := len(choices) - 1; i >= 0; i-- {
		c := &choices[i]
		c.NewItems = c.NewItems && c.Include
		if c.Include && !c.NewItems && !slices.ContainsFunc(choices[i+1:], func(o engine.Choice) bool {
			return o.Include && below(split(o.Path), split(c.Path))
		}) {
			c.Include = false
		}
	}
	var kept []engine.Choice
	for _, c := range choices {
		if in := covered(kept, split(c.Path)); c.Include == in && c.NewItems == in {
			continue
		}
		kept = append(kept, c)
	}
	return kept
}

// byPath sorts choices by the elements of their paths; of two on one path the later
// one stays, as it is the one that counts.
func byPath(choices []engine.Choice) []engine.Choice {
	sorted := slices.Clone(choices)
	slices.Reverse(sorted)
	slices.SortStableFunc(sorted, func(a, b engine.Choice) int {
		return slices.CompareFunc(split(a.Path), split(b.Path), strings.Compare)
	})
	return slices.CompactFunc(sorted, func(a, b engine.Choice) bool {
		return equal(split(a.Path), split(b.Path))
	})
}

// covered says whether a path is included by a choice above it, of choices sorted so
// that the one with the longest path comes last.
func covered(choices []engine.Choice, path []string) bool {
	for _, c := range slices.Backward(choices) {
		at := split(c.Path)
		if len(at) < len(path) && below(path, at) {
			return c.Include && c.NewItems
		}
	}
	return false
}

func has(choices []engine.Choice, path []string) bool {
	return slices.ContainsFunc(choices, func(c engine.Choice) bool { return equal(split(c.Path), path) })
}

// below says whether a path is the other one or lies below it.
func below(path, above []string) bool {
	return len(path) >= len(above) && equal(path[:len(above)], above)
}

// equal compares paths. Those of Windows, which begin with a volume, are the same when
// they differ in case only; without an Env there is nothing else to go by.
func equal(a, b []string) bool {
	if !slices.ContainsFunc(a[:min(1, len(a))], windows) {
		return slices.Equal(a, b)
	}
	return slices.EqualFunc(a, b, strings.EqualFold)
}

func windows(first string) bool {
	volume, _ := splitVolume(first)
	return volume != "" || strings.HasPrefix(first, "//")
}
