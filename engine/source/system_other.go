//go:build !linux && !darwin && !windows

package source

import (
	"os"

	"holdfast/engine/repo"
)

const openFlags = 0

func (e *Entry) fromSystem(os.FileInfo) {}

func (d *dir) nodeSystem(_ Entry, _ *repo.Node, errs []error) []error { return errs }
