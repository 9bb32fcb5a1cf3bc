package autostart

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheEntryFollowsTheChoice(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", folder)
	path := filepath.Join(folder, "autostart", "org.example.desktop")
	for _, on := range []bool{true, false, true} {
		if err := Set("org.example", on); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), "Hidden=true") == on {
			t.Fatalf("with %v the entry is\n%s", on, data)
		}
	}
}

func TestStrangePathsAreQuoted(t *testing.T) {
	if got := quote(`/opt/a "b" $c%d`); got != `"/opt/a \\"b\\" \\$c%%d"` {
		t.Fatal(got)
	}
}
