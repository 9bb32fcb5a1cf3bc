package local

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"holdfast/engine/storage"
)

// explain wraps an error of the file system with the sentinel that fits. "No such
// file" is only believed while the folder as a whole is there.
func (s *Store) explain(what, path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		if gone := s.present(); gone != nil {
			return gone
		}
		return fmt.Errorf("%s %s: %w (%w)", what, path, storage.ErrNotFound, err)
	}
	if isInputOutput(err) && deviceGone(s.root) {
		return fmt.Errorf("%s %s: %w (%w)", what, path, storage.ErrUnreachable, err)
	}
	return place(what, path, err)
}

// place wraps an error with the sentinel that its number alone tells.
func place(what, path string, err error) error {
	if sentinel := sentinelOf(err); sentinel != nil {
		return fmt.Errorf("%s %s: %w (%w)", what, path, sentinel, err)
	}
	return fmt.Errorf("%s %s: %w", what, path, err)
}

// sentinelOf is nil for an error that says nothing about the place.
func sentinelOf(err error) error {
	number, ok := errors.AsType[syscall.Errno](err)
	if !ok {
		return nil
	}
	for _, row := range errorTable {
		for _, n := range row.numbers {
			if n == number {
				return row.sentinel
			}
		}
	}
	return nil
}

type errorRow struct {
	sentinel error
	numbers  []syscall.Errno
}
