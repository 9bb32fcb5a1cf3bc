package operations

import (
	"regexp"
	"strings"
)

// redacted stands where a secret was.
const redacted = "[redacted]"

// Parts of shapes: what stands between a name and its value in queries, forms, JSON
// (also JSON within a quoted text), headers and Go's %+v; and values within quotes.
const (
	between = `\\*["']?\s*(?:=|:|%3[ad]|%253[ad])\s*`
	quoted  = `\\+"[^"]*"?|"(?:\\.|[^"\\])*"?|'[^']*'?|\[[^\]]*\]?`
)

// shape is what a secret looks like. What is kept of a match is its first group; its
// second group is the secret.
type shape struct {
	*regexp.Regexp
	words bool // a second group that is plainly no secret stays
}

// shapes are tried one after the other, on what the one before left.
var shapes = []shape{
	// Keys in PEM (RFC 7468), as far as the text goes.
	{regexp.MustCompile(`(?s)(-----BEGIN [A-Z ]*PRIVATE KEY-----)(.*?)(?:-----END [A-Z ]*PRIVATE KEY-----|$)`), false},
	// Headers that authenticate, to the end of their line.
	{regexp.MustCompile(`(?i)((?:authorization|cookie2?|x-api-key)` + between + `)(` + quoted + `|[^\r\n]+)`), false},
	// The cookies of the server, wherever they stand.
	{regexp.MustCompile(`(__(?:Host|Secure)-[A-Za-z0-9_\-]+=)([^;\s"]+)`), false},
	// A computer's credential, its id apart.
	{regexp.MustCompile(`(?i)(\b[0-9a-f]{32}(?::|%3a))([^\s"'&,]+)`), false},
	// What follows the words of HTTP authentication (RFC 7617, RFC 6750).
	{regexp.MustCompile(`(?i)(\b(?:basic|bearer)(?:\s+|%20|\+))([a-z0-9._~+/=\-]{4,})`), true},
	// What people choose, and what never stands beside such a name but as a secret.
	{regexp.MustCompile(`(?i)((?:password|passwd|pwd|passphrase|secret|credential|api[_-]?key|access[_-]?key|private[_-]?key|verifier|totp|otp)[a-z0-9_\-]*` + between + `)(` + quoted + `|[^\s&]+)`), false},
	// What machines choose, beside names that errors use too ("exchange code: EOF").
	{regexp.MustCompile(`((?:(?i:token)|(?:\b|_|%[0-9A-Fa-f]{2})(?i:code|nonce|signature|assertion)|Code|Nonce|Signature)s?(?i:` + between + `))(` + quoted + `|[^\s&"]+)`), true},
	// What ties the two halves of a sign-in together.
	{regexp.MustCompile(`(?i)((?:[?&]|%3f|%26)(?:state|session_state|key|sig)(?:=|%3d))([^\s&"']+)`), false},
	// An invitation's link, but not its route's pattern.
	{regexp.MustCompile(`(?i)((?:/|%2f|%252f)invitation(?:/|%2f|%252f))([^\s"'/?#&{%][^\s"'/?#&]*)`), false},
	// What the server makes (crypto/rand.Text, recovery codes, codes of devices), the
	// tokens of providers (RFC 7519) and hashes of passwords, with no name beside them.
	{regexp.MustCompile(`()([A-Z2-7]{26,})`), false},
	{regexp.MustCompile(`()(\b[A-Z2-7]{4}(?:-[A-Z2-7]{4}){3}\b)`), false},
	{regexp.MustCompile(`()(\b[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}\b)`), false},
	{regexp.MustCompile(`()(\beyJ[A-Za-z0-9_\-]{8,}(?:\.[A-Za-z0-9_\-]*)*)`), false},
	{regexp.MustCompile(`(\$argon2[a-z]*\$)([^\s"']+)`), false},
}

// Redact takes out of a text what looks like a secret.
func Redact(s string) string {
	s = withoutPasswords(s)
	for _, p := range shapes {
		s = p.redact(s)
	}
	return s
}

// redact goes on behind the name of what stays, which may itself be a name, as in
// "token: code: …".
func (p shape) redact(s string) string {
	var kept strings.Builder
	for {
		m := p.FindStringSubmatchIndex(s)
		if m == nil {
			break
		}
		kept.WriteString(s[:m[3]])
		if p.words && isWord(s[m[4]:m[5]]) {
			s = s[m[3]:]
			continue
		}
		kept.WriteString(redacted)
		s = s[m[1]:]
	}
	kept.WriteString(s)
	return kept.String()
}

var (
	// A password may hold what it should not in an address, so it ends with the last @.
	userinfo = regexp.MustCompile(`(://[^\s:@/]*:)(\S+)@|("[A-Za-z][A-Za-z0-9+.\-]*://[^\s:@/"]*:)([^"]+)@`)
	port     = regexp.MustCompile(`^[0-9]{1,5}(?:[/?#"',;:)\]\s]|$)`)
)

// withoutPasswords takes passwords out of addresses (RFC 3986, section 3.2.1). What
// begins like a port is one, and an address with a password may follow it.
func withoutPasswords(s string) string {
	return userinfo.ReplaceAllStringFunc(s, func(match string) string {
		m := userinfo.FindStringSubmatch(match)
		head, password := m[1]+m[3], m[2]+m[4]
		if port.MatchString(password) {
			return head + withoutPasswords(password+"@")
		}
		return head + redacted + "@"
	})
}

// isWord says whether what stands where a machine's secret could is a word of a
// message or a stable code of the program: random texts have digits or capitals.
func isWord(s string) bool {
	s = strings.Trim(s, "\"'\\,.;:=()[]{}")
	if len(s) < 4 {
		return true // the number of a status, EOF
	}
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") == "" && (len(s) <= 16 || strings.Contains(s, "_"))
}
