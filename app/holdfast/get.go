package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"holdfast/engine"
)

// moment reads a time: an RFC 3339 one, a date, or a date and a time.
func moment(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02T15:04"} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t, nil
		}
	}
	if t, err := time.ParseInLocation("2006-01-02", text, time.Local); err == nil {
		return t.AddDate(0, 0, 1).Add(-time.Nanosecond), nil // the end of that day
	}
	if ago, err := time.ParseDuration(text); err == nil && ago > 0 {
		return time.Now().Add(-ago), nil
	}
	return time.Time{}, &engine.Error{Op: "read a time", Kind: engine.KindInvalid,
		Message: fmt.Sprintf("%q is not a time. Use one as in 2026-07-03, \"2026-07-03 14:00\", or 2h for two hours ago.", text)}
}

// storedPath is a path in the backup: of this computer relative to where we are.
func storedPath(path, computer string) (string, error) {
	if computer != "" || path == "" {
		return path, nil
	}
	return filepath.Abs(path)
}

type lsCommand struct {
	Path     string `arg:"" optional:"" help:"A folder; none: the top."`
	At       string `help:"As of this time." placeholder:"TIME"`
	Computer string `help:"Another computer." placeholder:"NAME"`
	Deleted  bool   `help:"Include deleted files."`
	Long     bool   `short:"l" help:"With sizes and times."`
}

func (c *lsCommand) Run(s *session) error {
	at, err := moment(c.At)
	if err != nil {
		return err
	}
	path, err := storedPath(c.Path, c.Computer)
	if err != nil {
		return err
	}
	if err := s.open(false); err != nil {
		return err
	}
	items, err := s.engine.List(s.ctx, engine.ListRequest{Computer: c.Computer, Path: path, At: at, Deleted: c.Deleted, Hidden: true})
	if err != nil {
		return err
	}
	if s.JSON {
		s.print(items)
		return nil
	}
	printItems(items, c.Long, false)
	return nil
}

// printItems lists names, or full paths.
func printItems(items []engine.Item, long, full bool) {
	var rows [][]string
	for _, it := range items {
		name := shown(it.Name)
		if full {
			name = shown(it.Path)
		}
		if it.Kind == engine.KindFolder {
			name += "/"
		}
		if !it.Deleted.IsZero() {
			name += "  (deleted " + when(it.Deleted) + ")"
		}
		if !long {
			fmt.Println(name)
			continue
		}
		rows = append(rows, []string{size(it.Size), when(it.ModTime), name})
	}
	if long {
		table(rows)
	}
}

type findCommand struct {
	Text     string `arg:"" help:"Part of a name."`
	Computer string `help:"Another computer." placeholder:"NAME"`
	At       string `help:"Only what was there at this time." placeholder:"TIME"`
	Limit    int    `help:"At most this many." default:"200"`
}

func (c *findCommand) Run(s *session) error {
	at, err := moment(c.At)
	if err != nil {
		return err
	}
	if err := s.open(false); err != nil {
		return err
	}
	items, err := s.engine.Find(s.ctx, engine.FindRequest{Computer: c.Computer, Text: c.Text, At: at, Deleted: true, Hidden: true, Limit: c.Limit})
	if err != nil {
		return err
	}
	if s.JSON {
		s.print(items)
		return nil
	}
	printItems(items, false, true)
	return nil
}

type versionsCommand struct {
	Path     string `arg:"" help:"A file."`
	Computer string `help:"Another computer." placeholder:"NAME"`
}

func (c *versionsCommand) Run(s *session) error {
	path, err := storedPath(c.Path, c.Computer)
	if err != nil {
		return err
	}
	if err := s.open(false); err != nil {
		return err
	}
	versions, err := s.engine.Versions(s.ctx, c.Computer, path)
	if err != nil {
		return err
	}
	if s.JSON {
		s.print(versions)
		return nil
	}
	rows := [][]string{{"VERSION", "STORED", "CHANGED", "SIZE", ""}}
	for _, v := range versions {
		now := ""
		if v.Current {
			now = "newest"
		}
		rows = append(rows, []string{v.ID[:min(8, len(v.ID))], when(v.Captured), when(v.ModTime), size(v.Size), now})
	}
	table(rows)
	return nil
}

