package verify

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"holdfast/engine/repo"
	"holdfast/engine/storage"
)

// fault adds a sentence about something that is wrong.
func (c *check) fault(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.result.Errors) == mostFault {
		c.faults++
		return
	}
	c.result.Errors = append(c.result.Errors, fmt.Sprintf(format, args...))
}

// conclude adds what all of it means.
func (c *check) conclude() {
	r := &c.result
	if n := len(c.absent); n > 0 {
		r.Errors = append(r.Errors, fmt.Sprintf("%s of files are in no list of what is stored.", pieces(n)))
	}
	if c.faults > 0 {
		r.Errors = append(r.Errors, fmt.Sprintf("%d more faults like these were found.", c.faults))
	}
	switch {
	case r.DamagedFiles > int64(len(r.Files)):
		r.Errors = append(r.Errors, fmt.Sprintf("Versions of %d files and folders cannot be given back whole; the first %d are listed.", r.DamagedFiles, len(r.Files)))
	case r.DamagedFiles == 1:
		r.Errors = append(r.Errors, "A version of one file or folder cannot be given back whole; it is listed.")
	case r.DamagedFiles > 1:
		r.Errors = append(r.Errors, fmt.Sprintf("Versions of %d files and folders cannot be given back whole; they are listed.", r.DamagedFiles))
	case len(r.Packs) > 0:
		r.Errors = append(r.Errors, "No file is affected: what is damaged is stored a second time, or no version needs it.")
	}
}

func pieces(n int) string {
	if n == 1 {
		return "1 piece"
	}
	return fmt.Sprintf("%d pieces", n)
}

// reason puts an error into words for somebody who does not know the format.
func reason(err error) string {
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return "it is missing"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "it ends too early"
	case errors.Is(err, repo.ErrNewer):
		return "a newer program wrote it"
	case errors.Is(err, repo.ErrDamaged):
		_, detail, found := strings.Cut(err.Error(), repo.ErrDamaged.Error()+": ")
		if !found {
			return "it is damaged"
		}
		return detail
	}
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err.Error()
	}
	return err.Error()
}
