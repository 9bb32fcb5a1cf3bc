package engine

import "time"

// Selection is what is backed up: the person's choices on paths, and exclusions.
// engine/selection decides with it.
type Selection struct {
	Choices    []Choice
	Exclusions []Exclusion
}

// Choice is a check (Include) or its absence on one path; the longest matching
// path decides. Include with NewItems false takes what is chosen below it only.
type Choice struct {
	Path     string
	Include  bool
	NewItems bool // things that appear directly inside later join by themselves
}

// ExclusionKind is how an exclusion matches.
type ExclusionKind string

const (
	ExcludePreset    ExclusionKind = "preset"    // Pattern is the name of a preset
	ExcludeExtension ExclusionKind = "extension" // Pattern as in "iso", without case
	ExcludeWildcard  ExclusionKind = "wildcard"  // *, ?, [a-z], **; on the name, or on the path when it has a slash
	ExcludeRegexp    ExclusionKind = "regexp"    // RE2 on the whole path
)

// Exclusion leaves out what it matches. It beats inclusion.
type Exclusion struct {
	Kind    ExclusionKind
	Pattern string
	Off     bool // kept but not in force
}

// Mark is a check box.
type Mark int

const (
	MarkEmpty Mark = iota
	MarkDash
	MarkCheck
)

// RowKind is what a row of Manage Files stands for.
type RowKind string

const (
	RowDrive  RowKind = "drive"
	RowHome   RowKind = "home"
	RowFolder RowKind = "folder"
	RowFile   RowKind = "file"
	RowLink   RowKind = "link"
	RowOther  RowKind = "other"
)

// SelectRow is one row of Manage Files.
type SelectRow struct {
	Path     string
	Name     string
	Kind     RowKind
	Mark     Mark
	NewItems bool   // of a dash: new items join
	State    string // "Protected", "Waiting", "Not backed up", "Partly", "Excluded: caches", "Skipped: …", "Absent since …"
	Tone     Tone   // the colour of State
	Size     int64  // bytes on disk; -1 for a folder not counted yet
	Parent   bool   // can be opened
}

// Tone is the meaning of a colour; it always stands beside a word.
type Tone string

const (
	ToneQuiet Tone = "quiet"
	ToneOK    Tone = "ok"
	ToneBusy  Tone = "busy"
	ToneWarn  Tone = "warn"
	ToneBad   Tone = "bad"
)

// Estimate is the live line of Manage Files.
type Estimate struct {
	Selected  Amount
	NotStored Amount
	Complete  bool // false while still counting
}

// Reason is why a path is or is not backed up.
type Reason struct {
	Included  bool
	Rule      string     // the one rule that decides, as a sentence
	Exclusion *Exclusion // set when an exclusion decides
	Choice    *Choice    // set when a choice decides
	State     string     // what the backup has of it
	Last      time.Time  // last version stored
}

// ExclusionPreview is what an exclusion would leave out.
type ExclusionPreview struct {
	Matched  Amount
	Examples []string // paths, at most 100
	Complete bool
}

// Removal is a "Remove from backup…" that can still be undone.
type Removal struct {
	ID     int64
	Path   string
	Time   time.Time
	Final  time.Time // until then it can be undone
	Amount Amount
}
