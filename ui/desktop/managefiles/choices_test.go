package managefiles

import (
	"reflect"
	"testing"

	"holdfast/engine"
)

func yes(path string) engine.Choice {
	return engine.Choice{Path: path, Include: true, NewItems: true}
}
func no(path string) engine.Choice { return engine.Choice{Path: path} }

func of(c ...engine.Choice) engine.Selection { return engine.Selection{Choices: c} }

func TestChoices(t *testing.T) {
	for _, c := range []struct {
		name   string
		before engine.Selection
		edit   func(engine.Selection) engine.Selection
		after  engine.Selection
	}{
		{
			"checking a folder drops the choices below it",
			of(no("/a/b"), yes("/a/b/c"), yes("/ab")),
			func(s engine.Selection) engine.Selection { return check(s, "/a") },
			of(yes("/a"), yes("/ab")),
		}, {
			"unchecking inside a checked folder needs one choice",
			of(yes("/a")),
			func(s engine.Selection) engine.Selection { return uncheck(s, "/a/b") },
			of(yes("/a"), no("/a/b")),
		}, {
			"checking it again leaves nothing behind",
			of(yes("/a"), no("/a/b")),
			func(s engine.Selection) engine.Selection { return check(s, "/a/b") },
			of(yes("/a")),
		}, {
			"unchecking what nobody chose above leaves nothing behind",
			of(yes("/a"), yes("/a/b")),
			func(s engine.Selection) engine.Selection { return uncheck(s, "/a") },
			of(),
		}, {
			"a folder whose new items do not join has to be told about each",
			of(engine.Choice{Path: "/a", Include: true}),
			func(s engine.Selection) engine.Selection { return check(s, "/a/b") },
			of(engine.Choice{Path: "/a", Include: true}, yes("/a/b")),
		}, {
			"the root holds every path",
			of(yes("/home/ann"), no("/home/ann/x")),
			func(s engine.Selection) engine.Selection { return check(s, "/") },
			of(yes("/")),
		}, {
			"new items stop joining and what is there stays chosen",
			of(yes("/a"), no("/a/x")),
			func(s engine.Selection) engine.Selection {
				return join(s, "/a", false, []engine.SelectRow{
					{Path: "/a/x"}, {Path: "/a/y", Mark: engine.MarkCheck}, {Path: "/a/z", Mark: engine.MarkDash},
				})
			},
			of(engine.Choice{Path: "/a", Include: true}, no("/a/x"), yes("/a/y"), yes("/a/z")),
		}, {
			"new items start joining and what was left out stays out",
			of(yes("/a/y"), yes("/a/z/in")),
			func(s engine.Selection) engine.Selection {
				return join(s, "/a", true, []engine.SelectRow{
					{Path: "/a/x"}, {Path: "/a/y", Mark: engine.MarkCheck}, {Path: "/a/z", Mark: engine.MarkDash},
					{Path: "/a/w.iso", State: "Excluded: images"},
				})
			},
			of(yes("/a"), no("/a/x"), yes("/a/y"), no("/a/z"), yes("/a/z/in")),
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := tidy(c.before)
			got := c.edit(c.before)
			if !reflect.DeepEqual(tidy(got).Choices, tidy(c.after).Choices) && len(got.Choices)+len(c.after.Choices) > 0 {
				t.Errorf("got %+v, want %+v", got.Choices, c.after.Choices)
			}
			if !reflect.DeepEqual(before.Choices, tidy(c.before).Choices) {
				t.Error("the selection it was made from has changed")
			}
		})
	}
}

func TestSameComparesWhatTwoSelectionsMean(t *testing.T) {
	x := engine.Exclusion{Kind: engine.ExcludeExtension, Pattern: "iso"}
	a := engine.Selection{Choices: []engine.Choice{yes("/b"), yes("/a")}, Exclusions: []engine.Exclusion{x}}
	b := engine.Selection{Choices: []engine.Choice{yes("/a"), yes("/b")}, Exclusions: []engine.Exclusion{x}}
	if !same(a, b) {
		t.Error("the order of choices makes a difference")
	}
	off := switchExclusion(b, x, false)
	if same(a, off) {
		t.Error("switching an exclusion off makes no difference")
	}
	if !same(off, dropExclusion(b, x)) {
		t.Error("an exclusion that is off is not the same as none")
	}
	if b.Exclusions[0].Off {
		t.Error("switching changed the selection it was made from")
	}
}
