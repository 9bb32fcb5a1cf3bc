package pages

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"

	"holdfast/assets"
)

// words are the functions of the templates.
func words(now func() time.Time, static *Static) template.FuncMap {
	return template.FuncMap{
		"icon":    icon,
		"mark":    func() template.HTML { return drawing("mark.svg", "mark") },
		"static":  static.Path,
		"bytes":   size,
		"plural":  plural,
		"ago":     func(t time.Time) string { return ago(t, now()) },
		"day":     func(t time.Time) string { return t.UTC().Format("2 January 2006") },
		"iso":     func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"groups":  groups,
		"otpauth": otpauth,
		"known":   func(t time.Time) bool { return !t.IsZero() },
	}
}

// icon is a Lucide icon in the colour of the text.
func icon(name string) template.HTML { return drawing("icons/"+name+".svg", "icon") }

// drawing is an embedded SVG without its own size and comment, which the style sheet
// gives it through its class.
func drawing(file, class string) template.HTML {
	text := string(assets.Read(file))
	start := strings.Index(text, "<svg")
	end := strings.Index(text, ">\n")
	if start < 0 {
		return ""
	}
	if end < start {
		end = start + strings.Index(text[start:], ">")
	}
	body := text[end+1:]
	return template.HTML(`<svg class="` + class + `" viewBox="0 0 24 24" aria-hidden="true" focusable="false">` + strings.TrimSpace(body)) // our own files
}

// size writes a number of bytes with three digits at most, in decimal units.
func size(n int64) string {
	if n < 1000 {
		return strconv.FormatInt(max(n, 0), 10) + " B"
	}
	units := []string{"KB", "MB", "GB", "TB", "PB", "EB"}
	v, u := float64(n)/1000, 0
	for v >= 999.5 && u < len(units)-1 {
		v /= 1000
		u++
	}
	if v < 10 {
		return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0") + " " + units[u]
	}
	return fmt.Sprintf("%.0f ", v) + units[u]
}

// count writes a number with separated thousands.
func count(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func plural(n any, one, many string) string {
	var v int64
	switch n := n.(type) {
	case int:
		v = int64(n)
	case int64:
		v = n
	}
	if v == 1 {
		return "1 " + one
	}
	return count(v) + " " + many
}

// ago says how long ago something was. Pages do not know the reader's time zone, so
// hours are counted and days are named by date.
func ago(t, now time.Time) string {
	d := now.Sub(t)
	switch {
	case t.IsZero():
		return "never"
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return plural(int64(d/time.Minute), "minute", "minutes") + " ago"
	case d < 48*time.Hour:
		return plural(int64(d/time.Hour), "hour", "hours") + " ago"
	case d < 14*24*time.Hour:
		return plural(int64(d/(24*time.Hour)), "day", "days") + " ago"
	}
	return t.UTC().Format("2 January 2006")
}

// otpauth lets the address of an authenticator app through, which html/template would
// take for a script.
func otpauth(s string) template.URL {
	if !strings.HasPrefix(s, "otpauth://totp/") {
		return ""
	}
	return template.URL(s) // begins with a scheme that runs nothing
}

// groups breaks a long run of characters into groups of four, to be read or typed.
func groups(s string) string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}
