package downloads

import (
	"fmt"
	"strings"
	"time"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// State is all that the screen shows, as plain values.
type State struct {
	Now      time.Time
	Known    bool // the jobs were asked for and answered
	Err      error
	Jobs     []engine.Job
	Items    map[int64]items
	Open     map[int64]bool // whether the list of files was opened or closed by hand
	Revealed int64          // the job that was begun last
}

// items are the files of a job that have something to say, as of a stamp: they are
// asked for again when it changes.
type items struct {
	list  []engine.JobItem
	err   error
	stamp stamp
}

type stamp struct {
	state                   engine.JobState
	failed, skipped, asking int64
	done                    int64 // of an ended job: renamed files show among the restored ones
}

func stampOf(job engine.Job) stamp {
	st := stamp{state: job.State, failed: job.Failed, skipped: job.Skipped, asking: job.Asking}
	if job.State.Ended() {
		st.done = job.Done.Files
	}
	return st
}

// wantsItems says that a job may have files to name.
func wantsItems(job engine.Job) bool {
	return job.Failed > 0 || job.Asking > 0 || job.Skipped > 0 || job.State.Ended()
}

// fresh is a copy of what is known of files, for a question beside the UI goroutine.
func (s *State) fresh() map[int64]items {
	out := make(map[int64]items, len(s.Items))
	for id, list := range s.Items {
		if list.err == nil {
			out[id] = list
		}
	}
	return out
}

// opened says whether the files of a job show: what was pressed counts, else those
// that failed or wait for an answer show by themselves.
func (s *State) opened(job engine.Job) bool {
	if open, ok := s.Open[job.ID]; ok {
		return open
	}
	return job.Failed > 0 || job.Asking > 0
}

// fraction is how far a job is, by bytes, or by files where there are none.
func fraction(job engine.Job) float64 {
	switch {
	case job.Total.Bytes > 0:
		return min(1, float64(job.Done.Bytes)/float64(job.Total.Bytes))
	case job.Total.Files > 0:
		return min(1, float64(job.Done.Files)/float64(job.Total.Files))
	}
	return 0
}

// badge is the state in a word or two. A job with failures is never "Restored".
func badge(job engine.Job) (string, engine.Tone) {
	switch job.State {
	case engine.JobWaiting:
		return "Waiting", engine.ToneQuiet
	case engine.JobRunning:
		return "Restoring", engine.ToneBusy
	case engine.JobPaused:
		return "Paused", engine.ToneWarn
	case engine.JobAsking:
		return "Asks you", engine.ToneWarn
	case engine.JobCancelled:
		return "Stopped", engine.ToneQuiet
	case engine.JobFailed:
		return "Could not go on", engine.ToneBad
	}
	switch {
	case job.Failed > 0:
		return look.Plural(job.Failed, "file failed", "files failed"), engine.ToneBad
	case job.Asking > 0:
		return "Asks you", engine.ToneWarn
	case job.Done.Files+job.Skipped < job.Total.Files:
		return "Not complete", engine.ToneBad
	}
	return "Restored", engine.ToneOK
}

// outcome says what became of the files of a job that has ended.
func outcome(job engine.Job) string {
	parts := []string{look.Count(job.Done.Files) + " restored and verified"}
	if job.Failed > 0 {
		parts = append(parts, look.Count(job.Failed)+" failed")
	}
	if job.Skipped > 0 {
		parts = append(parts, look.Count(job.Skipped)+" left as they were")
	}
	if job.Asking > 0 {
		parts = append(parts, look.Plural(job.Asking, "waits", "wait")+" for your answer")
	}
	if rest := job.Total.Files - job.Done.Files - job.Failed - job.Skipped - job.Asking; rest > 0 {
		parts = append(parts, look.Count(rest)+" not restored")
	}
	return strings.Join(parts, ", ")
}

// progress is the line below the bar of a job that has not ended.
func progress(job engine.Job) string {
	parts := []string{
		fmt.Sprintf("%s of %s", look.Count(job.Done.Files), look.Files(job.Total.Files)),
		fmt.Sprintf("%s of %s", look.Bytes(job.Done.Bytes), look.Bytes(job.Total.Bytes)),
	}
	if job.State == engine.JobRunning {
		if job.Speed > 0 {
			parts = append(parts, look.Speed(job.Speed))
		}
		if job.Left > 0 {
			parts = append(parts, look.About(job.Left))
		} else if job.Left < 0 {
			parts = append(parts, "still counting")
		}
	}
	if job.Failed > 0 {
		parts = append(parts, look.Count(job.Failed)+" failed")
	}
	return strings.Join(parts, " · ")
}

// group is the part of a job's files that share a heading.
type group struct {
	title string
	tone  engine.Tone
	ask   bool
	list  []engine.JobItem
}

// groups sorts the files by what a person has to know first.
func groups(list []engine.JobItem) []group {
	out := []group{
		{title: "Waiting for your answer", tone: engine.ToneWarn, ask: true},
		{title: "Failed", tone: engine.ToneBad},
		{title: "Renamed", tone: engine.ToneQuiet},
		{title: "Left as they were", tone: engine.ToneQuiet},
	}
	for _, item := range list {
		switch {
		case item.State == engine.ItemAsking:
			out[0].list = append(out[0].list, item)
		case item.State == engine.ItemFailed:
			out[1].list = append(out[1].list, item)
		case item.Renamed != "":
			out[2].list = append(out[2].list, item)
		case item.State == engine.ItemSkipped:
			out[3].list = append(out[3].list, item)
		}
	}
	filled := out[:0]
	for _, g := range out {
		if len(g.list) > 0 {
			filled = append(filled, g)
		}
	}
	return filled
}

// said is the line about one file: its reason, or what is called how now.
func said(item engine.JobItem) string {
	switch {
	case item.State == engine.ItemAsking:
		if item.Reason != "" {
			return item.Reason
		}
		return "Another file of this name is there."
	case item.Renamed != "":
		return "The one that was there is called " + base(item.Renamed) + " now."
	}
	return item.Reason
}

// base is the last name of a path of any computer, fit to print.
func base(path string) string {
	path = strings.ToValidUTF8(path, "\uFFFD")
	if i := strings.LastIndexAny(path, `/\`); i >= 0 && i < len(path)-1 {
		return path[i+1:]
	}
	return path
}

// counts is the line below the title: what runs and what has ended.
func (s *State) counts() string {
	var going, ended, bad int64
	for _, job := range s.Jobs {
		_, tone := badge(job)
		switch {
		case !job.State.Ended():
			going++
		case tone == engine.ToneBad:
			bad++
		default:
			ended++
		}
	}
	var parts []string
	if going > 0 {
		parts = append(parts, look.Count(going)+" under way")
	}
	if bad > 0 {
		parts = append(parts, look.Count(bad)+" with failures")
	}
	if ended > 0 {
		parts = append(parts, look.Count(ended)+" ended")
	}
	return strings.Join(parts, ", ")
}
