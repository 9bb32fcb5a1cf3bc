package settings

import (
	"fyne.io/fyne/v2"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

const controlWide float32 = 176

// card puts the rows of a section below a heading, with lines between them.
func card(heading string, rows ...fyne.CanvasObject) fyne.CanvasObject {
	column := look.Column(12)
	if heading != "" {
		column.Add(look.Heading(heading))
	}
	for i, r := range rows {
		if i > 0 {
			column.Add(look.Rule())
		}
		column.Add(r)
	}
	return look.Card(column)
}

// row is a setting: what it is, what it means, and the control at the right.
func row(label, means string, control fyne.CanvasObject) fyne.CanvasObject {
	words := look.Column(2, look.Body(label).Truncate())
	if means != "" {
		words.Add(look.SmallParagraph(means))
	}
	return look.Row(look.Gap, look.Grow(words), control)
}

// wide gives a control the width that controls have in common.
func wide(control fyne.CanvasObject) fyne.CanvasObject {
	return look.Sized(control, controlWide, look.ControlHeight)
}

// onOff is a row with a check box; a press on its words is a press on the box.
func onOff(label, means string, changed func(bool)) (*look.CheckBox, fyne.CanvasObject) {
	box := look.Check("", engine.MarkEmpty, changed)
	words := look.Column(2, look.Body(label).Truncate(), look.SmallParagraph(means))
	return box, look.Row(look.Gap, look.Grow(look.Tap(words, box.Toggle)), box)
}

// choice is a field of choices that knows the values behind its words.
type choice[T comparable] struct {
	*look.Choose
	options []option[T]
}

func newChoice[T comparable](changed func(T)) *choice[T] {
	c := &choice[T]{}
	c.Choose = look.Select(nil, -1, "…", func(i int) { changed(c.options[i].value) })
	return c
}

// field is what stands in a row.
func (c *choice[T]) field() fyne.CanvasObject { return wide(c.Choose) }

// set shows a value among its options.
func (c *choice[T]) set(now T, options []option[T]) {
	c.options = options
	words, chosen := make([]string, len(options)), -1
	for i, o := range options {
		words[i] = o.words
		if o.value == now {
			chosen = i
		}
	}
	c.SetOptions(words, chosen)
}
