//go:build linux

package backuptest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"holdfast/engine/source"
)

// Describe is a folder in words: a line for each path below it, sorted, with kind,
// mode, owner, time, size, the hash of the content, link target, attributes, and what
// other path it is a hard link to.
func Describe(tb testing.TB, top string) []string {
	tb.Helper()
	return describe(tb, top, true)
}

// Contents is Describe without modes, owners, times and attributes.
func Contents(tb testing.TB, top string) []string {
	tb.Helper()
	return describe(tb, top, false)
}

func describe(tb testing.TB, top string, metadata bool) []string {
	tb.Helper()
	dir, err := source.System().OpenDir(top)
	must(tb, err)
	d := &describer{tb: tb, metadata: metadata, names: map[uint64]string{}}
	d.folder(dir, "")
	slices.Sort(d.lines)
	return d.lines
}

type describer struct {
	tb       testing.TB
	metadata bool
	lines    []string
	names    map[uint64]string // first name of each inode
}

func (d *describer) folder(dir source.Dir, path string) {
	defer dir.Close()
	entries, err := dir.Read(context.Background())
	must(d.tb, err)
	for _, e := range entries {
		must(d.tb, e.Err)
		at := path + "/" + e.Name
		d.lines = append(d.lines, d.line(dir, at, e))
		if e.Kind == source.KindDir {
			sub, err := dir.Dir(e.Name)
			must(d.tb, err)
			d.folder(sub, at)
		}
	}
}

func (d *describer) line(dir source.Dir, at string, e source.Entry) string {
	shown := at
	if len(shown) > 200 {
		shown = fmt.Sprintf("%d bytes …%s", len(at), at[len(at)-40:])
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%q %v", shown, e.Mode.Type())
	node, problems := dir.Node(e)
	for _, err := range problems {
		d.tb.Error(err)
	}
	if d.metadata {
		fmt.Fprintf(&b, " mode %v owner %d:%d time %d", e.Mode, e.UID, e.GID, e.ModTime)
		for _, a := range node.ExtendedAttributes {
			fmt.Fprintf(&b, " %s=%q", a.Name, a.Value)
		}
	}
	if first, ok := d.names[e.Inode]; ok && e.Links > 1 {
		fmt.Fprintf(&b, " another name of %q", first)
	} else if e.Kind != source.KindDir {
		d.names[e.Inode] = at
	}
	switch e.Kind {
	case source.KindFile:
		f, err := dir.Open(e.Name)
		must(d.tb, err)
		h := sha256.New()
		n, err := io.Copy(h, f)
		must(d.tb, err)
		f.Close()
		fmt.Fprintf(&b, " %d bytes %x", n, h.Sum(nil)[:6])
	case source.KindSymlink:
		fmt.Fprintf(&b, " to %q", node.LinkTarget)
	case source.KindCharDevice, source.KindBlockDevice:
		fmt.Fprintf(&b, " device %d", e.RDev)
	}
	return b.String()
}

// Same compares two lists of lines and shows what only one of them has.
func Same(tb testing.TB, what string, got, want []string) {
	tb.Helper()
	if slices.Equal(got, want) {
		return
	}
	tb.Errorf("%s differ:", what)
	shown := 0
	for _, l := range got {
		if !slices.Contains(want, l) && shown < 20 {
			tb.Errorf("  is        %s", l)
			shown++
		}
	}
	for _, l := range want {
		if !slices.Contains(got, l) && shown < 40 {
			tb.Errorf("  should be %s", l)
			shown++
		}
	}
}
