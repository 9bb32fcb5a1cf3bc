package catalog

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// nameKey is what names are found by.
func nameKey(name []byte) int64 {
	sum := sha256.Sum256(name)
	return int64(binary.BigEndian.Uint64(sum[:]) >> 16)
}

// intern finds the number of a name, giving one when it has none.
func intern(s *session, name string) (int64, error) {
	n, ok, err := interned(s, name)
	if err != nil || ok {
		return n, err
	}
	b := []byte(name)
	n, _, err = s.exec("INSERT INTO name (bytes, key) VALUES (?, ?)", b, nameKey(b))
	return n, err
}

// interned finds the number of a name; ok is false when nothing has ever had it.
func interned(s *session, name string) (n int64, ok bool, err error) {
	b := []byte(name)
	return s.number("SELECT id FROM name WHERE key = ? AND bytes = ?", nameKey(b), b)
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
