package managefiles

import (
	"testing"

	"holdfast/engine"
)

func TestReadRule(t *testing.T) {
	for _, c := range []struct {
		name string
		kind engine.ExclusionKind
		text string
		want string
		bad  bool
	}{
		{"an ending may have its dot and star", engine.ExcludeExtension, " *.ISO ", "iso", false},
		{"an ending is one word", engine.ExcludeExtension, "a b", "", true},
		{"an ending is not nothing", engine.ExcludeExtension, ".", "", true},
		{"a wildcard is kept as it is", engine.ExcludeWildcard, "**/Cache*", "**/Cache*", false},
		{"an open bracket is no wildcard", engine.ExcludeWildcard, "[a", "", true},
		{"a regular expression is kept as it is", engine.ExcludeRegexp, `\.o$`, `\.o$`, false},
		{"an open group is no regular expression", engine.ExcludeRegexp, "(", "", true},
		{"nothing is no regular expression", engine.ExcludeRegexp, "", "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			x, sentence := readRule(c.kind, c.text)
			if (sentence != "") != c.bad || !c.bad && x.Pattern != c.want {
				t.Errorf("%+v, %q", x, sentence)
			}
		})
	}
}

func TestRowStateSaysWhetherNewItemsJoin(t *testing.T) {
	for want, row := range map[string]engine.SelectRow{
		"Partly, new items join":       {Mark: engine.MarkDash, State: "Partly", NewItems: true},
		"Partly, new items not joined": {Mark: engine.MarkDash, State: "Partly"},
		"Protected":                    {Mark: engine.MarkCheck, State: "Protected", NewItems: true},
	} {
		if got := rowState(row); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestRulesListPresetsFirst(t *testing.T) {
	s := engine.Selection{Exclusions: []engine.Exclusion{
		{Kind: engine.ExcludeExtension, Pattern: "iso"},
		{Kind: engine.ExcludePreset, Pattern: "new-kind"},
		{Kind: engine.ExcludePreset, Pattern: "caches"},
	}}
	var got []string
	for _, x := range rules(s) {
		got = append(got, ruleTitle(x))
	}
	if len(got) != 9 || got[0] != "Caches" || got[7] != "New kind" || got[8] != "*.iso" {
		t.Errorf("%q", got)
	}
}
