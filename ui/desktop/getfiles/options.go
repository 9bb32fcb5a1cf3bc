package getfiles

import (
	"context"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// The choices of the dialog, in the order of their rows.
var (
	places      = []engine.SaveTo{engine.ToDownloads, engine.ToDesktop, engine.ToOriginal, engine.ToFolder}
	existing    = []engine.Existing{engine.ExistingRename, engine.ExistingOverwrite, engine.ExistingSkip}
	permissions = []engine.Permissions{engine.PermissionsMine, engine.PermissionsOriginal}
)

const otherPlace = 3

// options is the dialog that opens with Get Files: where the files go, what
// happens to those that are there, whose they will be.
type options struct {
	screen  *Screen
	request engine.GetRequest
	plans   map[engine.SaveTo]engine.Plan
	failed  error // why the present choice cannot be done
	working bool  // Go was pressed

	sheet  *look.Dialog
	title  *look.Text
	to     *look.RadioGroup
	exists *look.RadioGroup
	perms  *look.RadioGroup
	wrong  *look.Words
	cancel *look.Button
	start  *look.Button
	scroll *container.Scroll
	room   fyne.CanvasObject
}

// showOptions asks how to bring back what is chosen.
func (s *Screen) showOptions() {
	if s.window == nil || s.state.chosen().len() == 0 {
		return
	}
	s.closeBubble()
	o := &options{screen: s, request: s.request(engine.ToDownloads), plans: map[engine.SaveTo]engine.Plan{}}
	o.build()
	o.draw()
	o.sheet.Show()
	for _, to := range places[:otherPlace] {
		o.plan(to)
	}
}

func (o *options) build() {
	o.title = look.Title("").Truncate()
	o.to = look.Radio([]look.Option{{Label: "Downloads"}, {Label: "Desktop"}, {Label: "Original location"}, {Label: "Other…"}}, 0, o.placed)
	o.exists = look.Radio([]look.Option{{Label: "Rename existing and restore a copy"}, {Label: "Overwrite"}, {Label: "Skip if identical, else ask me"}}, 0, func(i int) {
		o.request.Exists = existing[i]
		o.plan(o.request.To)
		o.draw()
	})
	o.perms = look.Radio([]look.Option{{Label: "Mine"}, {Label: "Original"}}, 0, func(i int) {
		o.request.Permissions = permissions[i]
	})
	o.wrong = look.SmallParagraph("")
	o.wrong.SetColor(look.ColorBad)
	st := &o.screen.state
	from := "from " + shown(st.computer().Name) + ", " + o.moment()
	section := func(title string, group fyne.CanvasObject) fyne.CanvasObject {
		return look.Column(6, look.Heading(title), group)
	}
	gap := look.Gap
	if o.screen.window.Canvas().Size().Height < 700 {
		gap = 12
	}
	body := look.Column(gap,
		look.Column(0, o.title, look.SoftBody(from).Truncate()),
		section("Save to", o.to), section("If a file exists", o.exists), section("Permissions", o.perms), o.wrong)
	o.scroll = look.Scroll(look.Pad(body, 0, 6, 0, 0))
	o.room = container.New(&upTo{scroll: o.scroll, window: o.screen.window}, o.scroll)
	o.cancel = look.Secondary("Cancel", "", func() { o.sheet.Hide() })
	o.start = look.Primary("Go", "", o.run)
	o.sheet = look.Sheet(o.screen.window, "", o.room, o.cancel, o.start)
	o.sheet.OnClosed = func() { o.screen.desk.void(&o.screen.options) }
}

// upTo is as high as what scrolls in it, as far as the window has room.
type upTo struct {
	scroll *container.Scroll
	window fyne.Window
}

func (u *upTo) MinSize([]fyne.CanvasObject) fyne.Size {
	want := u.scroll.Content.MinSize()
	return fyne.NewSize(200, min(want.Height, u.window.Canvas().Size().Height-32-56-60))
}

func (u *upTo) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Resize(size)
		o.Move(fyne.Position{})
	}
}

// moment says as of when what is chosen is.
func (o *options) moment() string {
	st := &o.screen.state
	if note := st.chosen().note(st.Now); note != "" {
		return note
	}
	return "as of today"
}

