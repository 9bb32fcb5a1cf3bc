package replace

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// Step is what the wizard shows.
type Step int

const (
	StepStart Step = iota
	StepFiles
	StepSettings
	StepFinish
	StepDone
)

var stepNames = []string{"Start", "Transfer files", "Transfer settings", "Finish"}

// stepOf is where a replacement goes on.
func stepOf(r engine.Replacement) Step {
	switch {
	case r.Old.ID == "":
		return StepStart
	case r.Moving:
		return StepFinish
	case r.Step == engine.ReplaceSettings:
		return StepSettings
	case r.Step == engine.ReplaceFinish:
		return StepFinish
	}
	return StepFiles
}

// replaceable are the computers whose place this one can take.
func replaceable(all []engine.Computer) []engine.Computer {
	var list []engine.Computer
	for _, c := range all {
		if !c.This && !c.Earlier() && c.State != "blocked" && c.State != "removed" && c.State != "replacing" {
			list = append(list, c)
		}
	}
	return list
}

// earlierOf is the id of what a computer was before it was replaced, "" for nothing.
func earlierOf(all []engine.Computer, name string) string {
	var last engine.Computer
	for _, c := range all {
		if c.Earlier() && c.Name == name+earlierWords && c.Until.After(last.Until) {
			last = c
		}
	}
	return last.ID
}

// earlierWords follow the name of a computer that was replaced.
const earlierWords = " (before replacement)"

// described is the second line of a computer: last seen, last backup, size, owner.
func described(c engine.Computer, now time.Time) string {
	var parts []string
	if !c.Seen.IsZero() {
		parts = append(parts, "last seen "+lower(look.Ago(c.Seen, now)))
	}
	if c.LastBackup.IsZero() {
		parts = append(parts, "nothing backed up yet")
	} else {
		parts = append(parts, "last backup "+lower(look.Ago(c.LastBackup, now)))
	}
	if c.Stored.Bytes > 0 {
		parts = append(parts, look.Bytes(c.Stored.Bytes))
	}
	switch c.Owner {
	case engine.OwnerInstitution:
		parts = append(parts, "institution")
	case engine.OwnerPersonal:
		parts = append(parts, "personal")
	}
	if c.Asset != "" {
		parts = append(parts, c.Asset)
	}
	words := strings.Join(parts, " · ")
	return strings.ToUpper(words[:1]) + words[1:]
}

// lower writes "Today 09:30" inside a sentence; names of days keep their capital.
func lower(words string) string {
	for _, day := range []string{"Today", "Yesterday", "Tomorrow", "Never"} {
		if rest, ok := strings.CutPrefix(words, day); ok {
			return strings.ToLower(day) + rest
		}
	}
	return words
}

func quoted(name string) string { return "“" + name + "”" }

// fromWords stands above the files of the old computer.
func fromWords(old engine.Computer) string {
	last := "it has not been backed up yet"
	if !old.LastBackup.IsZero() {
		last = "last backup " + old.LastBackup.Local().Format("Monday 2 January 15:04")
	}
	return "From " + quoted(old.Name) + ", " + last + ". What you leave, and hidden files, stay in the backup and can be fetched at any time."
}

// onTheirWay says that files were asked for already, and no more are chosen.
func (s *State) onTheirWay() bool { return len(s.R.Jobs) > 0 && len(s.Tree.picks()) == 0 }

// fetchWords is the line beside the buttons of the files.
func fetchWords(s State) string {
	if s.onTheirWay() {
		return arriving(s.Jobs)
	}
	bytes, counted := s.Tree.amount()
	switch {
	case !s.TreeKnown || s.TreeErr != nil:
		return ""
	case len(s.Tree.picks()) == 0:
		return "Nothing is chosen."
	case !counted:
		return "Counting…"
	}
	return look.Bytes(bytes) + " to fetch, in the background"
}

