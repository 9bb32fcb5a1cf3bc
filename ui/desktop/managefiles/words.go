package managefiles

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// liveLine is what stands below the title: what the draft chooses and how much of
// it is not stored yet.
func liveLine(e engine.Estimate) string {
	line := fmt.Sprintf("%s, %s chosen", look.Files(e.Selected.Files), look.Bytes(e.Selected.Bytes))
	switch {
	case !e.Complete:
		return line + " so far, still counting"
	case e.Selected.Files == 0:
		return "Nothing is chosen, so nothing is backed up"
	case e.NotStored.Files == 0 && e.NotStored.Bytes == 0:
		return line + " · all of it stored"
	}
	return line + " · " + look.Bytes(e.NotStored.Bytes) + " not stored yet"
}

// rowState is the word of a row. A dash says whether new items join, because that
// is what a person cannot see from the box.
func rowState(r engine.SelectRow) string {
	if r.Mark != engine.MarkDash || strings.Contains(r.State, "new items") {
		return r.State
	}
	state := r.State
	if state == "" {
		state = "Partly"
	}
	if r.NewItems {
		return state + ", new items join"
	}
	return state + ", new items not joined"
}

// preset is a set of patterns that the engine knows by name.
type preset struct{ name, title string }

// presets are offered even when a selection does not mention them. A name that the
// engine adds later is shown once a selection mentions it.
var presets = []preset{
	{"caches", "Caches"},
	{"temporary", "Temporary files"},
	{"trash", "Trash"},
	{"downloading", "Downloads in progress"},
	{"builds", "Build products"},
	{"virtualdisks", "Virtual disks"},
	{"media", "Films and music"},
}

// rules are the exclusions as the card lists them: presets first, then the
// person's own in the order in which they were made.
func rules(s engine.Selection) []engine.Exclusion {
	var list []engine.Exclusion
	for _, p := range presets {
		x := engine.Exclusion{Kind: engine.ExcludePreset, Pattern: p.name, Off: true}
		if i := findExclusion(s, x); i >= 0 {
			x = s.Exclusions[i]
		}
		list = append(list, x)
	}
	var own []engine.Exclusion
	for _, x := range s.Exclusions {
		switch {
		case x.Kind != engine.ExcludePreset:
			own = append(own, x)
		case !slices.ContainsFunc(presets, func(p preset) bool { return p.name == x.Pattern }):
			list = append(list, x)
		}
	}
	return append(list, own...)
}

// ruleTitle is how a rule is called in a list.
func ruleTitle(x engine.Exclusion) string {
	switch x.Kind {
	case engine.ExcludePreset:
		for _, p := range presets {
			if p.name == x.Pattern {
				return p.title
			}
		}
		words := strings.ReplaceAll(x.Pattern, "-", " ")
		if words == "" {
			return "Unnamed"
		}
		return strings.ToUpper(words[:1]) + words[1:]
	case engine.ExcludeExtension:
		return "*." + x.Pattern
	}
	return x.Pattern
}

// readRule turns what was typed into an exclusion, or says in a sentence why it
// cannot be one.
func readRule(kind engine.ExclusionKind, text string) (engine.Exclusion, string) {
	text = strings.TrimSpace(text)
	x := engine.Exclusion{Kind: kind, Pattern: text}
	switch kind {
	case engine.ExcludeExtension:
		x.Pattern = strings.ToLower(strings.TrimPrefix(strings.TrimPrefix(text, "*"), "."))
		switch {
		case x.Pattern == "":
			return x, "Write the extension of the files, as in iso or .iso."
		case strings.ContainsAny(x.Pattern, `/\*? `):
			return x, "An extension is one word, as in iso. For anything more take a wildcard."
		}
	case engine.ExcludeWildcard:
		if text == "" {
			return x, "Write a pattern, as in *.bak or Cache*."
		}
		if _, err := filepath.Match(strings.ReplaceAll(text, "**", "*"), ""); err != nil {
			return x, "This pattern cannot be read: a [ has no ] that closes it."
		}
	case engine.ExcludeRegexp:
		if text == "" {
			return x, `Write a regular expression, as in /build/.*\.o$.`
		}
		if _, err := regexp.Compile(text); err != nil {
			return x, "This regular expression cannot be read: " + strings.TrimPrefix(err.Error(), "error parsing regexp: ") + "."
		}
	}
	return x, ""
}

// whyTitle heads the card about one row.
func whyTitle(row engine.SelectRow, r engine.Reason) string {
	switch {
	case row.Mark == engine.MarkDash:
		return "Why only part of " + row.Name + "?"
	case r.Included:
		return "Why " + row.Name + "?"
	}
	return "Why not " + row.Name + "?"
}

// anyway is the offer below the reason: what a click would do about it; "" when
// there is nothing to offer.
func anyway(row engine.SelectRow, r engine.Reason) string {
	switch {
	case row.Mark == engine.MarkDash:
		return "Back up all of it"
	case !r.Included && (r.Exclusion != nil || r.Choice != nil || row.Mark == engine.MarkEmpty):
		return "Back it up anyway"
	case r.Included:
		return "Stop backing it up"
	}
	return ""
}

// base is the last name of a path, the path itself where it has none.
func base(path string) string {
	if name := filepath.Base(path); name != string(filepath.Separator) && name != "." {
		return name
	}
	return path
}