// placed is told that another place was chosen; Other… asks for the folder first.
func (o *options) placed(i int) {
	if i != otherPlace {
		o.request.To = places[i]
		o.request.Folder = ""
		o.plan(o.request.To)
		o.draw()
		return
	}
	before := o.request
	o.to.SetChosen(o.row(before.To))
	o.screen.pick(func(path string) {
		if path == "" || !o.sheet.Shown() {
			return
		}
		o.request.To, o.request.Folder = engine.ToFolder, path
		o.to.SetChosen(otherPlace)
		delete(o.plans, engine.ToFolder)
		o.plan(engine.ToFolder)
		o.draw()
	})
}

func (o *options) row(to engine.SaveTo) int {
	for i, one := range places {
		if one == to {
			return i
		}
	}
	return 0
}

// plan asks what would come of a place, with the other choices as they are.
func (o *options) plan(to engine.SaveTo) {
	s, request := o.screen, o.request
	request.To = to
	if to == o.request.To {
		o.failed = nil
	}
	if to != engine.ToFolder {
		request.Folder = ""
	}
	s.desk.join(&s.options, func(ctx context.Context) func() {
		plan, err := s.engine.PlanGet(ctx, request)
		return func() {
			if to != o.request.To {
				if err == nil {
					o.plans[to] = plan
				}
				o.draw()
				return
			}
			if request.Exists != o.request.Exists || request.Folder != o.request.Folder {
				return // an older question
			}
			o.failed = err
			if err == nil {
				o.plans[to] = plan
			}
			o.draw()
		}
	})
}

// draw shows what is known.
func (o *options) draw() {
	st := &o.screen.state
	plan, known := o.plans[o.request.To]
	amount, counted := st.Amount, st.Counted
	if known {
		amount, counted = plan.Amount, true
	}
	if counted {
		o.title.Set("Get " + look.Files(amount.Files) + ", " + look.Bytes(amount.Bytes))
	} else {
		o.title.Set("Get Files")
	}
	for i, to := range places {
		note := shown(o.plans[to].Target)
		if to == engine.ToDesktop && o.request.To != to {
			note = "" // it goes without saying
		}
		o.to.SetNote(i, note)
	}
	for i := range existing {
		note := ""
		if existing[i] == o.request.Exists && known {
			note = o.consequence(plan)
		}
		o.exists.SetNote(i, note)
	}
	switch {
	case o.failed != nil:
		o.wrong.Set(look.Sentence(o.failed))
		o.wrong.Show()
	default:
		o.wrong.Hide()
	}
	enable(o.start, o.failed == nil && !o.working)
	enable(o.cancel, !o.working)
	o.scroll.Refresh()
	o.sheet.Resize()
}

// consequence says what the choice means for the files that are there.
func (o *options) consequence(plan engine.Plan) string {
	switch {
	case plan.Example != "":
		return shown(plan.Example)
	case plan.Present == 0:
		return "None of these files is there now."
	}
	there := look.Plural(int64(plan.Present), "file is", "files are") + " there already"
	switch o.request.Exists {
	case engine.ExistingOverwrite:
		return there + " and will be replaced."
	case engine.ExistingSkip:
		return there + "; you are asked in Downloads about those that differ."
	}
	return there + " and will be renamed."
}

// run queues the restore and goes on to Downloads.
func (o *options) run() {
	if o.working || o.failed != nil {
		return
	}
	o.working = true
	o.draw()
	s, request := o.screen, o.request
	s.desk.join(&s.gets, func(ctx context.Context) func() {
		id, err := s.engine.Get(ctx, request)
		return func() {
			o.working = false
			if err != nil {
				o.failed = err
				o.draw()
				return
			}
			o.sheet.Hide()
			s.clear()
			if s.queued != nil {
				s.queued(id)
			}
		}
	})
}

// pickFolder asks with Fyne's own dialog.
func (s *Screen) pickFolder(done func(path string)) {
	d := dialog.NewFolderOpen(func(folder fyne.ListableURI, err error) {
		if err != nil {
			s.say(err)
			return
		}
		if folder != nil {
			done(filepath.FromSlash(folder.Path()))
		}
	}, s.window)
	d.Resize(s.window.Canvas().Size().SubtractWidthHeight(120, 100))
	d.Show()
}
