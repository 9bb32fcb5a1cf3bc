package selection

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// glob is a wildcard pattern for one name: * stands for any bytes, ? for one
// character, [a-z] for one of a class, [!a-z] or [^a-z] for one not of it, and \ takes
// the meaning from the next character.
type glob struct {
	tokens []token
	fold   bool
}

type tokenKind uint8

const (
	tokenText tokenKind = iota
	tokenOne
	tokenClass
	tokenStar
)

type token struct {
	kind   tokenKind
	not    bool
	text   string
	ranges []rune // pairs: first, last
}

// The errors of patterns, as a person reads them.
var (
	ErrEmpty     = errors.New("the pattern is empty")
	ErrTooLong   = errors.New("the pattern is too long")
	ErrClass     = errors.New("a [ has no ] that ends it")
	ErrBackslash = errors.New("a backslash at the end stands for nothing")
	ErrExtension = errors.New("an extension is letters and digits, as in iso")
	ErrNoHome    = errors.New("there is no home folder that ~ could stand for")
	ErrNUL       = errors.New("no name holds a zero byte")
	ErrComplex   = errors.New("the expression is too complex")
	ErrTooMany   = errors.New("there are too many patterns")
	ErrKind      = errors.New("no such kind of exclusion")
	ErrPreset    = errors.New("no such preset")
)

// longest bounds a pattern in bytes.
const longest = 4096

// compileGlob compiles a pattern for one name. With fold it expects names in lower case.
func compileGlob(pattern string, fold bool) (*glob, error) {
	g := &glob{fold: fold}
	var text strings.Builder
	flush := func() {
		if text.Len() > 0 {
			g.tokens = append(g.tokens, token{kind: tokenText, text: g.lower(text.String())})
			text.Reset()
		}
	}
	for i := 0; i < len(pattern); {
		switch pattern[i] {
		case '*':
			flush()
			if n := len(g.tokens); n == 0 || g.tokens[n-1].kind != tokenStar {
				g.tokens = append(g.tokens, token{kind: tokenStar})
			}
			i++
		case '?':
			flush()
			g.tokens = append(g.tokens, token{kind: tokenOne})
			i++
		case '[':
			flush()
			t, n, err := compileClass(pattern[i:])
			if err != nil {
				return nil, err
			}
			g.tokens = append(g.tokens, t)
			i += n
		case '\\':
			if i+1 == len(pattern) {
				return nil, ErrBackslash
			}
			text.WriteByte(pattern[i+1])
			i += 2
		default:
			text.WriteByte(pattern[i])
			i++
		}
	}
	flush()
	return g, nil
}

func (g *glob) lower(s string) string {
	if g.fold {
		return strings.ToLower(s)
	}
	return s
}

// compileClass reads a class from its [ on and says how many bytes it took. A ] right
// after the beginning is a member.
func compileClass(pattern string) (token, int, error) {
	t := token{kind: tokenClass}
	i := 1
	if i < len(pattern) && (pattern[i] == '!' || pattern[i] == '^') {
		t.not = true
		i++
	}
	member := func() (rune, bool) {
		if i < len(pattern) && pattern[i] == '\\' {
			i++
		}
		if i >= len(pattern) {
			return 0, false
		}
		c, n := char(pattern[i:])
		i += n
		return c, true
	}
	for first := true; ; first = false {
		if i >= len(pattern) {
			return t, 0, ErrClass
		}
		if pattern[i] == ']' && !first {
			return t, i + 1, nil
		}
		from, ok := member()
		if !ok {
			return t, 0, ErrClass
		}
		to := from
		if i+1 < len(pattern) && pattern[i] == '-' && pattern[i+1] != ']' {
			i++
			if to, ok = member(); !ok {
				return t, 0, ErrClass
			}
		}
		t.ranges = append(t.ranges, from, to)
	}
}

// char is the first character of s. A byte that is not UTF-8 is a character by itself,
// beyond all of Unicode.
func char(s string) (rune, int) {
	if s[0] < utf8.RuneSelf {
		return rune(s[0]), 1
	}
	c, n := utf8.DecodeRuneInString(s)
	if c == utf8.RuneError && n == 1 {
		return unicode.MaxRune + 1 + rune(s[0]), 1
	}
	return c, n
}

// literal is the text of a pattern without wildcards.
func (g *glob) literal() (string, bool) {
	switch {
	case len(g.tokens) == 0:
		return "", true
	case len(g.tokens) == 1 && g.tokens[0].kind == tokenText:
		return g.tokens[0].text, true
	}
	return "", false
}

// matches takes time at most in proportion to pattern times name: only the last star
// is ever taken back.
func (g *glob) matches(name string) bool {
	if n := len(g.tokens); n > 0 && g.tokens[n-1].kind == tokenText && !strings.HasSuffix(name, g.tokens[n-1].text) {
		return false
	}
	t, i := 0, 0
	star, resume := -1, 0
	for {
		if t < len(g.tokens) && g.tokens[t].kind == tokenStar {
			star, resume = t, i
			t++
			continue
		}
		if t == len(g.tokens) {
			if i == len(name) {
				return true
			}
		} else if n := g.one(&g.tokens[t], name[i:]); n >= 0 {
			t++
			i += n
			continue
		}
		if star < 0 || resume >= len(name) {
			return false
		}
		_, n := char(name[resume:])
		resume += n
		t, i = star+1, resume
	}
}

// one matches a single token and says how many bytes it took, -1 if it does not match.
func (g *glob) one(t *token, s string) int {
	if t.kind == tokenText {
		if strings.HasPrefix(s, t.text) {
			return len(t.text)
		}
		return -1
	}
	if s == "" {
		return -1
	}
	c, n := char(s)
	if t.kind == tokenOne || t.holds(c, g.fold) != t.not {
		return n
	}
	return -1
}

func (t *token) holds(c rune, fold bool) bool {
	for i := 0; i < len(t.ranges); i += 2 {
		if t.ranges[i] <= c && c <= t.ranges[i+1] {
			return true
		}
	}
	if fold && c <= unicode.MaxRune {
		if u := unicode.ToUpper(c); u != c {
			return t.holds(u, false)
		}
	}
	return false
}
