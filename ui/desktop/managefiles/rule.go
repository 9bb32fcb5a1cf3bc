package managefiles

import (
	"context"
	"fmt"
	"time"

	"fyne.io/fyne/v2"

	"holdfast/engine"
	"holdfast/ui/desktop/ask"
	"holdfast/ui/desktop/look"
)

// examples is how many matching paths the dialog shows.
const examples = 5

// ruleSheet makes a rule of one's own. What it matches is shown while it is
// typed, before anything is saved.
type ruleSheet struct {
	screen *Screen
	sheet  *look.Dialog
	kinds  *look.RadioGroup
	input  *look.Input
	says   *look.Words
	paths  *fyne.Container
	add    *look.Button
	lane   ask.Lane
	rule   engine.Exclusion
}

var ruleKinds = []engine.ExclusionKind{engine.ExcludeExtension, engine.ExcludeWildcard, engine.ExcludeRegexp}

func (s *Screen) addRule() {
	r := &ruleSheet{screen: s, input: look.NewInput("iso"), says: look.SoftParagraph(""), paths: look.Column(2)}
	r.kinds = look.Radio([]look.Option{
		{Label: "Extension", Note: "Every file whose name ends so, as in iso."},
		{Label: "Wildcard", Note: "A star is any text, as in *.bak. With a slash it is about the whole path, where two stars are any folders."},
		{Label: "Regular expression", Note: `For the whole path, as in /build/.*\.o$`},
	}, 0, func(int) { r.typed() })
	r.input.OnChanged = func(string) { r.typed() }
	r.input.OnSubmitted = func(string) { r.save() }
	r.input.OnEscape = func() bool { r.sheet.Hide(); return true }
	r.add = look.Primary("Add the rule", "", r.save)
	body := look.Column(look.Gap, look.SoftParagraph("What a rule matches is left out, in every folder."),
		r.kinds, look.Field("Pattern", r.input), look.Sized(look.Column(6, r.says, r.paths), 0, 128))
	r.sheet = look.SheetSized(s.deps.Window, "Add a rule", body, 520,
		look.Secondary("Cancel", "", func() { r.sheet.Hide() }), r.add)
	r.sheet.OnClosed = r.lane.Void
	r.typed()
	r.sheet.Show()
	r.sheet.Focus(r.input)
}

// typed looks at the pattern after each key.
func (r *ruleSheet) typed() {
	r.lane.Void()
	r.paths.Objects = nil
	r.paths.Refresh()
	kind := ruleKinds[max(0, r.kinds.Chosen())]
	rule, wrong := readRule(kind, r.input.Text)
	r.rule = rule
	switch {
	case r.input.Text == "":
		r.tell("Nothing is matched yet.", look.ColorSoft, false)
		return
	case wrong != "":
		r.tell(wrong, look.ColorBad, false)
		return
	case findExclusion(r.screen.state.draft, rule) >= 0:
		r.tell("This rule is in the list already.", look.ColorWarn, false)
		return
	}
	r.tell("Looking what it matches…", look.ColorSoft, true)
	s, draft := r.screen, r.screen.state.draft
	s.desk.Stream(&r.lane, func(ctx context.Context, apply func(func())) {
		for rest := s.deps.Settle; sleep(ctx, rest); rest = max(s.deps.Settle, time.Second) {
			p, err := s.deps.Engine.PreviewExclusion(ctx, draft, rule)
			apply(func() { r.previewed(p, err) })
			if err != nil || p.Complete {
				return
			}
		}
	})
}

func (r *ruleSheet) previewed(p engine.ExclusionPreview, err error) {
	if err != nil {
		r.tell(look.Sentence(err), look.ColorBad, engine.KindOf(err) != engine.KindInvalid)
		return
	}
	r.screen.state.matched[r.rule] = p
	words := fmt.Sprintf("It would leave out %s, %s", look.Files(p.Matched.Files), look.Bytes(p.Matched.Bytes))
	switch {
	case !p.Complete:
		words += " so far, still looking."
	case p.Matched.Files == 0:
		words = "It matches nothing of what is chosen now."
	default:
		words += "."
	}
	r.paths.Objects = nil
	for i, path := range p.Examples {
		if i == examples {
			break
		}
		r.paths.Add(look.SoftSmall(path).TruncateMiddle())
	}
	r.paths.Refresh()
	r.tell(words, look.ColorText, true)
}

func (r *ruleSheet) tell(words string, color fyne.ThemeColorName, good bool) {
	r.says.SetColor(color)
	r.says.Set(words)
	if good {
		r.add.Enable()
	} else {
		r.add.Disable()
	}
	if r.sheet != nil && r.sheet.Shown() {
		r.sheet.Resize()
	}
}

func (r *ruleSheet) save() {
	if r.add.Disabled() {
		return
	}
	r.sheet.Hide()
	s := r.screen
	s.change(switchExclusion(s.state.draft, r.rule, true))
}
