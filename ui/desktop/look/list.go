package look

import (
	"strings"
	"time"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// List is a flat list of any length that draws only the rows in sight. It is
// complete for the keyboard: arrows, Home and End, Page Up and Down, Enter, Space
// and typing the beginning of a name. A tree is such a list with indented rows:
// Left and Right are passed on. Call Refresh when the data changed.
type List struct {
	widget.BaseWidget

	OnSelected  func(i int)                   // the selected row changed
	OnActivated func(i int)                   // Enter or a second press
	OnSpace     func(i int)                   // Space
	OnSecondary func(i int, at fyne.Position) // the other mouse button; at is absolute
	OnLeft      func(i int)                   // Left
	OnRight     func(i int)                   // Right
	OnHover     func(i int)                   // the pointer came over a row; -1 when it left
	OnKey       func(i int, e *fyne.KeyEvent) // any other key
	TypeAhead   func(i int) string            // the name of a row, for typing

	length func() int
	create func() fyne.CanvasObject
	update func(i int, o fyne.CanvasObject)

	rowHeight float32
	selected  int
	hovered   int
	focused   bool
	typed     string
	typedAt   time.Time

	scroll  *container.Scroll
	content *fyne.Container
	rows    map[int]*listRow
	free    []*listRow
}

// NewList makes a list; create makes an empty row and update fills it for an index.
func NewList(length func() int, create func() fyne.CanvasObject, update func(i int, o fyne.CanvasObject)) *List {
	l := &List{length: length, create: create, update: update, rowHeight: RowHeight, selected: -1, hovered: -1, rows: map[int]*listRow{}}
	l.content = container.New(&listLayout{l})
	l.scroll = container.NewVScroll(l.content)
	l.scroll.OnScrolled = func(fyne.Position) { l.arrange(false) }
	l.ExtendBaseWidget(l)
	return l
}

// SetRowHeight changes the height of all rows.
func (l *List) SetRowHeight(height float32) { l.rowHeight = height; l.Refresh() }

// Selected is the index of the selected row, -1 for none.
func (l *List) Selected() int { return l.selected }

// Hovered is the index of the row under the pointer, -1 for none.
func (l *List) Hovered() int { return l.hovered }

// Focused says whether keys go to the list.
func (l *List) Focused() bool { return l.focused }

// Select selects a row, brings it into sight and tells OnSelected. -1 is none.
func (l *List) Select(i int) {
	if i >= l.length() || i < -1 {
		return
	}
	changed := i != l.selected
	l.selected = i
	if i >= 0 {
		l.ScrollTo(i)
	}
	l.arrange(true)
	if changed && l.OnSelected != nil {
		l.OnSelected(i)
	}
}

// SetSelected selects a row, tells nobody and scrolls nowhere.
func (l *List) SetSelected(i int) { l.selected = i; l.arrange(true) }

// ScrollTo brings a row into sight.
func (l *List) ScrollTo(i int) {
	top := float32(i) * l.rowHeight
	height := l.scroll.Size().Height
	switch {
	case height <= 0:
		return
	case top < l.scroll.Offset.Y:
		l.scroll.ScrollToOffset(fyne.NewPos(0, top))
	case top+l.rowHeight > l.scroll.Offset.Y+height:
		l.scroll.ScrollToOffset(fyne.NewPos(0, top+l.rowHeight-height))
	default:
		return
	}
	l.arrange(false) // the scroll tells only of what a hand moved
}

// ScrollToTop shows the first row.
func (l *List) ScrollToTop() { l.scroll.ScrollToTop(); l.arrange(false) }

// RowPosition is where a row is on the canvas, and whether it is in sight.
func (l *List) RowPosition(i int) (fyne.Position, bool) {
	r, ok := l.rows[i]
	if !ok {
		return fyne.Position{}, false
	}
	return fyne.CurrentApp().Driver().AbsolutePositionForObject(r), true
}

// RefreshRow fills one row again.
func (l *List) RefreshRow(i int) {
	if r, ok := l.rows[i]; ok {
		l.fill(r, i)
	}
}

// Refresh fills all rows in sight again.
func (l *List) Refresh() {
	if n := l.length(); l.selected >= n {
		l.selected = n - 1
	}
	l.content.Resize(l.content.MinSize().Max(fyne.NewSize(l.scroll.Size().Width, 0)))
	l.scroll.Refresh()
	l.arrange(true)
}

// FocusGained is for Fyne.
func (l *List) FocusGained() {
	l.focused = true
	if l.selected < 0 && l.length() > 0 && l.hovered < 0 {
		l.Select(0)
		return
	}
	l.arrange(true)
}

// FocusLost is for Fyne.
func (l *List) FocusLost() { l.focused = false; l.arrange(true) }

// TypedRune jumps to the name that begins with what is typed.
func (l *List) TypedRune(r rune) {
	if r == ' ' && (l.typed == "" || time.Since(l.typedAt) > time.Second) {
		if l.OnSpace != nil && l.selected >= 0 {
			l.OnSpace(l.selected)
		}
		return
	}
	if l.TypeAhead == nil {
		return
	}
	if time.Since(l.typedAt) > time.Second {
		l.typed = ""
	}
	l.typedAt = time.Now()
	l.typed += string(unicode.ToLower(r))
	n := l.length()
	from := max(0, l.selected)
	if len([]rune(l.typed)) == 1 {
		from++ // the same letter again goes on to the next
	}
	for k := range n {
		i := (from + k) % n
		if strings.HasPrefix(strings.ToLower(l.TypeAhead(i)), l.typed) {
			l.Select(i)
			return
		}
	}
}

// TypedKey moves and acts.
func (l *List) TypedKey(e *fyne.KeyEvent) {
	n := l.length()
	page := max(1, int(l.scroll.Size().Height/l.rowHeight)-1)
	switch e.Name {
	case fyne.KeyUp:
		l.move(l.selected-1, n)
	case fyne.KeyDown:
		l.move(l.selected+1, n)
	case fyne.KeyPageUp:
		l.move(l.selected-page, n)
	case fyne.KeyPageDown:
		l.move(l.selected+page, n)
	case fyne.KeyHome:
		l.move(0, n)
	case fyne.KeyEnd:
		l.move(n-1, n)
	case fyne.KeyReturn, fyne.KeyEnter:
		l.act(l.OnActivated)
	case fyne.KeyLeft:
		l.act(l.OnLeft)
	case fyne.KeyRight:
		l.act(l.OnRight)
	default:
		if l.OnKey != nil {
			l.OnKey(l.selected, e)
		} else {
			PassOn(l, e)
		}
	}
}

func (l *List) move(to, n int) {
	if n > 0 {
		l.Select(min(max(0, to), n-1))
	}
}

func (l *List) act(do func(int)) {
	if do != nil && l.selected >= 0 {
		do(l.selected)
	}
}

// CreateRenderer is for Fyne.
func (l *List) CreateRenderer() fyne.WidgetRenderer { return &listRenderer{l} }

// MinSize shows three rows.
func (l *List) MinSize() fyne.Size {
	l.ExtendBaseWidget(l)
	return fyne.NewSize(80, 3*l.rowHeight)
}

// arrange puts rows where the scroll is. With fill, those in sight already are
// filled again.
func (l *List) arrange(fill bool) {
	size := l.scroll.Size()
	if size.Height <= 0 {
		return
	}
	n := l.length()
	first := max(0, int(l.scroll.Offset.Y/l.rowHeight))
	last := min(n-1, int((l.scroll.Offset.Y+size.Height)/l.rowHeight))
	changed := false
	for i, r := range l.rows {
		if i < first || i > last {
			delete(l.rows, i)
			r.Hide()
			l.free = append(l.free, r)
			changed = true
		}
	}
	for i := first; i <= last; i++ {
		r, there := l.rows[i]
		if !there {
			r = l.take()
			l.rows[i] = r
			changed = true
		}
		r.Resize(fyne.NewSize(size.Width, l.rowHeight))
		r.Move(fyne.NewPos(0, float32(i)*l.rowHeight))
		if !there || fill {
			l.fill(r, i)
		}
		r.Show()
	}
	if changed {
		l.content.Objects = l.content.Objects[:0]
		for i := first; i <= last; i++ {
			l.content.Objects = append(l.content.Objects, l.rows[i])
		}
		l.content.Refresh()
	}
}

func (l *List) take() *listRow {
	if n := len(l.free); n > 0 {
		r := l.free[n-1]
		l.free = l.free[:n-1]
		return r
	}
	return newListRow(l, l.create())
}

func (l *List) fill(r *listRow, i int) {
	r.index = i
	l.update(i, r.object)
	r.paint()
}

func (l *List) hover(i int) {
	if l.hovered == i {
		return
	}
	before := l.hovered
	l.hovered = i
	for _, j := range []int{before, i} {
		if r, ok := l.rows[j]; ok {
			r.paint()
		}
	}
	if l.OnHover != nil {
		l.OnHover(i)
	}
}

type listRenderer struct{ l *List }

func (r *listRenderer) Layout(size fyne.Size) {
	r.l.scroll.Resize(size)
	r.l.arrange(false)
}
func (r *listRenderer) MinSize() fyne.Size           { return r.l.MinSize() }
func (r *listRenderer) Refresh()                     { r.l.arrange(true) }
func (r *listRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.l.scroll} }
func (r *listRenderer) Destroy()                     {}

