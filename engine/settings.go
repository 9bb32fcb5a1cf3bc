package engine

import "time"

// Settings are the choices of Settings.
type Settings struct {
	Computer   string // name
	Language   string
	Appearance string // "system", "light", "dark"
	AtLogin    bool
	Tray       bool
	Usage      Usage
	Schedule   Schedule
	Network    Network
	Retention  Retention
}

// Usage bounds what the program takes of the computer.
type Usage struct {
	Present      int // percent of the processor while somebody is there
	Away         int
	OnBattery    bool // back up on battery
	BatteryFloor int  // percent; below it wait for power
}

// Schedule says when captures start.
type Schedule struct {
	Every time.Duration // between captures, at least a minute
	Hours []HourSpan    // empty: always
}

// HourSpan is a span of a week in which captures may run.
type HourSpan struct {
	Days     []time.Weekday
	From, To int // minutes of the day
}

// Network bounds the traffic to a destination over a network. Bytes per second, 0: no limit.
type Network struct {
	UpPresent, UpAway     int64
	DownPresent, DownAway int64
	Metered               bool // use metered networks
}

// Retention says how long versions stay.
type Retention struct {
	All     time.Duration // every capture
	Daily   time.Duration // then one a day until this age
	Weekly  time.Duration // then one a week until this age
	Monthly time.Duration // then one a month until this age; 0: for ever
	Deleted time.Duration // the last version of a deleted file stays this long beyond
}

// Valid says whether it keeps every version for some time.
func (r Retention) Valid() bool {
	return r.All > 0 && min(r.Daily, r.Weekly, r.Monthly, r.Deleted) >= 0
}

// RetentionPreview is what a policy keeps of what there is.
type RetentionPreview struct {
	Captures int // there are
	Kept     int // would stay
	Sentence string
}

// EventQuery asks for a part of the history.
type EventQuery struct {
	Text   string
	Before time.Time // zero: newest
	Limit  int       // 0: 200
}

// Event is a line of the history.
type Event struct {
	ID   int64
	Time time.Time
	Tone Tone
	Kind string // "backup", "restore", "settings", "problem", "check", "key"
	Text string // sentence
}

// DefaultSettings are PRODUCT's defaults.
func DefaultSettings() Settings {
	const day = 24 * time.Hour
	return Settings{
		Appearance: "system",
		AtLogin:    true,
		Tray:       true,
		Usage:      Usage{Present: 50, Away: 90, OnBattery: true, BatteryFloor: 20},
		Schedule:   Schedule{Every: 15 * time.Minute},
		Retention:  Retention{All: 7 * day, Daily: 90 * day, Weekly: 365 * day, Deleted: 90 * day},
	}
}