type getCommand struct {
	Paths       []string `arg:"" help:"Files and folders as they were on the computer."`
	At          string   `help:"As of this time." placeholder:"TIME" xor:"when"`
	Version     string   `help:"This version (see versions)." placeholder:"ID" xor:"when"`
	Computer    string   `help:"From another computer." placeholder:"NAME"`
	To          string   `help:"A folder, or 'original'; default: Downloads." placeholder:"DIR"`
	Exists      string   `enum:"rename,overwrite,skip" default:"rename" help:"What to do about a file that is there: rename, overwrite, skip."`
	Permissions string   `enum:"mine,original" default:"mine" help:"Permissions of the restored files: mine, original."`
}

func (c *getCommand) request() (engine.GetRequest, error) {
	q := engine.GetRequest{To: engine.ToDownloads, Exists: engine.Existing(c.Exists), Permissions: engine.Permissions(c.Permissions), Contents: true}
	at, err := moment(c.At)
	if err != nil {
		return q, err
	}
	for _, p := range c.Paths {
		path, err := storedPath(p, c.Computer)
		if err != nil {
			return q, err
		}
		q.Refs = append(q.Refs, engine.Ref{Computer: c.Computer, Path: path, At: at, Version: c.Version})
	}
	switch c.To {
	case "":
		q.Contents = false
	case "original":
		q.To = engine.ToOriginal
	default:
		q.To = engine.ToFolder
		q.Folder, err = filepath.Abs(c.To)
	}
	return q, err
}

func (c *getCommand) Run(s *session) error {
	q, err := c.request()
	if err != nil {
		return err
	}
	if err := s.open(false); err != nil {
		return err
	}
	id, err := s.engine.Get(s.ctx, q)
	if err != nil {
		return err
	}
	stop := s.progress(func() string { return s.jobLine(id) })
	job, err := s.engine.WaitJob(s.ctx, id)
	stop()
	if err != nil {
		return err
	}
	items, err := s.engine.JobItems(s.ctx, id)
	if err != nil {
		return err
	}
	return s.got(job, items)
}

func (s *session) jobLine(id int64) string {
	jobs, err := s.engine.Jobs(s.ctx)
	if err != nil {
		return err.Error()
	}
	for _, j := range jobs {
		if j.ID == id {
			return fmt.Sprintf("%d of %d files, %s of %s, %s/s", j.Done.Files, j.Total.Files, size(j.Done.Bytes), size(j.Total.Bytes), size(j.Speed))
		}
	}
	return ""
}

// got prints how a restore ended, and never says done when it is not.
func (s *session) got(job engine.Job, items []engine.JobItem) error {
	if s.JSON {
		s.print(struct {
			engine.Job
			Items []engine.JobItem
		}{job, items})
	}
	s.skipped = job.Failed > 0 || job.Asking > 0
	if job.State == engine.JobFailed {
		return &engine.Error{Op: "restore", Kind: engine.KindOther, Path: job.Target, Message: job.Message}
	}
	for _, it := range items {
		switch it.State {
		case engine.ItemFailed, engine.ItemAsking:
			fmt.Fprintf(os.Stderr, "%s: %s\n", shown(it.Path), safe(it.Reason))
		default:
			if it.Renamed != "" {
				s.say("%s: the one that was there is now %s", shown(it.Target), shown(it.Renamed))
			}
		}
	}
	line := fmt.Sprintf("%d restored and verified, %s, to %s", job.Done.Files, size(job.Done.Bytes), shown(job.Target))
	if job.Skipped > 0 {
		line += fmt.Sprintf("; %d were there already", job.Skipped)
	}
	if job.Asking > 0 {
		line += fmt.Sprintf("; %d differ from what is there and were left alone (--exists rename or overwrite decides)", job.Asking)
	}
	if job.Failed > 0 {
		line += fmt.Sprintf("; %d FAILED", job.Failed)
	}
	s.say("%s", line)
	return nil
}
