//go:build unix

package agent

import (
	"os"
	"path/filepath"
	"syscall"
)

// sameDisk says whether two paths lie on one file system. The nearest existing
// folder above a path answers for one that is not there yet.
func sameDisk(a, b string) bool {
	x, okA := deviceOf(a)
	y, okB := deviceOf(b)
	return okA && okB && x == y
}

func deviceOf(path string) (uint64, bool) {
	for path != "" {
		info, err := os.Stat(path)
		if err == nil {
			st, ok := info.Sys().(*syscall.Stat_t)
			if !ok {
				return 0, false
			}
			return uint64(st.Dev), true
		}
		up := filepath.Dir(path)
		if up == path {
			break
		}
		path = up
	}
	return 0, false
}
