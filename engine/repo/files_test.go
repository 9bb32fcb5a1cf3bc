package repo_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
	"unicode/utf8"
)

// someFiles makes a folder with what folders have.
func someFiles(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	random := rand.NewChaCha8([32]byte{1})
	noise := make([]byte, 3<<20)
	_, _ = random.Read(noise)
	write := func(name string, data []byte) {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o640); err != nil {
			t.Fatal(err)
		}
	}
	write("empty", nil)
	write("letter.txt", []byte("Dear all,\n"))
	write("repeated.txt", bytes.Repeat([]byte("the harbour lies quiet under a low sun\n"), 100_000))
	write("photo.jpg", noise)
	write("deep/er/still/note", []byte("here"))
	for i := range 300 {
		write(fmt.Sprintf("many/%04d", i), fmt.Appendf(nil, "file %d", i))
	}
	if err := os.Mkdir(filepath.Join(root, "nothing in it"), 0o700); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS == "linux" {
		for _, name := range []string{`quo"ted`, `back\slash`, "new\nline", "tab\t", "<&>", "latin1 \xe9\xff", "日本語", "sep\u2028", "\x7f\x01", "'`%"} {
			write("names/"+name, []byte(name))
			if !utf8.ValidString(name) {
				continue // restic before 0.16 loses targets of links that are not UTF-8
			}
			if err := os.Symlink("to "+name, filepath.Join(root, "names", "link "+name)); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chmod(filepath.Join(root, "names"), 0o755|fs.ModeSticky|fs.ModeSetgid); err != nil {
			t.Fatal(err)
		}
		if err := os.Link(filepath.Join(root, "letter.txt"), filepath.Join(root, "same letter.txt")); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(filepath.Join(root, "empty"), time.Unix(1, 5), time.Unix(-86400*365*90, 0)); err != nil {
		t.Fatal(err)
	}
	return root
}
