package details

import (
	"path/filepath"
	"strings"
	"time"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// State is all that the screen shows.
type State struct {
	Known    bool
	Err      error
	Status   engine.Status
	Details  engine.Details
	Problems []engine.Problem
	Retrying map[string]bool // paths that are looked at again; "" is all
	Now      time.Time
}

// toDo are the lines of the first card.
func (s State) toDo() (head, line string) {
	t := s.Details.ToDo
	switch {
	case !s.Known:
		return "…", ""
	case s.Status.Progress.Counting:
		return look.Bytes(t.Bytes) + " so far", look.Files(t.Files) + ", still counting"
	case t.Files == 0 && t.Bytes == 0 && s.Status.LastBackup.IsZero():
		return "Not known yet", "The first backup has not looked around"
	case t.Files == 0 && t.Bytes == 0:
		return "Nothing", "Everything chosen is stored"
	}
	return look.Bytes(t.Bytes), look.Files(t.Files) + " to store"
}

// place are the lines about the destination.
func (s State) place() (pill string, tone engine.Tone, line string) {
	d := s.Status.Destination
	switch {
	case d.Address == "":
		return "None", engine.ToneQuiet, ""
	case !d.Reachable:
		return "Not reachable", engine.ToneBad, d.Message
	case d.Free >= 0:
		return "Reachable", engine.ToneOK, look.Bytes(d.Free) + " free"
	}
	return "Reachable", engine.ToneOK, d.Message
}

// saved are the lines about the size of the backup. Each share is of all kept
// versions, so that the two can be added.
func (s State) saved() (head, line string) {
	d := s.Details
	if d.Stored == 0 {
		return "Nothing yet", ""
	}
	head = look.Bytes(d.Stored)
	if d.Original <= 0 {
		return head, look.Plural(d.Versions, "backup", "backups") + " kept"
	}
	once := share(d.Original-d.Unique, d.Original)
	small := share(d.Unique-d.Stored, d.Original)
	line = "for " + look.Bytes(d.Original) + " in " + look.Plural(d.Versions, "backup", "backups") + ". "
	return head, line + once + " saved by storing the same only once, " + small + " by compression."
}

func share(part, whole int64) string {
	if part <= 0 || whole <= 0 {
		return "0 %"
	}
	return look.Percent(float64(part) / float64(whole))
}

// perDay is the sentence beside the chart.
func perDay(days []engine.Day) string {
	var total, files int64
	for _, d := range days {
		total += d.Bytes
		files += d.Files
	}
	if total == 0 {
		return "Nothing was stored in this time."
	}
	return look.Bytes(total) + " in " + look.Files(files) + ", in " + look.Plural(int64(len(days)), "day", "days")
}

// day is what the pointer over a column says.
func day(d engine.Day, now time.Time) string {
	return look.Day(d.Date, now) + ": " + look.Bytes(d.Bytes) + ", " + look.Files(d.Files)
}

// areas makes the picture of what takes the space; names are as short as they can
// be told apart by.
func areas(items []engine.SpaceItem, home string) []look.Area {
	list := make([]look.Area, 0, len(items))
	for _, item := range items {
		list = append(list, look.Area{Name: below(item.Path, home), Value: item.Bytes, Note: look.Bytes(item.Bytes)})
	}
	return list
}

func below(path, home string) string {
	if home != "" {
		if rest, ok := strings.CutPrefix(path, strings.TrimRight(home, `/\`)+string(filepath.Separator)); ok {
			return rest
		}
	}
	return path
}

// kind is the word for a problem and its tone: only some keep the state from being
// Protected.
func kind(k engine.ProblemKind) (words string, tone engine.Tone) {
	switch k {
	case engine.ProblemUnreadable:
		return "Not protected", engine.ToneBad
	case engine.ProblemAbsent:
		return "Absent", engine.ToneBad
	case engine.ProblemVolatile:
		return "Taken as it was", engine.ToneQuiet
	}
	return "Skipped", engine.ToneQuiet
}

// line is the second line of a problem.
func line(p engine.Problem) string { return strings.TrimSpace(p.Reason + " " + p.Advice) }

// heading of the list.
func (s State) heading() string {
	if n := len(s.Problems); n > 0 {
		return look.Files(int64(n)) + " could not be stored as they are"
	}
	return "Files that could not be read"
}
