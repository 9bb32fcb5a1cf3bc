package operations

import (
	"fmt"
	"io"
	"log/slog"
	"regexp"
)

// redacted stands where a secret was.
const redacted = "[redacted]"

// shapes are what the server's secrets look like. What is kept of a match is its first
// group.
var shapes = []*regexp.Regexp{
	// A computer's credential, its id apart.
	regexp.MustCompile(`\b([0-9a-f]{32}:)[A-Za-z0-9_\-+/=]{16,}`),
	// What follows the words of HTTP authentication (RFC 7617, RFC 6750).
	regexp.MustCompile(`(?i)\b((?:basic|bearer)\s+)[A-Za-z0-9._~+/=\-]{8,}`),
	// The session's cookie.
	regexp.MustCompile(`(__Host-holdfast[A-Za-z-]*=)[^;\s"]+`),
	// Parameters of sign-in, in a query, a form or JSON.
	regexp.MustCompile(`(?i)((?:access_token|id_token|refresh_token|client_secret|device_code|code_verifier|user_code|password|secret|credential|token|code)["']?\s*[=:]\s*["']?)[A-Za-z0-9._~+/=%\-]{6,}`),
	// An invitation's link.
	regexp.MustCompile(`(/invitation/)[A-Za-z0-9_\-]+`),
	// A password in an address.
	regexp.MustCompile(`([a-z][a-z0-9+.\-]*://[^/\s:@]*:)[^@\s/]+(?:@)`),
	// Bare tokens, as crypto/rand.Text writes them.
	regexp.MustCompile(`()\b[A-Z2-7]{26,}\b`),
}

// secretNames are attributes whose values are never written.
var secretNames = map[string]bool{
	"authorization": true, "cookie": true, "password": true, "secret": true, "token": true,
	"credential": true, "client_secret": true, "access_token": true, "device_code": true, "code_verifier": true,
}

// Log writes JSON lines from a level on, without what looks like a secret.
func Log(w io.Writer, level slog.Level) slog.Handler {
	return slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: redact})
}

func redact(_ []string, a slog.Attr) slog.Attr {
	if secretNames[a.Key] {
		return slog.String(a.Key, redacted)
	}
	switch a.Value.Kind() {
	case slog.KindString:
		return slog.String(a.Key, Redact(a.Value.String()))
	case slog.KindAny:
		if _, ok := a.Value.Any().(slog.Level); ok {
			return a
		}
		return slog.String(a.Key, Redact(fmt.Sprint(a.Value.Any())))
	case slog.KindBool, slog.KindDuration, slog.KindFloat64, slog.KindInt64, slog.KindUint64, slog.KindTime, slog.KindGroup, slog.KindLogValuer:
	}
	return a
}

// Redact takes out of a text what looks like one of the server's secrets.
func Redact(s string) string {
	for _, shape := range shapes {
		s = shape.ReplaceAllString(s, "${1}"+redacted)
	}
	return s
}
