package getfiles

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"holdfast/ui/desktop/look"
)

// crumbGap is the room of the sign between two crumbs.
const crumbGap float32 = 24

// trail is the bread crumbs: as many as there is room for, each of which opens
// its folder.
type trail struct {
	widget.BaseWidget
	open    func(path string)
	crumbs  []crumb
	width   float32
	objects []fyne.CanvasObject
}

func newTrail(open func(string)) *trail {
	t := &trail{open: open}
	t.ExtendBaseWidget(t)
	return t
}

func (t *trail) set(crumbs []crumb) {
	t.crumbs = crumbs
	t.build(t.Size())
	t.Refresh()
}

func (t *trail) build(size fyne.Size) {
	t.width, t.objects = size.Width, nil
	if size.Width <= 0 {
		return
	}
	strong := fyne.TextStyle{Bold: true}
	measure := func(s string) float32 { return fyne.MeasureText(s, 12, strong).Width }
	x := float32(0)
	short := elide(t.crumbs, size.Width, measure, crumbGap)
	for i, c := range short {
		if i > 0 {
			sign := look.NewGlyph(look.Icon("chevron-right", look.ColorSoft), 12)
			sign.Resize(fyne.NewSquareSize(12))
			sign.Move(fyne.NewPos(x+6, (size.Height-12)/2))
			t.objects = append(t.objects, sign)
			x += crumbGap
		}
		var o fyne.CanvasObject
		words := look.SoftSmall(c.name).Truncate()
		if i == len(short)-1 {
			words.SetColor(look.ColorText)
			words.SetStrong(true)
			o = words
		} else {
			o = look.Tap(words, func() { t.open(c.path) })
		}
		w := min(measure(c.name)+1, max(0, size.Width-x))
		o.Resize(fyne.NewSize(w, 16))
		o.Move(fyne.NewPos(x, (size.Height-16)/2))
		t.objects = append(t.objects, o)
		x += w
	}
}

// CreateRenderer is for Fyne.
func (t *trail) CreateRenderer() fyne.WidgetRenderer { return &trailRenderer{t} }

type trailRenderer struct{ t *trail }

func (r *trailRenderer) Layout(size fyne.Size) {
	if size.Width != r.t.width {
		r.t.build(size)
	}
}
func (r *trailRenderer) MinSize() fyne.Size { return fyne.NewSize(80, 16) }
func (r *trailRenderer) Refresh() {
	for _, o := range r.t.objects {
		o.Refresh()
	}
}
func (r *trailRenderer) Objects() []fyne.CanvasObject { return r.t.objects }
func (r *trailRenderer) Destroy()                     {}
