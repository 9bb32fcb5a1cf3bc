package repo

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// EncodeTree writes a folder listing into buf[:0]:
//
//	{"nodes":[node,node,…]} newline
//
// The nodes are put into the order of their names, as bytes, where they lie. Two
// of one name, or a name that DecodeTree would refuse, are an error.
func EncodeTree(nodes []Node, buf []byte) ([]byte, error) {
	byName := func(a, b Node) int { return strings.Compare(a.Name, b.Name) }
	if !sortedByName(nodes) {
		slices.SortFunc(nodes, byName)
	}
	buf = append(buf[:0], `{"nodes":[`...)
	for i := range nodes {
		n := &nodes[i]
		if why := refuseName(n.Name); why != "" {
			return nil, fmt.Errorf("repository: %s: %q", why, clip(n.Name))
		}
		if i > 0 {
			if n.Name == nodes[i-1].Name {
				return nil, fmt.Errorf("repository: two entries are called %q", clip(n.Name))
			}
			buf = append(buf, ',')
		}
		var err error
		if buf, err = appendNode(buf, n); err != nil {
			return nil, fmt.Errorf("repository: entry %q: %w", clip(n.Name), err)
		}
	}
	return append(buf, "]}\n"...), nil
}

func sortedByName(nodes []Node) bool {
	for i := 1; i < len(nodes); i++ {
		if nodes[i-1].Name > nodes[i].Name {
			return false
		}
	}
	return true
}

// refuseName says why a name cannot stand in a folder, or "".
func refuseName(name string) string {
	switch {
	case name == "":
		return "an entry without a name"
	case name == "." || name == "..":
		return "a name that means another folder"
	case strings.IndexByte(name, '/') >= 0:
		return "a name with a slash"
	case strings.IndexByte(name, 0) >= 0:
		return "a name with a NUL byte"
	}
	return ""
}

func appendNode(b []byte, n *Node) ([]byte, error) {
	b = append(b, `{"name":"`...)
	b = appendName(b, n.Name)
	b = append(b, `","type":`...)
	b = appendString(b, n.Type)
	b = appendUint(b, `,"mode":`, uint64(n.Mode))
	b = append(b, `,"mtime":`...)
	b = appendTime(b, n.ModTime)
	b = append(b, `,"atime":`...)
	b = appendTime(b, n.AccessTime)
	b = append(b, `,"ctime":`...)
	b = appendTime(b, n.ChangeTime)
	b = append(b, `,"uid":`...)
	b = strconv.AppendUint(b, uint64(n.UID), 10)
	b = append(b, `,"gid":`...)
	b = strconv.AppendUint(b, uint64(n.GID), 10)
	b = appendText(b, `,"user":`, n.User)
	b = appendText(b, `,"group":`, n.Group)
	b = appendUint(b, `,"inode":`, n.Inode)
	b = appendUint(b, `,"device_id":`, n.DeviceID)
	b = appendUint(b, `,"size":`, n.Size)
	b = appendUint(b, `,"links":`, n.Links)
	b = appendText(b, `,"linktarget":`, n.LinkTarget)
	if !utf8.ValidString(n.LinkTarget) {
		b = append(b, `,"linktarget_raw":`...)
		b = appendBase64(b, []byte(n.LinkTarget))
	}
	b, err := appendAttributes(b, n)
	if err != nil {
		return nil, err
	}
	b = appendUint(b, `,"device":`, n.Device)
	b = appendContent(b, n)
	if n.Subtree != nil {
		b = append(b, `,"subtree":`...)
		b = appendID(b, *n.Subtree)
	}
	b = appendText(b, `,"error":`, n.Error)
	return append(b, '}'), nil
}