// arriving says how far the files are that were asked for. How long the rest takes is
// said from the speed of now, once there is one.
func arriving(jobs []engine.Job) string {
	var done, total, speed, missing int64
	states := map[engine.JobState]bool{}
	for _, j := range jobs {
		states[j.State] = true
		done, total, missing = done+j.Done.Bytes, total+j.Total.Bytes, missing+j.Failed
		if j.State == engine.JobRunning {
			speed = j.Speed
		}
	}
	far := look.Bytes(done) + " of " + look.Bytes(total)
	switch {
	case states[engine.JobAsking]:
		return far + " fetched. Downloads asks about some files."
	case states[engine.JobFailed] || states[engine.JobCancelled]:
		return far + " fetched, and no more: see Downloads."
	case states[engine.JobPaused]:
		return far + " fetched, paused: see Downloads."
	case states[engine.JobRunning] && speed > 0 && total > done:
		return far + " fetched, " + look.About(time.Duration(float64(total-done)/float64(speed)*float64(time.Second))) + " left, in the background"
	case states[engine.JobRunning], states[engine.JobWaiting]:
		return far + " fetched, in the background"
	case missing > 0:
		return look.Plural(missing, "file", "files") + " could not be fetched: see Downloads."
	case len(jobs) > 0:
		return "The files are here: " + look.Bytes(done) + "."
	}
	return "Files are on their way already, see Downloads."
}

// backupWords say how this computer is backed up meanwhile.
func backupWords(s engine.Status) (words string, good bool) {
	switch s.State {
	case engine.StatePaused:
		return "The backup of this computer is paused meanwhile.", false
	case engine.StateAttention:
		if s.LastBackup.IsZero() && s.Problems == 0 && !s.SignIn {
			break // the first one is about to start
		}
		return s.Reason, false
	case engine.StateSetup:
		return s.Reason, false
	}
	return "This computer is being backed up meanwhile. Nothing that is stored is uploaded again.", true
}

func every(d time.Duration) string {
	switch {
	case d == time.Minute:
		return "every minute"
	case d == time.Hour:
		return "every hour"
	case d > time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("every %d hours", d/time.Hour)
	}
	return fmt.Sprintf("every %d minutes", d/time.Minute)
}

func scheduleWords(s engine.Schedule) string {
	words := "Backs up " + every(s.Every)
	if len(s.Hours) > 0 {
		words += ", in the hours that were set"
	}
	return words + "."
}

func limitWords(s engine.Settings) string {
	speed := func(n int64) string {
		if n == 0 {
			return "no limit"
		}
		return look.Speed(n)
	}
	return fmt.Sprintf("Upload %s, download %s, processor %d %% while you are there.", speed(s.Network.UpPresent), speed(s.Network.DownPresent), s.Usage.Present)
}

func selectionWords(s engine.Selection) string {
	in, out := 0, 0
	for _, c := range s.Choices {
		if c.Include {
			in++
		} else {
			out++
		}
	}
	words := look.Plural(int64(in), "path is backed up", "paths are backed up")
	if out > 0 {
		words += ", " + look.Plural(int64(out), "is left out", "are left out")
	}
	return words + "."
}

func exclusionWords(s engine.Selection) string {
	n := 0
	for _, e := range s.Exclusions {
		if !e.Off {
			n++
		}
	}
	if n == 0 {
		return "None in force."
	}
	return look.Plural(int64(n), "rule", "rules") + " in force."
}

// wrongPath says why a path cannot stand, "" when it can.
func wrongPath(to string) string {
	if to == "" || filepath.IsAbs(to) {
		return ""
	}
	return "Write the whole path, or leave it empty to leave it out."
}

// takenWords is what Finish takes over of the settings.
func takenWords(old engine.OldSettings, t engine.Take) string {
	if !old.Known {
		return "The old computer kept no settings; this one keeps its own."
	}
	var parts []string
	for _, p := range []struct {
		on   bool
		word string
	}{{t.Selection, "what is backed up"}, {t.Exclusions, "exclusions"}, {t.Schedule, "schedule"}, {t.Limits, "limits"}} {
		if p.on {
			parts = append(parts, p.word)
		}
	}
	if len(parts) == 0 {
		return "Settings: this computer keeps its own."
	}
	words := strings.Join(parts, ", ")
	return "Settings: " + words + ". How long versions stay belongs to the history and comes along."
}

func filesWords(r engine.Replacement) string {
	if len(r.Jobs) > 0 {
		return "Files: on their way, see Downloads."
	}
	return "Files: none are fetched now. All of them stay in the backup."
}
