package repo

import (
	"bytes"
	"encoding/hex"
	"math"
	"unicode/utf16"
	"unicode/utf8"
)

// scanner reads JSON (RFC 8259) in one pass over bytes in memory, for the two
// documents that come by the hundred megabytes: trees and index files. The first
// error sticks; after it every method returns zero values.
type scanner struct {
	data    []byte
	pos     int
	err     error
	scratch []byte // an unescaped string; valid until the next one
}

const maxDepth = 64 // of values that are skipped

func (s *scanner) fail(what string) {
	if s.err == nil {
		s.err = damaged("JSON: %s at byte %d", what, s.pos)
		s.pos = len(s.data)
	}
}

// peek is the next byte that is not white space, 0 at the end.
func (s *scanner) peek() byte {
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; c {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// take consumes c when it is next.
func (s *scanner) take(c byte) bool {
	if s.peek() != c || s.pos >= len(s.data) {
		return false
	}
	s.pos++
	return true
}

func (s *scanner) expect(c byte) {
	if !s.take(c) {
		s.fail("expected '" + string(rune(c)) + "'")
	}
}

// end expects nothing more than white space.
func (s *scanner) end() {
	if s.err == nil && (s.peek() != 0 || s.pos < len(s.data)) {
		s.fail("something after the end")
	}
}

// literal consumes a word such as null.
func (s *scanner) literal(word string) bool {
	s.peek()
	if len(s.data)-s.pos < len(word) || string(s.data[s.pos:s.pos+len(word)]) != word {
		return false
	}
	s.pos += len(word)
	return true
}

// object calls member for each key, which has to consume the value. null is an
// object without members.
func (s *scanner) object(member func(key []byte)) {
	if s.literal("null") {
		return
	}
	s.expect('{')
	if s.err != nil || s.take('}') {
		return
	}
	for s.err == nil {
		if s.peek() != '"' {
			s.fail("expected a key")
			return
		}
		key := s.string()
		s.expect(':')
		if s.err != nil {
			return
		}
		member(key)
		if !s.take(',') {
			s.expect('}')
			return
		}
	}
}

// array calls element before each element, which it has to consume. It reports
// false for null.
func (s *scanner) array(element func()) bool {
	if s.literal("null") {
		return false
	}
	s.expect('[')
	if s.err != nil || s.take(']') {
		return true
	}
	for s.err == nil {
		element()
		if !s.take(',') {
			s.expect(']')
			break
		}
	}
	return true
}

// string reads a string. The bytes are part of the data or of the scratch memory,
// valid until the next call. null is the empty string.
func (s *scanner) string() []byte {
	if s.peek() != '"' {
		if !s.literal("null") {
			s.fail("expected a string")
		}
		return nil
	}
	s.pos++
	start, high := s.pos, byte(0)
	for i := start; i < len(s.data); i++ {
		c := s.data[i]
		if c == '"' {
			s.pos = i + 1
			return s.valid(s.data[start:i], high)
		}
		if c == '\\' {
			return s.escaped(start, i)
		}
		if c < ' ' {
			break
		}
		high |= c
	}
	s.fail("a string without end")
	return nil
}

// valid replaces what is not UTF-8 by U+FFFD, as encoding/json does.
func (s *scanner) valid(text []byte, high byte) []byte {
	if high < utf8.RuneSelf || utf8.Valid(text) {
		return text
	}
	out := make([]byte, 0, len(text)+8)
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		out = utf8.AppendRune(out, r)
		text = text[size:]
	}
	return out
}

// escaped reads the rest of a string that has escapes; the first is at i.
func (s *scanner) escaped(start, i int) []byte {
	out := append(s.scratch[:0], s.data[start:i]...)
	defer func() { s.scratch = out }()
	for i < len(s.data) {
		switch c := s.data[i]; {
		case c == '"':
			s.pos = i + 1
			return s.valid(out, utf8.RuneSelf)
		case c < ' ':
			s.fail("a control character in a string")
			return nil
		case c != '\\':
			out = append(out, c)
			i++
		default:
			s.pos = i
			out, i = s.escape(out, i+1)
			if s.err != nil {
				return nil
			}
		}
	}
	s.fail("a string without end")
	return nil
}

// escape reads what follows a backslash at i-1.
func (s *scanner) escape(out []byte, i int) ([]byte, int) {
	if i >= len(s.data) {
		s.fail("a string without end")
		return out, i
	}
	switch c := s.data[i]; c {
	case '"', '\\', '/':
		return append(out, c), i + 1
	case 'b':
		return append(out, '\b'), i + 1
	case 'f':
		return append(out, '\f'), i + 1
	case 'n':
		return append(out, '\n'), i + 1
	case 'r':
		return append(out, '\r'), i + 1
	case 't':
		return append(out, '\t'), i + 1
	case 'u':
		r, ok := s.hex4(i + 1)
		if !ok {
			break
		}
		i += 5
		if utf16.IsSurrogate(r) {
			low, ok := rune(0), false
			if i+1 < len(s.data) && s.data[i] == '\\' && s.data[i+1] == 'u' {
				low, ok = s.hex4(i + 2)
			}
			if pair := utf16.DecodeRune(r, low); ok && pair != utf8.RuneError {
				return utf8.AppendRune(out, pair), i + 6
			}
			r = utf8.RuneError
		}
		return utf8.AppendRune(out, r), i
	}
	s.fail("an unknown escape in a string")
	return out, i
}

func (s *scanner) hex4(i int) (rune, bool) {
	if i+4 > len(s.data) {
		return 0, false
	}
	var r rune
	for _, c := range s.data[i : i+4] {
		d := hexDigit[c]
		if d < 0 {
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	return r, true
}

var hexDigit = func() (digits [256]int8) {
	for i := range digits {
		digits[i] = -1
	}
	for i := range 10 {
		digits['0'+i] = int8(i)
	}
	for i := range 6 {
		digits['a'+i], digits['A'+i] = int8(10+i), int8(10+i)
	}
	return digits
}()

// uint reads a whole number up to limit. null is 0.
func (s *scanner) uint(limit uint64) uint64 {
	if s.peek() == 'n' && s.literal("null") {
		return 0
	}
	start, v := s.pos, uint64(0)
	for s.pos < len(s.data) {
		c := s.data[s.pos] - '0'
		if c > 9 {
			break
		}
		if v > (math.MaxUint64-uint64(c))/10 {
			s.fail("a number too large")
			return 0
		}
		v = v*10 + uint64(c)
		s.pos++
	}
	if s.pos == start || (s.pos > start+1 && s.data[start] == '0') {
		s.fail("expected a whole number")
		return 0
	}
	if v > limit {
		s.fail("a number too large")
		return 0
	}
	return v
}

// id reads an ID into id.
func (s *scanner) id(id *ID) {
	text := s.string()
	if s.err != nil {
		return
	}
	if len(text) != hex.EncodedLen(len(id)) {
		s.fail("expected an id")
		return
	}
	for i := range id {
		high, low := hexDigit[text[2*i]], hexDigit[text[2*i+1]]
		if high|low < 0 {
			s.fail("expected an id")
			return
		}
		id[i] = byte(high)<<4 | byte(low)
	}
}

// skip passes over any value.
func (s *scanner) skip() { s.skipValue(0) }

func (s *scanner) skipValue(depth int) {
	if depth > maxDepth {
		s.fail("values too deeply nested")
		return
	}
	switch c := s.peek(); c {
	case '{':
		s.object(func([]byte) { s.skipValue(depth + 1) })
	case '[':
		s.array(func() { s.skipValue(depth + 1) })
	case '"':
		s.string()
	default:
		if !s.literal("null") && !s.literal("true") && !s.literal("false") {
			s.number()
		}
	}
}

// raw passes over a value and returns its bytes.
func (s *scanner) raw() []byte {
	s.peek()
	start := s.pos
	s.skip()
	if s.err != nil {
		return nil
	}
	return bytes.Clone(s.data[start:s.pos])
}

// number passes over a number of any kind.
func (s *scanner) number() {
	digits := func() bool {
		start := s.pos
		for s.pos < len(s.data) && s.data[s.pos]-'0' <= 9 {
			s.pos++
		}
		return s.pos > start
	}
	at := func(set string) bool {
		if s.pos < len(s.data) && bytes.IndexByte([]byte(set), s.data[s.pos]) >= 0 {
			s.pos++
			return true
		}
		return false
	}
	at("-")
	if !at("0") && !digits() {
		s.fail("expected a value")
		return
	}
	if at(".") && !digits() {
		s.fail("expected a digit")
		return
	}
	if at("eE") {
		at("+-")
		if !digits() {
			s.fail("expected a digit")
		}
	}
}
