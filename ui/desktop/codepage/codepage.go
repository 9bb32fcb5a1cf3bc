// Package codepage makes the page of a recovery code that people print or save. It is
// read years later and on another computer, so it says itself what it is for.
package codepage

import (
	"strings"
	"time"
)

// Of is which computer backs up where, as the person gave both.
type Of struct{ Computer, Address string }

// Text is the page as plain text.
func Text(code string, of Of, now time.Time) string {
	var b strings.Builder
	b.WriteString("Holdfast recovery code\n\n    " + code + "\n\n")
	if of.Computer != "" {
		b.WriteString("Computer: " + of.Computer + "\n")
	}
	b.WriteString("Backup:   " + of.Address + "\n")
	b.WriteString("Made:     " + now.Format("2 January 2006") + "\n\n")
	b.WriteString("With this code the files in the backup can be read on any computer.\n")
	b.WriteString("Keep it on paper, away from the computer, and show it to nobody.\n")
	b.WriteString("When it is lost, make a new one in Settings, Security, while the\ncomputer still works.\n")
	return b.String()
}
