//go:build !linux

package disk

import "os"

// beginWriting is Linux's to do.
func beginWriting(*os.File, int64, int64) {}
