package settings

import (
	"context"
	"time"

	"fyne.io/fyne/v2"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

func newDestination(s *Screen) *section {
	address := look.Body("").TruncateMiddle()
	state := look.Pill("", engine.ToneQuiet)
	message := look.SoftParagraph("")
	stored, free := look.SoftBody("").Right(), look.SoftBody("").Right()
	storedRow := look.Column(12, row("Stored there", "", stored), look.Rule()) // once it was counted
	leave := look.Secondary("Disconnect…", "log-out", s.askDisconnect)
	check, drill := newTaskView(), newTaskView()
	checkNow := look.MenuButton("Check now", "shield-check", s.checkMenu)
	stop := look.Secondary("Stop", "x", func() {
		if s.stopCheck != nil {
			s.stopCheck()
		}
	})
	stopDrill := look.Secondary("Stop", "x", func() {
		if s.stopDrill != nil {
			s.stopDrill()
		}
	})
	drillNow := look.Secondary("Test now", "history", s.runDrill)
	return &section{name: "Destination", icon: "hard-drive",
		content: look.Column(look.Gap,
			card("Where the files are kept",
				look.Column(8, look.Row(12, look.NewGlyph(look.Icon("hard-drive", look.ColorSoft), look.IconSize), look.Grow(address), state), message),
				look.Column(12, storedRow, row("Free there", "", free)),
				row("Disconnect", "This computer stops backing up. What is stored stays.", leave)),
			card("Is it all there?",
				look.Column(8, row("Check", "Looks whether everything that is stored is whole.", look.Row(8, stop, checkNow)), check.body),
				look.Column(8, row("Test a restore", "Gets random files back from the destination alone and compares them.", look.Row(8, stopDrill, drillNow)), drill.body))),
		draw: func() {
			d := s.state.status.Destination
			address.Set(orDash(d.Address))
			setReach(state, d)
			message.Set(d.Message)
			show(message, d.Message != "")
			show(storedRow, d.Stored > 0)
			stored.Set(look.Bytes(d.Stored))
			free.Set(freeWords(d.Free))
			enable(leave, d.Address != "")
			enable(checkNow, d.Address != "" && !s.state.check.running)
			show(stop, s.state.check.running)
			show(stopDrill, s.state.drill.running)
			enable(drillNow, d.Address != "" && !s.state.drill.running)
			check.draw(s.state.check)
			drill.draw(s.state.drill)
		}}
}

func setReach(pill *look.PillWidget, d engine.Destination) {
	switch {
	case d.Address == "":
		pill.Set("Not connected", engine.ToneQuiet)
	case d.Reachable:
		pill.Set("Connected", engine.ToneOK)
	default:
		pill.Set("Not reachable", engine.ToneBad)
	}
}

func orDash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}

func freeWords(n int64) string {
	if n < 0 {
		return "Not known"
	}
	return look.Bytes(n)
}

func enable(b *look.Button, on bool) {
	if on {
		b.Enable()
	} else {
		b.Disable()
	}
}

// taskView shows what a task said, below what starts it.
type taskView struct {
	body  *fyne.Container
	says  *look.Words
	lines *fyne.Container
}

func newTaskView() *taskView {
	t := &taskView{says: look.Paragraph(""), lines: look.Column(2)}
	t.body = look.Column(6, t.says, t.lines)
	return t
}

// longest is how many affected files are listed; the rest is in the history.
const longest = 20

func (t *taskView) draw(k task) {
	show(t.body, k.says != "")
	color, _ := look.ToneColors(k.tone)
	t.says.SetColor(color)
	t.says.Set(k.says)
	t.lines.Objects = nil
	for i, line := range k.lines {
		if i == longest {
			t.lines.Add(look.SoftSmall("and " + look.Count(int64(len(k.lines)-longest)) + " more"))
			break
		}
		t.lines.Add(look.SoftSmall(line).TruncateMiddle())
	}
	t.lines.Refresh()
	t.body.Refresh()
}

func (s *Screen) checkMenu() *fyne.Menu {
	item := func(words string, share float64) *fyne.MenuItem {
		return fyne.NewMenuItem(words, func() { s.runCheck(share) })
	}
	all := "And all the data"
	if n := s.state.status.Destination.Stored; n > 0 {
		all += ": reads " + look.Bytes(n)
	}
	return fyne.NewMenu("",
		item("The structure: quick", 0),
		item("And a tenth of the data", 10),
		item(all, 100))
}

