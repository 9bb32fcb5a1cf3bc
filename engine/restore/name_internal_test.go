//go:build linux

package restore

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestNoWayOfRenamingReplacesAnything(t *testing.T) {
	j := &job{open: map[*place]bool{}}
	ways := map[string]func(in *place, from, to string) error{"by the system's call": j.renameFree, "by a link": j.renameByLink, "by looking first": j.renameLooking}
	for name, rename := range ways {
		t.Run(name, func(t *testing.T) {
			top := t.TempDir()
			in := func(name string) string { return filepath.Join(top, name) }
			root, err := os.OpenRoot(top)
			p := &place{root: root, path: top}
			err = errors.Join(err, j.opened(p), os.WriteFile(in("one"), []byte("one"), 0o644), os.WriteFile(in("two"), []byte("two"), 0o644),
				os.Symlink("nowhere", in("link")), os.Mkdir(in("folder"), 0o755), os.WriteFile(in("folder/inside"), nil, 0o644))
			if err != nil {
				t.Fatal(err)
			}
			defer j.close(p)
			for _, taken := range []string{"two", "link", "folder"} {
				if err := rename(p, "one", taken); !errors.Is(err, fs.ErrExist) {
					t.Errorf("%s: %v", taken, err)
				}
			}
			if err := rename(p, "nothing", "free"); !errors.Is(err, fs.ErrNotExist) {
				t.Error(err)
			}
			for from, to := range map[string]string{"one": "1", "link": "l", "folder": "f"} {
				if err := rename(p, from, to); err != nil {
					t.Error(err)
				}
				if _, err := os.Lstat(in(from)); err == nil {
					t.Errorf("%s is still there", from)
				}
			}
			one, _ := os.ReadFile(in("1"))
			two, _ := os.ReadFile(in("two"))
			link, _ := os.Readlink(in("l"))
			if _, err := os.Stat(in("f/inside")); err != nil || string(one) != "one" || string(two) != "two" || link != "nowhere" {
				t.Errorf("%q, %q, %q, %v", one, two, link, err)
			}
		})
	}
}
