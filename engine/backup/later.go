package backup

// waits says whether a changed file is left to a later pass: a large one, so that a
// saved letter does not wait behind a disk image, and any file once the pass has
// lasted long enough to be committed.
func (c *capture) waits(ch *child) bool {
	if c.everything {
		return false
	}
	large := c.first && ch.entry.Size >= c.Large // it waits once
	return large || c.Now().Sub(c.began) > c.Commit
}

// wait leaves a file to a later pass. Until then the tree has what was stored last.
func (c *capture) wait(f *folder, ch *child) {
	ch.fate = dropped
	if ch.before != nil {
		ch.fate = carried
	}
	if c.first {
		c.Progress.NewBytes.Add(ch.entry.Size)
	}
	if c.later == nil {
		c.later = map[string]bool{}
	}
	c.later[f.path] = true
}

// looksLater are the folders of the next pass.
func (c *capture) looksLater() []Look {
	looks := make([]Look, 0, len(c.later))
	for path := range c.later {
		looks = append(looks, Look{Path: path})
	}
	return looks
}
