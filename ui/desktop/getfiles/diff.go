package getfiles

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// Bounds of a comparison: beyond them only "differs" is said, so that comparing
// never takes noticeable time or memory.
const (
	maxDiffLines = 20_000 // in either text, after equal beginnings and ends are cut off
	maxDiffSteps = 1_500  // inserted and deleted lines together
	diffContext  = 3      // equal lines shown around a change
)

// change is what happened to a line.
type change byte

const (
	same    change = ' '
	removed change = '-'
	added   change = '+'
	skipped change = '~' // stands for equal lines that are not shown
)

// diffLine is one line of a comparison.
type diffLine struct {
	kind change
	text string
}

// comparison is how two texts differ.
type comparison struct {
	equal          bool
	onlyEnds       bool // every line is the same; line ends or the last line break differ
	tooLarge       bool // they differ, in more than is worth showing
	added, removed int
	lines          []diffLine
}

// compareTexts finds a shortest list of changed lines (E. W. Myers, "An O(ND)
// difference algorithm and its variations", 1986) within the bounds above.
func compareTexts(before, after []byte) comparison {
	if bytes.Equal(before, after) {
		return comparison{equal: true}
	}
	a, b := lines(before), lines(after)
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	middle, ok := shortest(a[head:len(a)-tail], b[head:len(b)-tail])
	if !ok {
		return comparison{tooLarge: true}
	}
	all := make([]diffLine, 0, head+len(middle)+tail)
	for _, l := range a[:head] {
		all = append(all, diffLine{same, l})
	}
	all = append(all, middle...)
	for _, l := range a[len(a)-tail:] {
		all = append(all, diffLine{same, l})
	}
	if len(middle) == 0 {
		return comparison{onlyEnds: true}
	}
	out := comparison{lines: around(all)}
	for _, l := range middle {
		switch l.kind {
		case added:
			out.added++
		case removed:
			out.removed++
		}
	}
	return out
}

// lines cuts a text; line ends of either kind are not part of a line.
func lines(text []byte) []string {
	if len(text) == 0 {
		return nil
	}
	out := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	for i := range out {
		out[i] = strings.TrimSuffix(out[i], "\r")
	}
	return out
}

// shortest is Myers' greedy search; it keeps the frontier of every step, which
// the bound on steps bounds, and walks back along it.
func shortest(a, b []string) ([]diffLine, bool) {
	if len(a) > maxDiffLines || len(b) > maxDiffLines {
		return nil, false
	}
	n, m := len(a), len(b)
	limit := min(n+m, maxDiffSteps)
	frontier := make([]int, 2*limit+3)
	at := func(k int) int { return k + limit + 1 }
	var trace [][]int
	for d := 0; d <= limit; d++ {
		trace = append(trace, append([]int(nil), frontier[at(-d-1):at(d+1)+1]...))
		for k := -d; k <= d; k += 2 {
			x := 0
			if k == -d || k != d && frontier[at(k-1)] < frontier[at(k+1)] {
				x = frontier[at(k+1)]
			} else {
				x = frontier[at(k-1)] + 1
			}
			y := x - k
			for x < n && y < m && a[x] == b[y] {
				x, y = x+1, y+1
			}
			frontier[at(k)] = x
			if x >= n && y >= m {
				return walkBack(a, b, trace), true
			}
		}
	}
	return nil, false
}

// walkBack reads the changes from the end to the beginning. trace[d] holds the
// frontier before step d for the diagonals -d-1 to d+1.
func walkBack(a, b []string, trace [][]int) []diffLine {
	x, y := len(a), len(b)
	var back []diffLine
	for d := len(trace) - 1; d >= 0; d-- {
		v := func(k int) int { return trace[d][k+d+1] }
		k := x - y
		prev := k - 1
		if k == -d || k != d && v(k-1) < v(k+1) {
			prev = k + 1
		}
		px := 0
		if d > 0 {
			px = v(prev)
		}
		py := px - prev
		if d == 0 {
			px, py = 0, 0
		}
		for x > px && y > py && x > 0 && y > 0 && a[x-1] == b[y-1] {
			x, y = x-1, y-1
			back = append(back, diffLine{same, a[x]})
		}
		if d == 0 {
			break
		}
		if x > px {
			x--
			back = append(back, diffLine{removed, a[x]})
		} else if y > py {
			y--
			back = append(back, diffLine{added, b[y]})
		}
	}
	for i, j := 0, len(back)-1; i < j; i, j = i+1, j-1 {
		back[i], back[j] = back[j], back[i]
	}
	return back
}

// around keeps the changes and a few lines beside them.
func around(all []diffLine) []diffLine {
	keep := make([]bool, len(all))
	for i, l := range all {
		if l.kind == same {
			continue
		}
		for j := max(0, i-diffContext); j <= min(len(all)-1, i+diffContext); j++ {
			keep[j] = true
		}
	}
	var out []diffLine
	for i := range all {
		switch {
		case keep[i]:
			out = append(out, all[i])
		case i == 0 || keep[i-1]:
			out = append(out, diffLine{skipped, ""})
		}
	}
	return out
}

// isText guesses from the first bytes: valid UTF-8 (but for a rune cut off at the
// end) without NUL.
func isText(data []byte, truncated bool) bool {
	if bytes.IndexByte(data, 0) >= 0 {
		return false
	}
	if truncated {
		for cut := 0; cut < utf8.UTFMax && len(data) > 0 && !utf8.Valid(data); cut++ {
			data = data[:len(data)-1]
		}
	}
	return utf8.Valid(data)
}
