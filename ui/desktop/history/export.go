package history

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"time"

	"holdfast/engine"
)

// export writes the whole history that a search finds: as CSV (RFC 4180) with a
// heading, or as lines of text. It reports how many events were written.
func export(ctx context.Context, from events, text string, to io.Writer, asCSV bool) (int, error) {
	line := lines(to)
	flush := func() error { return nil }
	if asCSV {
		line, flush = records(to)
	}
	n := 0
	err := all(ctx, from, text, func(e engine.Event) error {
		n++
		return line(e)
	})
	if err != nil {
		return n, fmt.Errorf("export history: %w", err)
	}
	return n, flush()
}

func lines(to io.Writer) func(engine.Event) error {
	return func(e engine.Event) error {
		_, err := fmt.Fprintf(to, "%s  %-8s  %s\n", e.Time.Format("2006-01-02 15:04:05"), e.Kind, oneLine(e.Text))
		return err
	}
}

func records(to io.Writer) (func(engine.Event) error, func() error) {
	w := csv.NewWriter(to)
	w.UseCRLF = true
	started := false
	start := func() error {
		if started {
			return nil
		}
		started = true
		return w.Write([]string{"time", "kind", "tone", "text"})
	}
	line := func(e engine.Event) error {
		if err := start(); err != nil {
			return err
		}
		return w.Write([]string{e.Time.Format(time.RFC3339), e.Kind, string(e.Tone), harmless(e.Text)})
	}
	flush := func() error {
		if err := start(); err != nil {
			return err
		}
		w.Flush()
		return w.Error()
	}
	return line, flush
}

// harmless keeps a spreadsheet from running a text that begins like a formula: a
// file's name, which anybody may have chosen, can stand at its beginning.
func harmless(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
