package getfiles

import (
	"strings"
	"testing"
)

func TestCompareFindsWhatChanged(t *testing.T) {
	before := "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n"
	after := "one\ntwo\nthree\nfour\n5\nsix\nseven\neight\nnine\nten\n"
	c := compareTexts([]byte(before), []byte(after))
	if c.equal || c.added != 2 || c.removed != 1 {
		t.Fatalf("%+v", c)
	}
	var b strings.Builder
	for _, l := range c.lines {
		b.WriteString(string(rune(l.kind)) + l.text + "\n")
	}
	want := "~\n two\n three\n four\n-five\n+5\n six\n seven\n eight\n nine\n+ten\n"
	if b.String() != want {
		t.Errorf("got\n%s", b.String())
	}
}

func TestCompareAtItsEdges(t *testing.T) {
	if c := compareTexts(nil, nil); !c.equal {
		t.Error("two empty files are identical")
	}
	if c := compareTexts(nil, []byte("a\n")); c.added != 1 || c.removed != 0 {
		t.Errorf("%+v", c)
	}
	if c := compareTexts([]byte("a\nb"), nil); c.removed != 2 {
		t.Errorf("%+v", c)
	}
	if c := compareTexts([]byte("a\r\nb\r\n"), []byte("a\nb\n")); !c.onlyEnds {
		t.Errorf("%+v", c)
	}
	long := strings.Repeat("x\n", maxDiffLines+2)
	if c := compareTexts([]byte("a\n"+long+"b"), []byte("c\n"+long[2:]+"d")); !c.tooLarge {
		t.Errorf("added %d, removed %d", c.added, c.removed)
	}
	if c := compareTexts([]byte(strings.Repeat("a\n", 2000)), []byte(strings.Repeat("b\n", 2000))); !c.tooLarge {
		t.Error("texts that have nothing in common are too different to show")
	}
}

func FuzzCompareCanBeUndone(f *testing.F) {
	f.Add("a\nb\nc", "b\nc\nd")
	f.Add("x\ny\nx\ny\n", "y\nx\ny\nx\n")
	f.Fuzz(func(t *testing.T, before, after string) {
		a, b := lines([]byte(before)), lines([]byte(after))
		out, ok := shortest(a, b)
		if !ok {
			return
		}
		var x, y []string
		for _, l := range out {
			if l.kind != added {
				x = append(x, l.text)
			}
			if l.kind != removed {
				y = append(y, l.text)
			}
		}
		if strings.Join(x, "\n") != strings.Join(a, "\n") || strings.Join(y, "\n") != strings.Join(b, "\n") {
			t.Errorf("%q %q gave %q", before, after, out)
		}
	})
}

func TestTextIsTold(t *testing.T) {
	for data, want := range map[string]bool{"plain": true, "f\xc3\xbcr": true, "a\x00b": false, "\xff\xfe": false} {
		if isText([]byte(data), false) != want {
			t.Errorf("%q", data)
		}
	}
	if !isText([]byte("f\xc3"), true) || isText([]byte("f\xc3"), false) {
		t.Error("only a cut text may end in half a letter")
	}
}
