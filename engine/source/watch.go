package source

import (
	"context"
	"time"
)

// Hint says that something may have changed. It is never more than a hint: the truth
// is what a look at the folder gives.
type Hint struct {
	Path      string // a folder
	Recursive bool   // look at everything below it as well
}

// WatchOptions bounds a watcher. The zero value is sensible.
type WatchOptions struct {
	// Canary is a folder of our own, in which a file is written now and then to see
	// that events arrive at all. Without one, a watcher that fell silent is not noticed.
	Canary string
	// Interval is how often one folder is hinted at most; 0 is a second.
	Interval time.Duration
	// Rescan is how often that is looked at in full which cannot be watched: folders
	// beyond the limit of the system, or everything; 0 is 15 minutes.
	Rescan time.Duration
	// Check is how often the canary is asked; 0 is a minute.
	Check time.Duration
	// MaxFolders bounds the watched folders; 0 is three quarters of what the system
	// allows one person, so that other programs have something left.
	MaxFolders int
}

func (o WatchOptions) withDefaults() WatchOptions {
	if o.Interval <= 0 {
		o.Interval = time.Second
	}
	if o.Rescan <= 0 {
		o.Rescan = 15 * time.Minute
	}
	if o.Check <= 0 {
		o.Check = time.Minute
	}
	return o
}

// Watch hints at folders below roots in which something may have changed, until the
// context ends; then the channel is closed. It returns at once and sets up its
// watches in the background, the shallow folders first; because of what may have
// happened until then, every root is hinted at recursively when that is done.
//
// skip says which folders need no watching, with everything below them. It is called
// from one goroutine.
//
// Hints for one folder are merged and come at most once per interval. Whenever events
// may have been lost (a queue was fuller than it should be, a limit is reached, the
// canary was not heard, the computer slept) there is a recursive hint; so the reader
// may take it that a folder without a hint did not change, but for what no system
// tells: it must still look at everything now and then.
func Watch(ctx context.Context, roots []string, skip func(path string) bool, options WatchOptions) (<-chan Hint, error) {
	return watch(ctx, roots, skip, options.withDefaults())
}