type listLayout struct{ l *List }

func (c *listLayout) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(0, float32(c.l.length())*c.l.rowHeight)
}
func (c *listLayout) Layout([]fyne.CanvasObject, fyne.Size) {}

// listRow is one row: the ground of hover and selection, and the caller's object.
type listRow struct {
	widget.BaseWidget
	list   *List
	index  int
	ground *Box
	object fyne.CanvasObject
	tapped time.Time
	tapOf  int
}

func newListRow(l *List, object fyne.CanvasObject) *listRow {
	r := &listRow{list: l, ground: NewBox(ColorClear, "", RowRadius), object: object, tapOf: -1}
	r.ExtendBaseWidget(r)
	return r
}

func (r *listRow) paint() {
	ground, line := ColorClear, fyne.ThemeColorName("")
	switch {
	case r.index == r.list.selected:
		ground = ColorAccentSoft
		if r.list.focused {
			line = ColorAccent
		}
	case r.index == r.list.hovered:
		ground = ColorHover
	}
	r.ground.SetColors(ground, line)
}

func (r *listRow) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.NewStack(r.ground, r.object))
}

// Tapped selects at once; a second press within the time of a double click
// activates. Fyne's own double tap would hold back every first one.
func (r *listRow) Tapped(*fyne.PointEvent) {
	l := r.list
	if c := fyne.CurrentApp().Driver().CanvasForObject(l); c != nil && c.Focused() != fyne.Focusable(l) {
		l.selected = r.index
		c.Focus(l)
		if l.OnSelected != nil {
			l.OnSelected(r.index)
		}
	} else {
		l.Select(r.index)
	}
	again := r.tapOf == r.index && time.Since(r.tapped) < 400*time.Millisecond
	r.tapped, r.tapOf = time.Now(), r.index
	if again && l.OnActivated != nil {
		r.tapOf = -1
		l.OnActivated(r.index)
	}
}

func (r *listRow) TappedSecondary(e *fyne.PointEvent) {
	r.list.Select(r.index)
	if r.list.OnSecondary != nil {
		r.list.OnSecondary(r.index, e.AbsolutePosition)
	}
}

func (r *listRow) MouseIn(*desktop.MouseEvent)    { r.list.hover(r.index) }
func (r *listRow) MouseMoved(*desktop.MouseEvent) { r.list.hover(r.index) }
func (r *listRow) MouseOut() {
	if r.list.hovered == r.index {
		r.list.hover(-1)
	}
}