// runCheck goes on when the screen is hidden, until Stop.
func (s *Screen) runCheck(share float64) { s.checkAll(share, false) }

// checkAll checks; signed says that the person has signed in so that what is damaged in
// an account can be mended.
func (s *Screen) checkAll(share float64, signed bool) {
	s.run(&s.state.check, &s.stopCheck, "Checking", func(ctx context.Context) func(stopped bool) task {
		result, err := s.deps.Engine.Check(ctx, share)
		return func(stopped bool) task {
			if !signed && engine.KindOf(err) == engine.KindFresh {
				s.again("Mending the backup", err, func() { s.checkAll(share, true) })
			}
			return checkTask(result, err, stopped)
		}
	})
}

// run does what takes a while: it says how long it has been running, goes on when
// the screen is hidden, and ends early when stop is called.
func (s *Screen) run(k *task, stop *context.CancelFunc, doing string, do func(ctx context.Context) func(stopped bool) task) {
	if k.running {
		return
	}
	began := s.deps.Now()
	says := func() string {
		since := ""
		if d := s.deps.Now().Sub(began); d >= time.Second {
			since = " " + seconds(d) + " so far."
		}
		return doing + "…" + since + " You can leave this page meanwhile."
	}
	*k = task{running: true, says: says()}
	s.view.draw()
	stopped := false
	ctx, cancel := context.WithCancel(context.Background())
	*stop = func() { stopped = true; cancel() }
	tick := func() {
		if k.running {
			k.says = says()
			s.view.draw()
		}
	}
	s.desk.Once(func(context.Context) func() {
		ticking := s.desk.Every(ctx, time.Second, tick)
		end := do(ctx)
		cancel()
		ticking()
		return func() {
			*stop = nil
			*k = end(stopped)
			s.view.draw()
		}
	})
}

func checkTask(r engine.CheckResult, err error, stopped bool) task {
	switch {
	case err != nil && (stopped || engine.KindOf(err) == engine.KindCancelled):
		return task{says: "The check was stopped before it was done.", tone: engine.ToneQuiet}
	case err != nil:
		return task{says: look.Sentence(err), tone: engine.ToneBad}
	}
	says, tone := checked(r)
	return task{says: says, tone: tone, lines: append(append([]string{}, r.Damaged...), r.Errors...)}
}

func (s *Screen) runDrill() {
	s.run(&s.state.drill, &s.stopDrill, "Getting files back and comparing them", func(ctx context.Context) func(stopped bool) task {
		proof, err := s.deps.Engine.Drill(ctx)
		return func(stopped bool) task { return drillTask(proof, err, stopped) }
	})
}

func drillTask(p engine.Proof, err error, stopped bool) task {
	switch {
	case err != nil && (stopped || engine.KindOf(err) == engine.KindCancelled):
		return task{says: "The test was stopped before it was done.", tone: engine.ToneQuiet}
	case err != nil:
		return task{says: look.Sentence(err), tone: engine.ToneBad}
	}
	says, tone := proven(p)
	return task{says: says, tone: tone, lines: p.Failed}
}

func (s *Screen) askDisconnect() {
	s.askDanger("Disconnect from the backup?", disconnectSays(s.state.status.Destination), "Disconnect", func() {
		s.desk.Once(func(ctx context.Context) func() {
			out, err := s.deps.Engine.Disconnect(ctx)
			return func() {
				if err != nil {
					look.Say(s.deps.Window, err)
					return
				}
				s.deps.Gone()
				s.readStatus()
				if out.Note != "" {
					look.Notice(s.deps.Window, "Signed out on this computer", out.Note)
				}
			}
		})
	})
}

func disconnectSays(d engine.Destination) string {
	const stays = "This computer stops backing up and forgets its key. The files on it stay as they are, and **what is stored stays stored**.\n\n"
	if d.Account != "" {
		return stays + "To get it back later, sign in to " + d.Server + " again and choose to replace this computer. If only you have the key, you also need the passphrase or the recovery code: make sure that you have one of them."
	}
	return stays + "To get it back later you need the recovery code or the passphrase. If you have neither, make a recovery code under Security first."
}
