package look

import (
	"sort"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// Area is one rectangle of a Treemap.
type Area struct {
	Name  string
	Value int64
	Note  string // as its size in words
}

// TreemapWidget shows areas as rectangles of their share, the largest first, as
// nearly square as they go (Bruls, Huizing, van Wijk: Squarified Treemaps, 2000).
type TreemapWidget struct {
	widget.BaseWidget
	OnTapped func(i int) // of the areas as they were set

	areas []Area
	order []int
	cells []*areaCell
	min   fyne.Size
}

// Treemap makes an empty one.
func Treemap(minimum fyne.Size) *TreemapWidget {
	t := &TreemapWidget{min: minimum}
	t.ExtendBaseWidget(t)
	return t
}

// Set shows areas. Those without value are left out.
func (t *TreemapWidget) Set(areas []Area) {
	t.areas, t.order, t.cells = areas, t.order[:0], t.cells[:0]
	for i, a := range areas {
		if a.Value > 0 {
			t.order = append(t.order, i)
		}
	}
	sort.SliceStable(t.order, func(a, b int) bool { return areas[t.order[a]].Value > areas[t.order[b]].Value })
	for n, i := range t.order {
		t.cells = append(t.cells, newAreaCell(areas[i], n, func() {
			if t.OnTapped != nil {
				t.OnTapped(i)
			}
		}))
	}
	t.Refresh()
}

// CreateRenderer is for Fyne.
func (t *TreemapWidget) CreateRenderer() fyne.WidgetRenderer { return &treemapRenderer{t} }

type treemapRenderer struct{ t *TreemapWidget }

func (r *treemapRenderer) MinSize() fyne.Size { return r.t.min }
func (r *treemapRenderer) Layout(size fyne.Size) {
	values := make([]float64, len(r.t.order))
	for n, i := range r.t.order {
		values[n] = float64(r.t.areas[i].Value)
	}
	for n, rect := range squarify(values, rectangle{0, 0, float64(size.Width), float64(size.Height)}) {
		const gap = 3
		r.t.cells[n].Move(fyne.NewPos(float32(rect.x), float32(rect.y)))
		r.t.cells[n].Resize(fyne.NewSize(max(1, float32(rect.w)-gap), max(1, float32(rect.h)-gap)))
	}
}
func (r *treemapRenderer) Refresh() {
	r.Layout(r.t.Size())
	for _, c := range r.t.cells {
		c.Refresh()
	}
}
func (r *treemapRenderer) Objects() []fyne.CanvasObject {
	objects := make([]fyne.CanvasObject, len(r.t.cells))
	for i, c := range r.t.cells {
		objects[i] = c
	}
	return objects
}
func (r *treemapRenderer) Destroy() {}

type rectangle struct{ x, y, w, h float64 }

// squarify cuts a rectangle into ones whose areas are as the values, which are
// sorted downwards and positive.
func squarify(values []float64, in rectangle) []rectangle {
	total := 0.0
	for _, v := range values {
		total += v
	}
	out := make([]rectangle, 0, len(values))
	if total <= 0 || in.w <= 0 || in.h <= 0 {
		return append(out, make([]rectangle, len(values))...)
	}
	scale := in.w * in.h / total
	for start := 0; start < len(values); {
		side := min(in.w, in.h)
		end, sum := start+1, values[start]*scale
		for end < len(values) {
			next := sum + values[end]*scale
			if worst(values[start]*scale, values[end]*scale, next, side) > worst(values[start]*scale, values[end-1]*scale, sum, side) {
				break
			}
			sum = next
			end++
		}
		out = append(out, strip(values[start:end], scale, sum, &in)...)
		start = end
	}
	return out
}

// worst is the largest ratio of the sides in a strip whose largest and smallest
// areas, sum and length are given.
func worst(largest, smallest, sum, side float64) float64 {
	if side <= 0 || sum <= 0 || smallest <= 0 {
		return 1e18
	}
	s, q := side*side, sum*sum
	return max(s*largest/q, q/(s*smallest))
}

// strip lays areas along the shorter side and takes the strip off the room.
func strip(values []float64, scale, sum float64, in *rectangle) []rectangle {
	out := make([]rectangle, 0, len(values))
	if in.w >= in.h {
		width, y := sum/max(in.h, 1e-9), in.y
		for _, v := range values {
			h := v * scale / max(width, 1e-9)
			out = append(out, rectangle{in.x, y, width, h})
			y += h
		}
		in.x, in.w = in.x+width, max(0, in.w-width)
		return out
	}
	height, x := sum/max(in.w, 1e-9), in.x
	for _, v := range values {
		w := v * scale / max(height, 1e-9)
		out = append(out, rectangle{x, in.y, w, height})
		x += w
	}
	in.y, in.h = in.y+height, max(0, in.h-height)
	return out
}

// areaCell is one rectangle with as much of its words as there is room for.
type areaCell struct {
	widget.BaseWidget
	tapped     func()
	box        *Box
	name, note *Text
}

func newAreaCell(a Area, rank int, tapped func()) *areaCell {
	ground, words, soft := ColorAccentSoft, ColorText, ColorSoft
	switch {
	case rank == 0:
		ground, words, soft = ColorAccent, ColorOnAccent, ColorOnAccent
	case rank > 5:
		ground = ColorTrack
	}
	c := &areaCell{tapped: tapped, box: NewBox(ground, "", RowRadius), name: newText(a.Name, 12, 16, true, words).Truncate(), note: newText(a.Note, 12, 16, false, soft).Truncate()}
	c.ExtendBaseWidget(c)
	return c
}

func (c *areaCell) Tapped(*fyne.PointEvent)             { c.tapped() }
func (c *areaCell) CreateRenderer() fyne.WidgetRenderer { return &areaRenderer{c} }

type areaRenderer struct{ c *areaCell }

func (r *areaRenderer) MinSize() fyne.Size { return fyne.NewSize(1, 1) }
func (r *areaRenderer) Layout(size fyne.Size) {
	c := r.c
	c.box.Resize(size)
	c.name.Hidden = size.Width < 44 || size.Height < 26
	c.note.Hidden = c.name.Hidden || size.Height < 44
	c.name.Resize(fyne.NewSize(max(1, size.Width-16), 16))
	c.name.Move(fyne.NewPos(8, 6))
	c.note.Resize(fyne.NewSize(max(1, size.Width-16), 16))
	c.note.Move(fyne.NewPos(8, 22))
}
func (r *areaRenderer) Refresh() { r.c.box.Refresh(); r.c.name.Refresh(); r.c.note.Refresh() }
func (r *areaRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.c.box, r.c.name, r.c.note}
}
func (r *areaRenderer) Destroy() {}
