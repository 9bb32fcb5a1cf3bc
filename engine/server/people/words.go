package people

import (
	"fmt"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits on what strangers type, in bytes.
const (
	maxEmail  = 254 // RFC 5321, 4.5.3.1.3, without the angle brackets
	maxName   = 200
	maxAsset  = 100
	maxReason = 2000
)

// ParseEmail checks a bare e-mail address (RFC 5322 addr-spec) and returns it in
// lower case, as it is kept. Letters beyond ASCII are refused: two addresses that
// look the same must not be two people.
func ParseEmail(typed string) (string, error) {
	email := strings.TrimSpace(typed)
	if len(email) > maxEmail {
		return "", fmt.Errorf("%w: the e-mail address is too long", ErrInvalid)
	}
	a, err := mail.ParseAddress(email)
	if err != nil || a.Name != "" || a.Address != email || strings.ContainsFunc(email, notInEmail) {
		return "", fmt.Errorf("%w: the e-mail address cannot be read", ErrInvalid)
	}
	return strings.ToLower(email), nil
}

func notInEmail(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"()<>[]\,;:`, r)
}

// line checks a field of one line.
func line(field, typed string, most int) (string, error) {
	return words(field, typed, most, hidden)
}

// text checks a field of several lines.
func text(field, typed string, most int) (string, error) {
	typed = strings.ReplaceAll(typed, "\r\n", "\n")
	return words(field, typed, most, func(r rune) bool { return hidden(r) && r != '\n' && r != '\t' })
}

// hidden are characters that show nothing and can change how others are shown:
// control characters, and those that turn the direction of writing.
func hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
}

func words(field, typed string, most int, refused func(rune) bool) (string, error) {
	typed = strings.TrimSpace(typed)
	if len(typed) > most {
		return "", fmt.Errorf("%w: the %s is longer than %d bytes", ErrInvalid, field, most)
	}
	if !utf8.ValidString(typed) || strings.ContainsFunc(typed, refused) {
		return "", fmt.Errorf("%w: the %s holds characters that cannot be shown", ErrInvalid, field)
	}
	return typed, nil
}
