package identity

import (
	"strings"
	"unicode"
)

// line is foreign text fit for one line of a page: no control characters (PostgreSQL
// takes no NUL either) and at most so many characters.
func line(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, " "))
	runes := []rune(strings.Join(strings.Fields(text), " "))
	return string(runes[:min(len(runes), most)])
}
