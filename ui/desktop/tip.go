package desktop

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"

	"holdfast/ui/desktop/look"
)

// tip is a name beside an icon. It lies over the page and takes no presses.
type tip struct {
	*fyne.Container
	words *look.Text
	of    *navItem // the one that it names now
}

func newTip() *tip {
	t := &tip{words: look.Small("")}
	t.words.SetColor(look.ColorText)
	t.Container = container.NewStack(look.NewBox(look.ColorSurface, look.ColorLine, look.ControlRadius), look.Pad(t.words, 6, 10, 6, 10))
	t.Container.Hide()
	return t
}

func (t *tip) show(n *navItem) {
	t.of = n
	t.words.Set(n.name)
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(n)
	size := t.Container.MinSize()
	t.Container.Resize(size)
	t.Container.Move(fyne.NewPos(at.X+n.Size().Width+8, at.Y+(n.Size().Height-size.Height)/2))
	t.Container.Show()
	canvas.Refresh(t.Container)
}

// hide takes it away, unless it names another one by now.
func (t *tip) hide(n *navItem) {
	if t.of == n {
		t.of = nil
		t.Container.Hide()
	}
}
