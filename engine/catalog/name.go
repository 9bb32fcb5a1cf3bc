package catalog

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// intern finds the number of a name, giving one when it has none.
func intern(s *session, name string) (int64, error) {
	b := []byte(name)
	n, ok, err := s.number("SELECT id FROM name WHERE bytes = ?", b)
	if err != nil || ok {
		return n, err
	}
	n, _, err = s.exec("INSERT INTO name (bytes) VALUES (?)", b)
	return n, err
}

// interned finds the number of a name; ok is false when nothing has ever had it.
func interned(s *session, name string) (n int64, ok bool, err error) {
	return s.number("SELECT id FROM name WHERE bytes = ?", []byte(name))
}

// fold is the text form in which names are searched: what is not UTF-8 is replaced,
// case and combining marks are dropped, so that "resume" finds "Résumé.pdf" however
// its é is written.
func fold(name string) string {
	plain := true
	for i := 0; i < len(name); i++ {
		if name[i] >= utf8.RuneSelf || name[i] == 0 {
			plain = false
			break
		}
	}
	if plain {
		return strings.ToLower(name)
	}
	text := norm.NFKD.String(strings.ToValidUTF8(name, "\uFFFD"))
	return strings.Map(func(r rune) rune {
		if r == 0 || unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, text)
}
