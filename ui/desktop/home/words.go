package home

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// State is all that the screen shows.
type State struct {
	Known     bool // the engine has answered once
	Err       error
	Status    engine.Status
	Others    []engine.Computer
	Replacing engine.Replacement // under way
	Starting  bool               // "Back up now" was pressed and nothing moves yet
	Proving   time.Time          // since when files are being read back to prove them; zero: they are not
	Now       time.Time
}

// subtitle stands below the title.
func (s State) subtitle() string {
	name := s.Status.Computer.Name
	if name == "" {
		return ""
	}
	d := s.Status.Destination
	if d.Account == "" {
		if d.Address == "" {
			return name
		}
		return name + " · backed up to " + d.Address
	}
	if asset := s.Status.Computer.Asset; asset != "" {
		name += " · asset " + asset
	}
	if owner := s.Status.Computer.Owner; owner != "" {
		name += " · " + owner
	}
	return name
}

// checking is the figure of the upper bar and how far it is.
func checking(p engine.Progress) (words string, fraction float64) {
	if p.CheckTotal > 0 {
		fraction = float64(p.Checked) / float64(p.CheckTotal)
	}
	switch {
	case p.Counting && p.Checked == 0:
		return "still counting", 0
	case p.Counting:
		return look.Count(p.Checked) + " so far, still counting", min(fraction, 0.99)
	}
	return look.Count(p.Checked) + " of " + look.Count(p.CheckTotal), min(fraction, 1)
}

// uploading is the figure of the lower bar and how far it is. Its whole is the
// bytes known to be new and nothing else.
func uploading(p engine.Progress) (words string, fraction float64) {
	if p.NewBytes <= 0 {
		if p.Counting || p.Checked < p.CheckTotal {
			return "nothing new so far", 0
		}
		return "nothing new", 1
	}
	fraction = min(1, float64(p.Uploaded)/float64(p.NewBytes))
	parts := []string{look.Bytes(p.Uploaded) + " of " + look.Bytes(p.NewBytes)}
	if p.Speed > 0 {
		parts = append(parts, look.Speed(p.Speed))
	}
	if p.Left < 0 || p.Counting {
		parts = append(parts, "still counting")
	} else if p.Uploaded < p.NewBytes {
		parts = append(parts, look.About(p.Left))
	}
	return strings.Join(parts, " · "), fraction
}

// stored, limit and current are the small lines under the bars.
func stored(p engine.Progress) string {
	if p.StoredBefore <= 0 {
		return ""
	}
	return "Already stored: " + look.Bytes(p.StoredBefore) + "; only what is new is uploaded."
}

func limit(p engine.Progress) string {
	switch p.Limit {
	case "":
		return ""
	case "your limit":
		return "Limited by your settings."
	}
	return "Limited by the " + p.Limit + "."
}

func current(p engine.Progress, home string) string {
	if p.Current == "" {
		return ""
	}
	return "Now: " + short(p.Current, home)
}

