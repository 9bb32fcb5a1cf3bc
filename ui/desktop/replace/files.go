package replace

import (
	"context"
	"path"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// filesView is the tree of the old computer.
type filesView struct {
	content fyne.CanvasObject
	from    *look.Words
	body    *fyne.Container
	list    *look.List
	icon    *look.Glyph
	note    *look.Words
	good    bool
}

func (s *Screen) buildFiles() {
	v := &s.view.files
	v.from = look.SoftParagraph("")
	v.list = look.NewList(func() int { return len(s.state.Tree.flat) },
		func() fyne.CanvasObject { return newRow(s) },
		func(i int, o fyne.CanvasObject) {
			if i < len(s.state.Tree.flat) {
				o.(*row).show(s.state.Tree.flat[i])
			}
		})
	at := func(do func(*node)) func(int) {
		return func(i int) {
			if i >= 0 && i < len(s.state.Tree.flat) {
				do(s.state.Tree.flat[i])
			}
		}
	}
	v.list.OnSpace = at(s.toggle)
	v.list.OnActivated = at(s.turn)
	v.list.OnRight = at(func(n *node) {
		if !n.open {
			s.turn(n)
		}
	})
	v.list.OnLeft = at(func(n *node) {
		if n.open {
			s.turn(n)
		}
	})
	v.list.TypeAhead = func(i int) string { return s.state.Tree.flat[i].name }
	v.body = container.NewStack(v.list)
	v.icon, v.good = look.NewGlyph(look.Icon("check", look.ColorOK), 16), true
	v.note = look.SmallParagraph("")
	v.content = look.Column(10,
		look.Column(0, look.Heading("Which files should come to this computer now?"), v.from),
		look.Grow(v.body),
		look.Row(8, v.icon, look.Grow(v.note)))
}

func (s *Screen) drawFiles() fyne.CanvasObject {
	v, st := &s.view.files, &s.state
	v.from.Set(fromWords(st.R.Old))
	words, good := backupWords(st.Status)
	v.note.Set(words)
	if good != v.good {
		v.good = good
		icon, ink := "triangle-alert", look.ColorWarn
		if good {
			icon, ink = "check", look.ColorOK
		}
		v.icon.SetIcon(look.Icon(icon, ink))
	}
	var instead fyne.CanvasObject
	switch {
	case st.TreeErr != nil:
		instead = look.Empty("triangle-alert", "The files cannot be shown", look.Sentence(st.TreeErr), look.Secondary("Try again", "refresh-cw", s.readTree))
	case !st.TreeKnown:
		instead = look.Centered(look.SoftBody("Looking at the backup…"))
	case len(st.Tree.flat) == 0 || len(st.Tree.flat) == 1 && st.Tree.flat[0].loaded:
		instead = look.Empty("folder", "There is nothing to fetch", "The old computer has nothing in the backup. Skip this step.", nil)
	}
	if instead == nil {
		instead = v.list
		v.list.Refresh()
	}
	v.body.Objects = []fyne.CanvasObject{instead}
	v.body.Refresh()
	return v.content
}

// readTree asks for the first rows: the home folder, and what lies outside of it.
func (s *Screen) readTree() {
	old, home := s.state.R.Old, slash(s.state.Old.Home)
	s.state.TreeErr = nil
	s.desk.Ask(&s.branches, func(ctx context.Context) func() {
		roots, listed, err := s.roots(ctx, old.ID, home)
		return func() {
			s.state.TreeErr = err
			if engine.KindOf(err) == engine.KindNotFound { // nothing was ever stored
				s.state.TreeErr = nil
			}
			if err == nil {
				s.state.Tree, s.state.TreeKnown = newTree(roots...), true
				tops := s.tops()
				for i, n := range roots {
					n.chosen = n.chosen && len(s.state.R.Jobs) == 0 // nothing is asked for twice
					s.state.Tree.set(n, listed[i], tops)
				}
				for _, n := range roots {
					s.count(n)
				}
			} else {
				s.state.Tree, s.state.TreeKnown = tree{}, s.state.TreeErr == nil
			}
			s.draw()
		}
	})
}

// roots are the folders at the top and what they hold. The old computer's home is one;
// the others are what lies beside the way to it.
func (s *Screen) roots(ctx context.Context, computer, home string) ([]*node, [][]engine.Item, error) {
	list := func(at string) ([]engine.Item, error) {
		return s.deps.Engine.List(ctx, engine.ListRequest{Computer: computer, Path: at})
	}
	var nodes []*node
	var held [][]engine.Item
	if home != "" {
		items, err := list(home)
		if err != nil && engine.KindOf(err) != engine.KindNotFound {
			return nil, nil, err
		}
		if len(items) > 0 {
			nodes, held = append(nodes, group(home, "Home of "+base(home))), append(held, items)
		}
	}
	way := []string{"/"}
	for at := path.Dir(home); home != "" && at != "/" && at != "."; at = path.Dir(at) {
		way = append(way, at)
	}
	for _, at := range way {
		items, err := list(at)
		if err != nil && engine.KindOf(err) != engine.KindNotFound {
			return nil, nil, err
		}
		var beside []engine.Item
		for _, item := range items {
			if item.Path != home && !strings.HasPrefix(home, item.Path+"/") {
				beside = append(beside, item)
			}
		}
		if len(beside) == 0 {
			continue
		}
		n := group(at, at)
		if at == "/" {
			n.name = "Outside of the home folder"
			if len(nodes) == 0 {
				n.name = "All files"
			}
		}
		n.chosen, n.open = len(nodes) == 0, len(nodes) == 0
		nodes, held = append(nodes, n), append(held, beside)
	}
	return nodes, held, nil
}

// slash is a home folder as the backup writes it.
func slash(home string) string {
	home = strings.TrimSuffix(strings.ReplaceAll(home, `\`, "/"), "/")
	if home != "" && !strings.HasPrefix(home, "/") {
		home = "/" + home
	}
	return home
}

// tops are the paths of the roots, which no other root lists again.
func (s *Screen) tops() map[string]bool {
	all := map[string]bool{}
	for _, n := range s.state.Tree.roots {
		if n.path != "/" {
			all[n.path] = true
		}
	}
	return all
}

// turn opens or closes a folder.
func (s *Screen) turn(n *node) {
	if !n.folder {
		return
	}
	n.open = !n.open
	s.state.Tree.flatten()
	if n.open && !n.loaded && !n.loading {
		s.load(n)
	}
	s.draw()
}

// load asks what a folder holds.
func (s *Screen) load(n *node) {
	n.loading = true
	id := s.state.R.Old.ID
	s.desk.Once(func(ctx context.Context) func() {
		items, err := s.deps.Engine.List(ctx, engine.ListRequest{Computer: id, Path: n.path, Hidden: true})
		return func() {
			if s.state.Tree.find(n.path) != n {
				return // another tree is shown now
			}
			if err != nil {
				n.loading, n.failed = false, look.Sentence(err)
			} else {
				s.state.Tree.set(n, items, s.tops())
				s.count(n)
			}
			s.draw()
		}
	})
}

// count asks how much the folders in a folder hold, which takes longer than what they are.
func (s *Screen) count(n *node) {
	id := s.state.R.Old.ID
	s.desk.Once(func(ctx context.Context) func() {
		items, err := s.deps.Engine.List(ctx, engine.ListRequest{Computer: id, Path: n.path, Hidden: true, Sizes: true})
		return func() {
			if err == nil && s.state.Tree.find(n.path) == n {
				s.state.Tree.sizes(n, items)
				s.draw()
			}
		}
	})
}

func (s *Screen) toggle(n *node) {
	s.state.Tree.toggle(n)
	s.draw()
}

const (
	indent   float32 = 22
	rowEdge  float32 = 8
	sizeWide float32 = 84
)

// row is one line of the tree.
type row struct {
	widget.BaseWidget
	screen  *Screen
	node    *node
	chevron *look.RowIcon
	box     *look.CheckBox
	icon    *look.Glyph
	name    *look.Text
	size    *look.Text
	drawn   string
}

func newRow(s *Screen) *row {
	r := &row{screen: s}
	r.chevron = look.NewRowIcon("chevron-right", look.ColorText, "Open or close", func() { s.turn(r.node) })
	r.box = look.Check("", engine.MarkEmpty, func(bool) { s.toggle(r.node) })
	r.icon = look.NewGlyph(look.Icon("folder", look.ColorSoft), look.IconSize)
	r.name = look.Body("").Truncate()
	r.size = look.Figures("").Right()
	r.ExtendBaseWidget(r)
	return r
}

func (r *row) show(n *node) {
	moved := r.node == nil || r.node.depth != n.depth
	r.node = n
	r.chevron.Hidden = !n.folder
	if n.open {
		r.chevron.SetIcon("chevron-down", look.ColorText)
	} else {
		r.chevron.SetIcon("chevron-right", look.ColorText)
	}
	r.box.SetMark(n.mark())
	icon := "file"
	if n.folder {
		icon = "folder"
	}
	if icon != r.drawn {
		r.drawn = icon
		r.icon.SetIcon(look.Icon(icon, look.ColorSoft))
	}
	r.name.Set(n.name)
	ink := look.ColorText
	if n.failed != "" {
		ink = look.ColorBad
		r.name.Set(n.name + ": " + n.failed)
	}
	r.name.SetColor(ink)
	words := "…"
	if bytes := n.weight(); bytes >= 0 {
		words = look.Bytes(bytes)
	}
	r.size.Set(words)
	if moved {
		r.Refresh()
	}
}

// CreateRenderer is for Fyne.
func (r *row) CreateRenderer() fyne.WidgetRenderer { return &rowRenderer{r} }

type rowRenderer struct{ r *row }

func (d *rowRenderer) MinSize() fyne.Size { return fyne.NewSize(240, look.RowHeight) }

func (d *rowRenderer) Layout(size fyne.Size) {
	r := d.r
	x := rowEdge
	if r.node != nil {
		x += min(indent*float32(r.node.depth), max(0, size.Width-280))
	}
	middle := func(o fyne.CanvasObject, x, width, height float32) {
		o.Move(fyne.NewPos(x, (size.Height-height)/2))
		o.Resize(fyne.NewSize(width, height))
	}
	middle(r.chevron, x-2, 24, 28)
	middle(r.box, x+25, 22, 22)
	middle(r.icon, x+52, look.IconSize, look.IconSize)
	middle(r.name, x+78, max(0, size.Width-x-78-sizeWide-2*rowEdge), 20)
	middle(r.size, size.Width-rowEdge-sizeWide, sizeWide, 20)
}

func (d *rowRenderer) Refresh() {
	d.Layout(d.r.Size())
	for _, o := range d.Objects() {
		o.Refresh()
	}
}

func (d *rowRenderer) Objects() []fyne.CanvasObject {
	r := d.r
	return []fyne.CanvasObject{r.chevron, r.box, r.icon, r.name, r.size}
}

func (d *rowRenderer) Destroy() {}
