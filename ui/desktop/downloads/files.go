package downloads

import (
	"fmt"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// The list of files scrolls by itself when it is longer than this.
const (
	fileRows   = 6
	fileHeight = float32(46)
)

// drawFiles shows the files that have something to say, and the link that opens
// and closes them. It says whether the height changed.
func (c *card) drawFiles() bool {
	st := &c.screen.state
	found := st.Items[c.job.ID]
	parts := groups(found.list)
	some, open := len(parts) > 0 || found.err != nil, st.opened(c.job)
	show(c.more, some)
	if open {
		c.more.SetText("Hide the list")
	} else {
		c.more.SetText("Show the list")
	}
	show(c.files, some && open)
	key := fmt.Sprint(some && open, found.stamp, len(found.list), found.err)
	if key == c.drawn {
		return false
	}
	c.drawn = key
	c.files.RemoveAll()
	if !some || !open {
		return true
	}
	if found.err != nil {
		words := look.SmallParagraph(look.Sentence(found.err))
		words.SetColor(look.ColorBad)
		c.files.Add(words)
	}
	for _, g := range parts {
		c.files.Add(c.part(g))
	}
	return true
}

// part is one heading with its files.
func (c *card) part(g group) fyne.CanvasObject {
	words, _ := look.ToneColors(g.tone)
	title := look.SmallStrong(g.title + " · " + strconv.Itoa(len(g.list)))
	title.SetColor(words)
	head := fyne.CanvasObject(title)
	if g.ask && len(g.list) > 1 {
		all := []fyne.CanvasObject{look.Grow(title), look.SoftSmall("All:")}
		head = look.Row(8, append(all, c.answers(func() string { return "" })...)...)
	}
	list := look.NewList(func() int { return len(g.list) },
		func() fyne.CanvasObject { return c.newFileRow(g.ask) },
		func(i int, o fyne.CanvasObject) { o.(*fileRow).fill(g.list[i]) })
	list.SetRowHeight(fileHeight)
	list.TypeAhead = func(i int) string { return base(g.list[i].Path) }
	height := fileHeight * float32(min(len(g.list), fileRows))
	return look.Column(4, look.Rule(), head, container.New(high(height), list))
}

// answers are the three answers about the file that path names when one is pressed,
// or about all of them where it names none.
func (c *card) answers(path func() string) []fyne.CanvasObject {
	answer := func(words string, choice engine.Existing) fyne.CanvasObject {
		return look.SmallLink(words, func() { c.screen.answer(c.job.ID, path(), choice) })
	}
	return []fyne.CanvasObject{
		answer("Keep mine", engine.ExistingKeep),
		answer("Overwrite", engine.ExistingOverwrite),
		answer("Keep both", engine.ExistingRename),
	}
}

// high is the layout of one object at a height of its own, be it less than the
// object asks for.
type high float32

func (h high) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(80, float32(h)) }
func (h high) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Resize(size)
		o.Move(fyne.Position{})
	}
}
