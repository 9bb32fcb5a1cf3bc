package restore

import (
	"bytes"
	"os"
)

// page is the unit in which holes are left. Runs of zeros that are whole pages are
// not written: a new file has zeros where nothing was written.
const page = 4096

var zeros [page]byte

// writeSparse writes a blob at its place, without its pages of zeros. Small blobs
// are written as they are: finding holes in them would save nothing.
func writeSparse(f *os.File, plain []byte, offset int64) error {
	if len(plain) < 4*page {
		if len(plain) == 0 {
			return nil
		}
		_, err := f.WriteAt(plain, offset)
		return err
	}
	start := 0 // of the run that is to be written
	first := int(-offset & (page - 1))
	for at := first; at+page <= len(plain); at += page {
		if !bytes.Equal(plain[at:at+page], zeros[:]) {
			continue
		}
		if start < at {
			if _, err := f.WriteAt(plain[start:at], offset+int64(start)); err != nil {
				return err
			}
		}
		start = at + page
	}
	if start < len(plain) {
		_, err := f.WriteAt(plain[start:], offset+int64(start))
		return err
	}
	return nil
}
