package instance

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestASecondStartShowsTheFirst(t *testing.T) {
	folder := t.TempDir()
	shown := make(chan bool, 4)
	first, err := Start(folder, func() { shown <- true })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Start(folder, nil); !errors.Is(err, ErrSecond) {
		t.Fatalf("the second start says %v", err)
	}
	if len(shown) != 1 {
		t.Fatalf("the first one was asked %d times", len(shown))
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Start(folder, nil)
	if err != nil {
		t.Fatalf("after the first one ended: %v", err)
	}
	again.Close()
}

func TestWhatADeadOneLeftDoesNotMatter(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"window.lock", "window.sock"} {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	i, err := Start(folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	i.Close()
}

func TestALongFolderHasASocketToo(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	folder := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	i, err := Start(folder, func() {})
	if err != nil {
		t.Fatal(err)
	}
	defer i.Close()
	if _, err := Start(folder, nil); !errors.Is(err, ErrSecond) {
		t.Fatalf("the second start says %v", err)
	}
}
