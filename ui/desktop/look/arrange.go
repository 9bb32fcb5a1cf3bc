package look

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
)

// Column puts objects below one another with a gap, each as wide as the column.
// It asks for a height only after it gave the width, so that wrapped words fit.
func Column(gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&column{gap}, objects...)
}

// Row puts objects beside one another with a gap, centred on one line; what Grow
// made takes the room that is left.
func Row(gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&row{gap}, objects...)
}

// Grow marks the object of a Row or Column that takes the room that is left.
func Grow(object fyne.CanvasObject) fyne.CanvasObject {
	return container.New(growing{}, object)
}

// Pad adds room around an object.
func Pad(object fyne.CanvasObject, top, right, bottom, left float32) fyne.CanvasObject {
	return container.New(layout.NewCustomPaddedLayout(top, bottom, left, right), object)
}

// Sized gives an object at least a size.
func Sized(object fyne.CanvasObject, width, height float32) fyne.CanvasObject {
	return container.New(&atLeast{fyne.NewSize(width, height)}, object)
}

func sized(object fyne.CanvasObject, width, height float32) fyne.CanvasObject {
	return Sized(object, width, height)
}

// AtMost keeps an object no wider than a width, at the left.
func AtMost(object fyne.CanvasObject, width float32) fyne.CanvasObject {
	return container.New(&atMost{width}, object)
}

// Leading keeps an object at its own width, at the left of the room it gets.
func Leading(object fyne.CanvasObject) fyne.CanvasObject { return Row(0, object) }

// Trailing keeps an object at its own width, at the right.
func Trailing(object fyne.CanvasObject) fyne.CanvasObject { return Row(0, Space(), object) }

// Centered keeps an object at its own size, in the middle.
func Centered(object fyne.CanvasObject) fyne.CanvasObject { return container.NewCenter(object) }

// Space takes the room that is left in a Row or Column.
func Space() fyne.CanvasObject { return container.New(growing{}) }

// Scroll lets what is too high be scrolled.
func Scroll(object fyne.CanvasObject) *container.Scroll { return container.NewVScroll(object) }

type growing struct{}

func (growing) MinSize(objects []fyne.CanvasObject) fyne.Size {
	if len(objects) == 0 {
		return fyne.Size{}
	}
	return objects[0].MinSize()
}

func (growing) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Move(fyne.Position{})
		o.Resize(size)
	}
}

func grows(o fyne.CanvasObject) bool {
	c, ok := o.(*fyne.Container)
	if !ok {
		return false
	}
	_, ok = c.Layout.(growing)
	return ok
}

type column struct{ gap float32 }

func (c *column) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var size fyne.Size
	n := 0
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		m := o.MinSize()
		size.Width = max(size.Width, m.Width)
		size.Height += m.Height
		n++
	}
	size.Height += c.gap * float32(max(0, n-1))
	return size
}

func (c *column) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	heights := make([]float32, len(objects))
	left, n, wanting := size.Height, 0, 0
	for i, o := range objects {
		if !o.Visible() {
			continue
		}
		if o.Size().Width != size.Width {
			o.Resize(fyne.NewSize(size.Width, o.MinSize().Height))
		}
		heights[i] = o.MinSize().Height
		left -= heights[i]
		n++
		if grows(o) {
			wanting++
		}
	}
	left -= c.gap * float32(max(0, n-1))
	y := float32(0)
	for i, o := range objects {
		if !o.Visible() {
			continue
		}
		if grows(o) && left > 0 {
			heights[i] += left / float32(wanting)
		}
		o.Move(fyne.NewPos(0, y))
		o.Resize(fyne.NewSize(size.Width, heights[i]))
		y += heights[i] + c.gap
	}
}

type row struct{ gap float32 }

func (r *row) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var size fyne.Size
	n := 0
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		m := o.MinSize()
		size.Height = max(size.Height, m.Height)
		size.Width += m.Width
		n++
	}
	size.Width += r.gap * float32(max(0, n-1))
	return size
}

func (r *row) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	left, n, wanting := size.Width, 0, 0
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		left -= o.MinSize().Width
		n++
		if grows(o) {
			wanting++
		}
	}
	left -= r.gap * float32(max(0, n-1))
	x := float32(0)
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		m := o.MinSize()
		if grows(o) {
			m.Width = max(0, m.Width+left/float32(wanting))
			o.Resize(m) // wrapped words tell their height only now
			m.Height = o.MinSize().Height
		}
		o.Resize(m)
		o.Move(fyne.NewPos(x, (size.Height-m.Height)/2))
		x += m.Width + r.gap
	}
}

type atLeast struct{ size fyne.Size }

func (a *atLeast) MinSize(objects []fyne.CanvasObject) fyne.Size {
	size := a.size
	for _, o := range objects {
		size = size.Max(o.MinSize())
	}
	return size
}

func (a *atLeast) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	growing{}.Layout(objects, size)
}

type atMost struct{ width float32 }

func (a *atMost) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var size fyne.Size
	for _, o := range objects {
		size = size.Max(o.MinSize())
	}
	return size
}

func (a *atMost) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	size.Width = min(size.Width, a.width)
	growing{}.Layout(objects, size)
}