func appendAttributes(b []byte, n *Node) ([]byte, error) {
	for i, a := range n.ExtendedAttributes {
		if i == 0 {
			b = append(b, `,"extended_attributes":[{"name":`...)
		} else {
			b = append(b, `,{"name":`...)
		}
		b = appendString(b, a.Name)
		b = append(b, `,"value":`...)
		b = appendBase64(b, a.Value)
		b = append(b, '}')
	}
	if len(n.ExtendedAttributes) > 0 {
		b = append(b, ']')
	}
	if len(n.GenericAttributes) > 0 {
		clean, err := json.Marshal(n.GenericAttributes)
		if err != nil {
			return nil, err
		}
		b = append(b, `,"generic_attributes":`...)
		b = append(b, clean...)
	}
	return b, nil
}

// appendContent writes null for what has no contents and a list for files, empty
// ones too.
func appendContent(b []byte, n *Node) []byte {
	if n.Content == nil && n.Type != NodeFile {
		return append(b, `,"content":null`...)
	}
	b = append(b, `,"content":[`...)
	for i, id := range n.Content {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendID(b, id)
	}
	return append(b, ']')
}

func appendUint(b []byte, field string, v uint64) []byte {
	if v == 0 {
		return b
	}
	return strconv.AppendUint(append(b, field...), v, 10)
}

func appendText(b []byte, field, s string) []byte {
	if s == "" {
		return b
	}
	return appendString(append(b, field...), s)
}

func appendBase64(b, value []byte) []byte {
	if value == nil {
		return append(b, "null"...)
	}
	b = append(b, '"')
	b = base64.StdEncoding.AppendEncode(b, value)
	return append(b, '"')
}

// appendTime writes RFC 3339 with as many fractional digits as needed. The format
// cannot say years before 0 or after 9999; other programs put the nearest year.
func appendTime(b []byte, t time.Time) []byte {
	switch year := t.Year(); {
	case year < 0:
		t = t.AddDate(-year, 0, 0)
	case year > 9999:
		t = t.AddDate(9999-year, 0, 0)
	}
	b = append(b, '"')
	b = t.AppendFormat(b, time.RFC3339Nano)
	return append(b, '"')
}

// appendName writes the inside of a JSON string that holds the name as Go quotes
// it. Nearly all names need neither quoting.
func appendName(b []byte, name string) []byte {
	for i := range len(name) {
		if !plainByte[name[i]] {
			quoted := strconv.Quote(name)
			return appendStringInside(b, quoted[1:len(quoted)-1])
		}
	}
	return append(b, name...)
}

// plainByte marks the ASCII bytes that stand for themselves both in JSON as
// encoding/json writes it and in Go's quoting.
var plainByte = func() (plain [256]bool) {
	for c := byte(' '); c < 0x7f; c++ {
		plain[c] = c != '"' && c != '\\' && c != '<' && c != '>' && c != '&'
	}
	return plain
}()

func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	b = appendStringInside(b, s)
	return append(b, '"')
}

// appendStringInside escapes as encoding/json does with its defaults: what HTML
// would take for markup is escaped, what is not UTF-8 becomes U+FFFD.
func appendStringInside(b []byte, s string) []byte {
	const digits = "0123456789abcdef"
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if plainByte[c] || c == 0x7f {
			i++
			continue
		}
		size, escape := 1, ""
		if c < utf8.RuneSelf {
			escape = shortEscape(c)
			if escape == "" {
				b = append(b, s[start:i]...)
				b = append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
				i++
				start = i
				continue
			}
		} else {
			var r rune
			r, size = utf8.DecodeRuneInString(s[i:])
			switch {
			case r == utf8.RuneError && size == 1:
				escape = `\ufffd`
			case r == '\u2028':
				escape = `\u2028`
			case r == '\u2029':
				escape = `\u2029`
			default:
				i += size
				continue
			}
		}
		b = append(b, s[start:i]...)
		b = append(b, escape...)
		i += size
		start = i
	}
	return append(b, s[start:]...)
}

func shortEscape(c byte) string {
	switch c {
	case '"':
		return `\"`
	case '\\':
		return `\\`
	case '\b':
		return `\b`
	case '\f':
		return `\f`
	case '\n':
		return `\n`
	case '\r':
		return `\r`
	case '\t':
		return `\t`
	}
	return ""
}
