//go:build !linux

package restore

// renameFree renames without replacing anything: fs.ErrExist when the name is taken.
func (j *job) renameFree(in *place, from, to string) error { return j.renameLooking(in, from, to) }
