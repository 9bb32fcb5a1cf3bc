package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"

	"holdfast/engine"
)

// print writes a result as JSON.
func (s *session) print(v any) {
	s.printed = true
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// say writes a sentence, unless the result is JSON.
func (s *session) say(format string, args ...any) {
	if !s.JSON {
		fmt.Printf(format+"\n", args...)
	}
}

// did tells what was done: as a sentence, or as JSON.
func (s *session) did(v any, format string, args ...any) {
	if s.JSON {
		s.print(v)
		return
	}
	s.say(format, args...)
}

// table writes rows in columns.
func table(rows [][]string) {
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	w.Flush()
}

func when(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

func size(n int64) string {
	const units = "KMGTP"
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	f := float64(n)
	u := -1
	for f >= 1000 && u < len(units)-1 {
		f /= 1000
		u++
	}
	return fmt.Sprintf("%.3g %cB", f, units[u])
}

// shown makes a name safe for a terminal: names are any bytes, and some of them
// would be commands to it.
func shown(name string) string {
	if utf8.ValidString(name) && !strings.ContainsFunc(name, unprintable) {
		return name
	}
	return strconv.Quote(name)
}

// safe makes a sentence that may hold names safe for a terminal.
func safe(text string) string {
	var b strings.Builder
	for i, r := range text {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(text[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case unprintable(r):
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// unprintable are control characters of every sort, those that turn the direction
// of writing too; the two joiners belong to how words and pictures are written.
func unprintable(r rune) bool {
	return !unicode.IsGraphic(r) && r != '\u200c' && r != '\u200d'
}

// isTerminal says whether a progress line would be seen.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// progress writes a line over and over while something runs; the function that
// comes back ends it.
func (s *session) progress(line func() string) (stop func()) {
	if s.Quiet || s.JSON || !isTerminal(os.Stderr) {
		return func() {}
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		t := time.NewTicker(300 * time.Millisecond)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				fmt.Fprintf(os.Stderr, "\r\x1b[2K%s", line())
			case <-done:
				fmt.Fprint(os.Stderr, "\r\x1b[2K")
				return
			}
		}
	}()
	return func() { close(done); <-ended }
}

func captureLine(p engine.Progress) string {
	line := fmt.Sprintf("checking %d files", p.Checked)
	if !p.Counting {
		line = fmt.Sprintf("checked %d files", p.Checked)
	}
	line += fmt.Sprintf(", new: %s of %s", size(p.Uploaded), size(p.NewBytes))
	if p.StoredBefore > 0 {
		line = fmt.Sprintf("already stored: %s, ", size(p.StoredBefore)) + line
	}
	if p.Speed > 0 {
		line += fmt.Sprintf(", %s/s", size(p.Speed))
	}
	if p.Left >= 0 && !p.Counting {
		line += fmt.Sprintf(", about %s left", p.Left.Round(time.Second))
	}
	return line
}
