package managefiles

import (
	"context"
	"path/filepath"
	"strings"
	"sync"

	"holdfast/engine"
)

// disk is an engine of a few lines: a tree declared as rows, of which the draft
// changes only what the choices say.
type disk struct {
	mu       sync.Mutex
	roots    []engine.SelectRow
	below    map[string][]engine.SelectRow
	why      map[string]engine.Reason
	saved    engine.Selection
	estimate engine.Estimate
	removed  []engine.Removal
	fail     error
	also     []string // computers that had it too
	topics   chan engine.Topic
	calls    []string
}

func (d *disk) called(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls = append(d.calls, name)
}

func (d *disk) count(name string) (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.calls {
		if c == name {
			n++
		}
	}
	return n
}

func (d *disk) Selection(context.Context) (engine.Selection, error) { return d.saved, d.fail }
func (d *disk) SaveSelection(_ context.Context, s engine.Selection) error {
	d.called("save")
	if d.fail == nil {
		d.saved = s
	}
	return d.fail
}

func (d *disk) Roots(_ context.Context, draft engine.Selection) ([]engine.SelectRow, error) {
	return marked(d.roots, draft), d.fail
}

func (d *disk) Children(_ context.Context, draft engine.Selection, path string) ([]engine.SelectRow, error) {
	d.called("children " + path)
	return marked(d.below[path], draft), d.fail
}

// marked follows the choices where there is one at or above a row.
func marked(rows []engine.SelectRow, draft engine.Selection) []engine.SelectRow {
	fresh := make([]engine.SelectRow, len(rows))
	for i, r := range rows {
		for _, c := range draft.Choices {
			if (c.Path == r.Path || c.Path == filepath.Dir(r.Path)) && !c.Include {
				r.Mark, r.State, r.Tone = engine.MarkEmpty, "Not backed up", engine.ToneQuiet
			}
			if inside(c.Path, r.Path) && r.Mark != engine.MarkDash {
				r.Mark, r.State, r.Tone, r.NewItems = engine.MarkDash, "Partly", engine.ToneQuiet, true
			}
		}
		fresh[i] = r
	}
	return fresh
}

func (d *disk) FolderSize(_ context.Context, path string) (engine.Amount, error) {
	d.called("size " + path)
	return engine.Amount{Files: 1, Bytes: 1000 * int64(len(path))}, d.fail
}

func (d *disk) Estimate(context.Context, engine.Selection) (engine.Estimate, error) {
	d.called("estimate")
	return d.estimate, d.fail
}

func (d *disk) Why(_ context.Context, _ engine.Selection, path string) (engine.Reason, error) {
	return d.why[path], d.fail
}

func (d *disk) PreviewExclusion(_ context.Context, _ engine.Selection, x engine.Exclusion) (engine.ExclusionPreview, error) {
	bytes := map[string]int64{"caches": 38e9, "temporary": 1.2e9, "trash": 3.1e9, "downloading": 0.2e9, "builds": 7.1e9, "virtualdisks": 12e9, "media": 23e9, "part": 0.2e9, "crdownload": 0.1e9, "iso": 4.4e9}[x.Pattern]
	return engine.ExclusionPreview{Matched: engine.Amount{Files: bytes / 1e8, Bytes: bytes}, Complete: true,
		Examples: []string{"/Users/ann/Documents/setup/debian-12.iso", "/Users/ann/Documents/very/long/folder/names/that/do/not/fit/into/the/dialog/at/all/image.iso"}}, nil
}

func (d *disk) RemoveAlso(context.Context, string) ([]string, error) { return d.also, d.fail }