// short is a path without the home folder in front.
func short(path, home string) string {
	if home == "" {
		return path
	}
	if rest, ok := strings.CutPrefix(path, strings.TrimRight(home, `/\`)+string(filepath.Separator)); ok {
		return rest
	}
	return path
}

// fact is one line of the state when nothing is being uploaded.
type fact struct{ Name, Value string }

func (s State) facts() []fact {
	st := s.Status
	facts := []fact{{"Last backup", sentence(look.Ago(st.LastBackup, s.Now))}}
	switch {
	case st.State == engine.StatePaused && st.PausedUntil.IsZero():
		facts = append(facts, fact{"Next backup", "When you resume"})
	case st.State == engine.StatePaused:
		facts = append(facts, fact{"Next backup", look.When(st.PausedUntil, s.Now)})
	case !st.NextBackup.IsZero():
		facts = append(facts, fact{"Next backup", until(st.NextBackup, s.Now)})
	}
	if st.Protected.Files > 0 {
		facts = append(facts, fact{"In the backup", look.Files(st.Protected.Files) + ", " + look.Bytes(st.Protected.Bytes)})
	}
	if d := st.Destination; d.Address != "" {
		switch {
		case !d.Reachable:
			facts = append(facts, fact{"Kept at", "Not reachable: " + look.Kept(d)})
		case d.Free >= 0:
			facts = append(facts, fact{"Kept at", look.Bytes(d.Free) + " free at " + look.Kept(d)})
		default:
			facts = append(facts, fact{"Kept at", look.Kept(d)})
		}
	}
	return facts
}

// due is what could be freed, said without alarm: nothing is wrong.
func due(d engine.Due) string {
	removed := look.Plural(int64(d.Removals), "removal", "removals")
	switch {
	case d.Removals == 0:
		return look.Count(int64(d.Versions)) + " can go"
	case d.Versions == 0:
		return removed + " not carried out yet"
	}
	return look.Count(int64(d.Versions)) + " can go, " + removed + " too"
}

func until(t, now time.Time) string {
	d := t.Sub(now)
	switch {
	case d <= time.Minute:
		return "In a moment"
	case d < 100*time.Minute:
		return "In " + look.Duration(d)
	}
	return look.When(t, now)
}

// proven are the lines of the card that says whether files came back.
func (s State) proven() (head, line string, bad bool) {
	p := s.Status.Proven
	switch {
	case !s.Known:
		return "…", "", false
	case !s.Proving.IsZero():
		return "Reading files back…", "From the backup alone, " + look.Duration(max(time.Second, s.Now.Sub(s.Proving))) + " so far", false
	case p.Time.IsZero():
		return "Not yet", "Nothing was read back so far", false
	case len(p.Failed) > 0:
		return "It failed", look.Day(p.Time, s.Now) + ": " + p.Failed[0], true
	}
	line = look.Files(p.Amount.Files) + ", " + look.Bytes(p.Amount.Bytes) + ", " + look.Duration(p.Took)
	return look.Day(p.Time, s.Now), line, false
}

// unprotected are the lines of the card about what could not be read.
func (s State) unprotected() (head, line string) {
	switch n := s.Status.Problems; {
	case !s.Known:
		return "…", ""
	case n > 0:
		return look.Files(int64(n)), ""
	case s.Status.LastBackup.IsZero():
		return "Not known yet", "The first backup is not complete"
	}
	return "Nothing", "Every chosen file could be read"
}

// other is how another computer stands, as far as this one can tell.
func other(c engine.Computer, now time.Time) (words string, tone engine.Tone) {
	age := now.Sub(c.LastBackup)
	days := int64(age / (24 * time.Hour))
	switch {
	case c.State == "blocked":
		return "Blocked by the institution", engine.ToneWarn
	case c.State == "signed out":
		return "Signed out", engine.ToneWarn
	case c.State == "removed":
		return "Removed", engine.ToneQuiet
	case c.LastBackup.IsZero():
		return "No backup yet", engine.ToneQuiet
	case days < 1:
		return "Backed up", engine.ToneOK
	case days < 5:
		return "Silent for " + look.Plural(days, "day", "days"), engine.ToneQuiet
	}
	return "Silent for " + look.Plural(days, "day", "days"), engine.ToneWarn
}

func holds(c engine.Computer) string {
	words := "Nothing stored yet"
	if c.Stored.Files > 0 {
		words = look.Files(c.Stored.Files) + ", " + look.Bytes(c.Stored.Bytes)
	}
	switch c.Owner {
	case engine.OwnerInstitution:
		words += " · institution"
	case engine.OwnerPersonal:
		words += " · personal"
	}
	if c.Asset != "" {
		words += " · " + c.Asset
	}
	return words
}

// replacing is the line about a computer that is being replaced.
func (s State) replacing() string {
	name := "“" + s.Replacing.Old.Name + "”"
	if s.Replacing.Moving {
		return "Taking the place of " + name + " was interrupted. Go on, and it is finished."
	}
	return "This computer is about to take the place of " + name + ". It is backed up meanwhile."
}

// pauseItem is one line of the Pause menu.
type pauseItem struct {
	Words string
	Until time.Time // zero: until resumed
}

// pauses are the lengths that can be chosen. Tomorrow begins at eight.
func pauses(now time.Time) []pauseItem {
	y, m, d := now.Date()
	tomorrow := time.Date(y, m, d+1, 8, 0, 0, 0, now.Location())
	return []pauseItem{
		{"For 1 hour", now.Add(time.Hour)},
		{"Until tomorrow, 08:00", tomorrow},
		{"Until I resume", time.Time{}},
	}
}

// picture is what the ring shows: words inside, or an icon with a word.
func (s State) picture() (fraction float64, big, icon, small string) {
	st := s.Status
	if !s.Known && s.Err != nil {
		return 0, "", "triangle-alert", "no answer"
	}
	if !s.Known {
		return 0, "", "ellipsis", "one moment"
	}
	switch st.State {
	case engine.StateBackingUp:
		if st.Progress.StoredBefore+st.Progress.NewBytes <= 0 {
			return 0, "", "refresh-cw", "checking"
		}
		f := st.Progress.Fraction()
		return f, look.Percent(f), "", "stored"
	case engine.StateProtected:
		return 1, "", "check", "protected"
	case engine.StatePaused:
		return 1, "", "pause", "paused"
	case engine.StateAttention:
		return 1, "", "triangle-alert", "attention"
	}
	return 0, "", "ellipsis", "not set up"
}

func sentence(words string) string {
	if words == "" {
		return ""
	}
	return strings.ToUpper(words[:1]) + words[1:]
}

// result is what a backup that was asked for by hand says when it ended.
func result(r engine.CaptureResult) string {
	changed := r.New + r.Changed
	if changed == 0 && r.Deleted == 0 {
		return "Nothing had changed since the last backup."
	}
	return fmt.Sprintf("%s new or changed, %s stored.", look.Files(changed), look.Bytes(r.Stored))
}
