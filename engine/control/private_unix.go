//go:build unix

package control

import (
	"fmt"
	"os"
	"syscall"
)

// private makes sure that only this user can enter the folder.
func private(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("looking at the folder of the socket: %w", err)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); !info.IsDir() || ok && int(st.Uid) != os.Getuid() {
		return fmt.Errorf("%w: the folder %s", ErrStranger, dir)
	}
	if info.Mode().Perm() == 0o700 {
		return nil
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return fmt.Errorf("guarding the folder of the socket: %w", err)
	}
	return nil
}