func (d *disk) RemoveFromBackup(_ context.Context, path string) (engine.Removal, error) {
	d.called("remove " + path)
	if d.fail == nil {
		d.saved = uncheck(d.saved, path)
	}
	return engine.Removal{}, d.fail
}
func (d *disk) UndoRemove(context.Context, int64) error { d.called("undo"); return d.fail }
func (d *disk) Removals(context.Context) ([]engine.Removal, error) {
	return d.removed, nil
}
func (d *disk) Watch(ctx context.Context) (<-chan engine.Topic, error) {
	out := make(chan engine.Topic)
	go func() {
		defer close(out)
		for {
			select {
			case t := <-d.topics:
				select {
				case out <- t:
				case <-ctx.Done():
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return out, nil
}

const (
	dash  = engine.MarkDash
	full  = engine.MarkCheck
	empty = engine.MarkEmpty
)

// dir and doc declare rows: path, mark, state, tone, size.
func dir(path string, m engine.Mark, state string, tone engine.Tone, size int64) engine.SelectRow {
	return engine.SelectRow{Path: path, Name: filepath.Base(path), Kind: engine.RowFolder, Mark: m, State: state, Tone: tone, Size: size, Parent: true}
}

func doc(path string, m engine.Mark, state string, tone engine.Tone, size int64) engine.SelectRow {
	r := dir(path, m, state, tone, size)
	r.Kind, r.Parent = engine.RowFile, false
	return r
}

func joins(r engine.SelectRow) engine.SelectRow { r.NewItems = true; return r }

func drive(r engine.SelectRow, name string) engine.SelectRow {
	r.Kind, r.Name = engine.RowDrive, name
	return r
}

// ann is the computer of the design's picture.
func ann() *disk {
	const quiet, ok, busy, warn = engine.ToneQuiet, engine.ToneOK, engine.ToneBusy, engine.ToneWarn
	home := "/Users/ann"
	disks := &engine.Exclusion{Kind: engine.ExcludePreset, Pattern: "virtualdisks"}
	d := &disk{
		roots: []engine.SelectRow{
			drive(dir("/", dash, "Partly", quiet, 486e9), "Macintosh HD"),
			drive(dir("/Volumes/Backup", empty, "Absent since 3 Nov", quiet, -1), "Backup drive (absent)"),
		},
		below: map[string][]engine.SelectRow{
			"/":      {joins(dir("/Users", dash, "Partly, new items join", quiet, 231e9))},
			"/Users": {joins(dir(home, dash, "Partly", quiet, 231e9))},
			home: {
				dir(home+"/Desktop", full, "Protected", ok, 2.1e9),
				dir(home+"/Documents", full, "14 GB waiting", busy, 118e9),
				dir(home+"/Downloads", empty, "Not backed up", quiet, 19e9),
				joins(dir(home+"/Library", dash, "Partly", quiet, 41e9)),
				dir(home+"/Pictures", full, "Protected", ok, 50.4e9),
				dir(home+"/OneDrive", empty, "Only in OneDrive", warn, 3.4e9),
			},
			home + "/Pictures": {
				dir(home+"/Pictures/2025", full, "Protected", ok, -1),
				doc(home+"/Pictures/IMG_2034.heic", full, "Protected", ok, 4.2e6),
				doc(home+"/Pictures/old.pvm", empty, "Excluded: virtual disks", warn, 12e9),
			},
		},
		why: map[string]engine.Reason{
			home + "/Pictures/old.pvm": {Rule: "Left out by the exclusion Virtual disks (.pvm).", Exclusion: disks},
			home:                       {Included: true, Rule: "You chose ann."},
			"/Users":                   {Rule: "Something inside it is chosen."},
		},
		saved: engine.Selection{
			Choices: []engine.Choice{{Path: home, Include: true, NewItems: true}},
			Exclusions: []engine.Exclusion{
				{Kind: engine.ExcludePreset, Pattern: "caches"}, {Kind: engine.ExcludePreset, Pattern: "builds"},
				*disks, {Kind: engine.ExcludePreset, Pattern: "media", Off: true},
				{Kind: engine.ExcludePreset, Pattern: "temporary"}, {Kind: engine.ExcludePreset, Pattern: "downloading"},
				{Kind: engine.ExcludeExtension, Pattern: "part"},
			},
		},
		estimate: engine.Estimate{Selected: engine.Amount{Files: 128402, Bytes: 212e9}, NotStored: engine.Amount{Files: 900, Bytes: 14e9}, Complete: true},
		topics:   make(chan engine.Topic),
	}
	return d
}

// crowded is a home folder with many long names.
func crowded() *disk {
	d := ann()
	home := "/Users/ann"
	for i := range 60 {
		name := home + "/" + strings.Repeat("a long name of a folder ", 1+i%4) + string(rune('A'+i%26))
		d.below[home] = append(d.below[home], dir(name, full, "Skipped: it could not be opened", engine.ToneWarn, -1))
	}
	for _, x := range []string{"iso", "a-very-long-ending-that-does-not-fit", "bak", "tmp", "vmdk", "qcow2", "old"} {
		d.saved.Exclusions = append(d.saved.Exclusions, engine.Exclusion{Kind: engine.ExcludeExtension, Pattern: x})
	}
	d.removed = []engine.Removal{{ID: 1, Path: home + "/Downloads"}, {ID: 2, Path: home + "/Library"}}
	return d
}
