package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"holdfast/engine"
)

// print writes a result as JSON.
func (s *session) print(v any) {
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
	clean := true
	for _, r := range name {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			clean = false
		}
	}
	if clean {
		return name
	}
	return fmt.Sprintf("%q", name)
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
