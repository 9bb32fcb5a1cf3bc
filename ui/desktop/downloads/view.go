package downloads

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// view is the widgets of the screen: a card for each job, kept while the job is on
// the list, so that nothing flickers or loses the focus while it moves.
type view struct {
	page   *look.PageView
	body   *fyne.Container
	cards  map[int64]*card
	column *fyne.Container
	scroll *container.Scroll
	order  []int64
	empty  string // what stands in place of the cards
}

func newView(s *Screen) *view {
	v := &view{cards: map[int64]*card{}, column: look.Column(look.Gap)}
	v.scroll = look.Scroll(v.column)
	v.body = container.NewStack(v.scroll)
	v.page = look.Page("Downloads", "", v.body)
	return v
}

// draw shows the state.
func (s *Screen) draw() {
	st := &s.state
	s.page.SetSubtitle(st.counts())
	if key, o := s.instead(); key != "" {
		if key != s.empty {
			s.empty = key
			s.body.Objects = []fyne.CanvasObject{o}
			s.body.Refresh()
		}
		return
	}
	if s.empty != "" {
		s.empty = ""
		s.body.Objects = []fyne.CanvasObject{s.scroll}
		s.body.Refresh()
	}
	changed := len(s.order) != len(st.Jobs)
	order := make([]int64, len(st.Jobs))
	seen := map[int64]bool{}
	for i, job := range st.Jobs {
		order[i], seen[job.ID] = job.ID, true
		c := s.cards[job.ID]
		if c == nil {
			c = newCard(s)
			s.cards[job.ID] = c
		}
		changed = changed || s.order[i] != job.ID
		if c.draw(job) {
			s.column.Refresh()
		}
	}
	for id := range s.cards {
		if !seen[id] {
			delete(s.cards, id)
			delete(st.Open, id)
		}
	}
	if changed {
		s.order = order
		s.column.Objects = nil
		for _, id := range order {
			s.column.Add(s.cards[id].root)
		}
		s.column.Refresh()
	}
	s.scroll.Refresh()
	if s.cards[st.Revealed] != nil {
		st.Revealed = 0
		s.scroll.ScrollToTop() // the newest is the first
	}
}

// instead is what stands in place of the cards, "" when there are some.
func (s *Screen) instead() (string, fyne.CanvasObject) {
	st := &s.state
	switch {
	case st.Err != nil && len(st.Jobs) == 0:
		words := look.Sentence(st.Err)
		return "error " + words, look.Empty("circle-x", "The restores cannot be listed", words, look.Secondary("Try again", "", s.load))
	case !st.Known:
		return "asking", container.NewStack()
	case len(st.Jobs) == 0:
		var action fyne.CanvasObject
		if s.getFiles != nil {
			action = look.Primary("Get Files", "history", s.getFiles)
		}
		return "none", look.Empty("download", "Nothing is being restored",
			"Files that you get out of the backup show here: how far they are, and what became of each.", action)
	}
	return "", nil
}

// card is one job.
type card struct {
	screen *Screen
	job    engine.Job
	root   fyne.CanvasObject

	title   *look.Text
	where   *look.Text
	pill    *look.PillWidget
	bar     *look.BarWidget
	line    *look.Text
	current *look.Text
	message *look.Words
	pause   *look.Button
	stop    *look.Button
	folder  *look.Button
	more    *look.Button
	forget  *look.Button
	files   *fyne.Container
	drawn   string // what the list of files was drawn from
}

func newCard(s *Screen) *card {
	c := &card{screen: s}
	c.title = look.Heading("").Truncate()
	c.where = look.SoftSmall("").TruncateMiddle()
	c.pill = look.Pill("", engine.ToneQuiet)
	c.bar = look.Bar(0)
	c.line = look.Body("").Truncate()
	c.current = look.SoftSmall("").TruncateMiddle()
	c.message = look.SoftParagraph("")
	c.pause = look.Secondary("Pause", "pause", func() { c.turn() })
	c.stop = look.Secondary("Cancel", "x", func() { s.cancel(c.job) })
	c.folder = look.Secondary("Show in folder", "folder-open", func() { s.reveal(c.job.Target) })
	c.more = look.Link("", func() { c.toggle() })
	c.forget = look.IconButton("x", "Take off the list", func() { s.forget(c.job.ID) })
	c.files = look.Column(12)
	head := look.Row(8, look.Grow(look.Column(2, c.title, c.where)), c.pill, c.forget)
	foot := look.Row(8, c.more, look.Space(), look.Grow(look.Space()), c.pause, c.stop, c.folder)
	c.root = look.Card(look.Column(10, head, c.bar, c.line, c.current, c.message, foot, c.files))
	return c
}

// turn pauses what runs and resumes what is paused.
func (c *card) turn() {
	if c.job.State == engine.JobPaused {
		c.screen.resume(c.job.ID)
	} else {
		c.screen.pause(c.job.ID)
	}
}

func (c *card) toggle() {
	st := &c.screen.state
	st.Open[c.job.ID] = !st.opened(c.job)
	c.screen.draw()
}

// draw shows a job and says whether its height may have changed.
func (c *card) draw(job engine.Job) (resized bool) {
	before := shape(c.job)
	c.job = job
	st := &c.screen.state
	c.title.Set(job.Title)
	c.where.Set(from(job) + job.Target)
	word, tone := badge(job)
	c.pill.Set(word, tone)
	color, _ := look.ToneColors(tone)
	if tone == engine.ToneQuiet || tone == engine.ToneBusy {
		color = look.ColorAccent
	}
	c.bar.SetColor(color)
	c.bar.Set(fraction(job))
	ended := job.State.Ended()
	if ended {
		c.line.Set(outcome(job) + " · " + look.Bytes(job.Done.Bytes) + " · " + look.When(job.Ended, st.Now))
	} else {
		c.line.Set(progress(job))
	}
	c.current.Set(job.Current)
	c.message.Set(job.Message)
	show(c.bar, !ended || job.State != engine.JobDone)
	show(c.current, job.State == engine.JobRunning && job.Current != "")
	show(c.message, job.Message != "")
	show(c.pause, !ended)
	show(c.stop, !ended)
	show(c.folder, job.Target != "" && (ended || job.Done.Files > 0))
	show(c.forget, ended)
	if job.State == engine.JobPaused {
		c.pause.SetText("Resume")
		c.pause.SetIcon("play")
	} else {
		c.pause.SetText("Pause")
		c.pause.SetIcon("pause")
	}
	return c.drawFiles() || before != shape(job)
}

// shape is what the height and the buttons of a card depend on.
func shape(job engine.Job) [4]string {
	current := ""
	if job.Current != "" {
		current = "there"
	}
	there := ""
	if job.Done.Files > 0 {
		there = "there"
	}
	return [4]string{string(job.State), job.Message, current, there}
}

// from says whose files they are.
func from(job engine.Job) string {
	if job.Computer == "" {
		return "to "
	}
	return "from " + job.Computer + " to "
}

func show(o fyne.CanvasObject, on bool) {
	if on != o.Visible() {
		if on {
			o.Show()
		} else {
			o.Hide()
		}
	}
}
