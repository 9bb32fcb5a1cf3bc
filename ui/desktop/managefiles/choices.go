package managefiles

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"

	"holdfast/engine"
)

// The longest path among the choices decides about a path. What is inside a
// choice with Include and NewItems is taken; without NewItems only what is chosen
// below it; without Include nothing.

// check takes a path and everything in it, whatever was chosen below it before.
func check(s engine.Selection, path string) engine.Selection {
	return decide(s, path, true)
}

// uncheck leaves a path out with everything in it.
func uncheck(s engine.Selection, path string) engine.Selection {
	return decide(s, path, false)
}

func decide(s engine.Selection, path string, include bool) engine.Selection {
	choices := slices.DeleteFunc(slices.Clone(s.Choices), func(c engine.Choice) bool {
		return c.Path == path || inside(c.Path, path)
	})
	s.Choices = choices
	if inherits(s, path) != include {
		s.Choices = append(s.Choices, engine.Choice{Path: path, Include: include, NewItems: include})
	}
	return tidy(s)
}

// join says whether new items of a folder join by themselves, without changing
// what is taken of the items that are there: children are the rows of the folder
// under the same draft, and those that would change get a choice of their own.
func join(s engine.Selection, path string, on bool, children []engine.SelectRow) engine.Selection {
	s.Choices = slices.Clone(s.Choices)
	for _, c := range children {
		if own(s, c.Path) || excluded(c) {
			continue
		}
		switch {
		case on && c.Mark != engine.MarkCheck:
			s.Choices = append(s.Choices, engine.Choice{Path: c.Path})
		case !on && c.Mark != engine.MarkEmpty:
			s.Choices = append(s.Choices, engine.Choice{Path: c.Path, Include: true, NewItems: true})
		}
	}
	s.Choices = slices.DeleteFunc(s.Choices, func(c engine.Choice) bool { return c.Path == path })
	s.Choices = append(s.Choices, engine.Choice{Path: path, Include: true, NewItems: on})
	return tidy(s)
}

// switchExclusion turns an exclusion on or off, adding one that is not there.
func switchExclusion(s engine.Selection, x engine.Exclusion, on bool) engine.Selection {
	x.Off = !on
	s.Exclusions = slices.Clone(s.Exclusions)
	if i := findExclusion(s, x); i >= 0 {
		s.Exclusions[i].Off = x.Off
		return s
	}
	s.Exclusions = append(s.Exclusions, x)
	return s
}

// dropExclusion takes a rule away.
func dropExclusion(s engine.Selection, x engine.Exclusion) engine.Selection {
	s.Exclusions = slices.DeleteFunc(slices.Clone(s.Exclusions), func(o engine.Exclusion) bool {
		return sameRule(o, x)
	})
	return s
}

func findExclusion(s engine.Selection, x engine.Exclusion) int {
	return slices.IndexFunc(s.Exclusions, func(o engine.Exclusion) bool { return sameRule(o, x) })
}

func sameRule(a, b engine.Exclusion) bool { return a.Kind == b.Kind && a.Pattern == b.Pattern }

// same compares what two selections mean, not the order in which they were made.
// An exclusion that is off means as much as one that is absent.
func same(a, b engine.Selection) bool {
	a, b = tidy(a), tidy(b)
	return slices.Equal(a.Choices, b.Choices) && slices.Equal(inForce(a), inForce(b))
}

func inForce(s engine.Selection) []engine.Exclusion {
	all := slices.DeleteFunc(slices.Clone(s.Exclusions), func(x engine.Exclusion) bool { return x.Off })
	slices.SortFunc(all, func(a, b engine.Exclusion) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Pattern, b.Pattern))
	})
	return slices.Compact(all)
}

func tidy(s engine.Selection) engine.Selection {
	s.Choices = slices.Clone(s.Choices)
	slices.SortFunc(s.Choices, func(a, b engine.Choice) int { return cmp.Compare(a.Path, b.Path) })
	s.Choices = slices.Clip(s.Choices)
	return s
}

func own(s engine.Selection, path string) bool {
	return slices.ContainsFunc(s.Choices, func(c engine.Choice) bool { return c.Path == path })
}

// inherits says whether a path without a choice of its own is taken.
func inherits(s engine.Selection, path string) bool {
	var above *engine.Choice
	for i, c := range s.Choices {
		if inside(path, c.Path) && (above == nil || len(c.Path) > len(above.Path)) {
			above = &s.Choices[i]
		}
	}
	return above != nil && above.Include && above.NewItems
}

// inside says whether a path lies below a folder.
func inside(path, folder string) bool {
	separator := string(filepath.Separator)
	folder = strings.TrimSuffix(folder, separator) + separator
	return len(path) > len(folder) && strings.HasPrefix(path, folder)
}
