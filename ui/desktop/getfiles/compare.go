package getfiles

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// compareBytes is the largest text that is compared.
const compareBytes = 2 << 20

// showCompare compares a version with the present file in a sheet: with the file
// on this computer's disk, or with the newest version where the file is another
// computer's or not there any more. The sheet says which.
func (s *Screen) showCompare(item engine.Item, one engine.Version, all []engine.Version) {
	if s.window == nil {
		return
	}
	body := container.NewStack(look.Centered(look.SoftBody("Comparing…")))
	when := "Version of " + look.When(one.Captured, s.state.Now)
	sheet := s.newSheet(shown(item.Name), when+" against the present file", body)
	computer := s.state.computer()
	s.desk.ask(&s.sheet, func(ctx context.Context) func() {
		result, err := s.compare(ctx, computer, item.Path, one, all)
		return func() {
			body.Objects = []fyne.CanvasObject{comparisonOf(result, err)}
			body.Refresh()
			sheet.Resize()
		}
	})
}

// compared is a comparison and what was compared with.
type compared struct {
	comparison
	with string // "the file on this computer"
	note string // in place of lines
}

func (s *Screen) compare(ctx context.Context, computer engine.Computer, path string, one engine.Version, all []engine.Version) (compared, error) {
	ref := engine.Ref{Computer: computer.ID, Path: path, Version: one.ID}
	old, err := s.engine.Preview(ctx, ref, compareBytes)
	if err != nil {
		return compared{}, err
	}
	out := compared{with: "the file on this computer"}
	var present []byte
	var truncated bool
	found := false
	if computer.This {
		present, truncated, err = s.read(path, compareBytes)
		found = err == nil
	}
	if !found {
		newest := all[0]
		got, err := s.engine.Preview(ctx, engine.Ref{Computer: computer.ID, Path: path, Version: newest.ID}, compareBytes)
		if err != nil {
			return compared{}, err
		}
		present, truncated = got.Data, got.Truncated
		out.with = "the newest version in the backup"
	}
	switch {
	case old.Truncated || truncated:
		out.note = "The files are too large to be compared line by line."
	case !isText(old.Data, false) || !isText(present, false):
		out.comparison = compareTexts(old.Data, present)
		out.lines = nil
		if !out.equal {
			out.note = "They differ: " + look.Bytes(old.Size) + " then, " + look.Bytes(int64(len(present))) + " in " + out.with + ". Only text is compared line by line."
		}
	default:
		out.comparison = compareTexts(old.Data, present)
	}
	return out, nil
}

func comparisonOf(c compared, err error) fyne.CanvasObject {
	switch {
	case err != nil:
		return look.Empty("circle-x", "They cannot be compared", look.Sentence(err), nil)
	case c.equal:
		return look.Empty("circle-check", "No difference", "This version and "+c.with+" are identical.", nil)
	case c.note != "":
		return look.Empty("file", "Not compared by line", c.note, nil)
	case c.onlyEnds:
		return look.Empty("file", "Only line ends differ", "Every line of this version and of "+c.with+" is the same; their line ends differ.", nil)
	case c.tooLarge:
		return look.Empty("file", "They differ", "This version and "+c.with+" differ in more places than can be shown.", nil)
	}
	note := look.SoftSmall("Since this version: " + look.Plural(int64(c.added), "line", "lines") + " added (+), " +
		look.Plural(int64(c.removed), "line", "lines") + " removed (−), in " + c.with + ".").Truncate()
	return look.Column(8, look.Grow(lineList(c.lines, true)), note)
}
