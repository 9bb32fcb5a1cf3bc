package getfiles

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"holdfast/engine"
)

// column is what the contents are sorted by.
type column int

const (
	byName column = iota
	bySize
	byChanged
)

// order is a column and a direction.
type order struct {
	by   column
	down bool
}

// toggled is the order after a click on a column's head: the other direction on
// the same column; names begin with A, sizes and dates with the largest.
func (o order) toggled(by column) order {
	if o.by == by {
		return order{by: by, down: !o.down}
	}
	return order{by: by, down: by != byName}
}

// sorted is a sorted copy: folders first, and names decide between equals, so
// that rows never jump about between two answers.
func (o order) sorted(items []engine.Item) []engine.Item {
	out := slices.Clone(items)
	slices.SortStableFunc(out, func(a, b engine.Item) int {
		if fa, fb := a.Kind == engine.KindFolder, b.Kind == engine.KindFolder; fa != fb {
			if fa {
				return -1
			}
			return 1
		}
		var c int
		switch o.by {
		case bySize:
			c = cmp.Compare(a.Size, b.Size)
		case byChanged:
			c = a.ModTime.Compare(b.ModTime)
		}
		if c == 0 {
			c = natural(a.Name, b.Name)
			if o.by != byName {
				return c
			}
		}
		if o.down {
			return -c
		}
		return c
	})
	return out
}

// natural compares names as people read them: without case, and numbers by their
// value, so that "page 9" comes before "page 10".
func natural(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		if isDigit(x[0]) && isDigit(y[0]) {
			var dx, dy string
			dx, x = digits(x)
			dy, y = digits(y)
			if c := cmp.Compare(len(dx), len(dy)); c != 0 {
				return c
			}
			if c := strings.Compare(dx, dy); c != 0 {
				return c
			}
			continue
		}
		rx, nx := utf8.DecodeRuneInString(x)
		ry, ny := utf8.DecodeRuneInString(y)
		if c := cmp.Compare(fold(rx), fold(ry)); c != 0 {
			return c
		}
		x, y = x[nx:], y[ny:]
	}
	if c := cmp.Compare(len(x), len(y)); c != 0 {
		return c
	}
	return strings.Compare(a, b)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// digits splits off a leading number, without its leading zeros.
func digits(s string) (number, rest string) {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return strings.TrimLeft(s[:n], "0"), s[n:]
}

func fold(r rune) rune {
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}
	return unicode.ToLower(r)
}
