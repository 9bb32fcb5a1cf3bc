package operations

import (
	"context"
	"io"
	"log/slog"
	"strings"
)

// Log writes JSON lines from a level on, without what looks like a secret.
func Log(w io.Writer, level slog.Leveler) slog.Handler {
	return handler{inner: slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})}
}

// handler redacts before the lines are written, when quotes are not yet escaped and
// the kinds of values still known.
type handler struct {
	inner slog.Handler
	group suspicion // of the names of the groups that are open
}

func (h handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.inner.Enabled(ctx, level)
}

func (h handler) Handle(ctx context.Context, r slog.Record) error {
	clean := slog.NewRecord(r.Time, r.Level, Redact(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(cleanAttr(a, h.group))
		return true
	})
	return h.inner.Handle(ctx, clean)
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.inner.WithAttrs(cleanAttrs(attrs, h.group)), h.group}
}

func (h handler) WithGroup(name string) slog.Handler {
	return handler{h.inner.WithGroup(Redact(name)), max(h.group, suspect(name))}
}

func cleanAttrs(attrs []slog.Attr, s suspicion) []slog.Attr {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = cleanAttr(a, s)
	}
	return clean
}

// cleanAttr is an attribute without secrets, below names of a suspicion.
func cleanAttr(a slog.Attr, s suspicion) slog.Attr {
	s = max(s, suspect(a.Key))
	key, v := Redact(a.Key), a.Value.Resolve()
	switch v.Kind() {
	case slog.KindGroup:
		return slog.Attr{Key: key, Value: slog.GroupValue(cleanAttrs(v.Group(), s)...)}
	case slog.KindString:
		return slog.String(key, cleanText(v.String(), s))
	case slog.KindInt64, slog.KindUint64, slog.KindFloat64, slog.KindAny:
		return slog.Any(key, cleanAny(v.Any(), s))
	case slog.KindBool, slog.KindDuration, slog.KindTime, slog.KindLogValuer:
	}
	return slog.Attr{Key: key, Value: v} // moments and yes or no give no secret away
}

// suspicion is what the name of a value says of the value.
type suspicion int

const (
	open   suspicion = iota // nothing: what looks like a secret is taken out
	code                    // a secret unless it is a word, as a Problem's code is
	secret                  // a secret whatever it looks like
)

var secretNames = []string{
	"password", "passwd", "passphrase", "secret", "credential", "authorization", "cookie", "token",
	"apikey", "accesskey", "privatekey", "signature", "verifier", "recoverycode", "devicecode", "usercode",
}

// suspect judges a name of an attribute, a group, a field or a key.
func suspect(name string) suspicion {
	name = strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == '.' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToLower(name))
	for _, s := range secretNames {
		if strings.Contains(name, s) {
			return secret
		}
	}
	switch {
	case name == "otp", name == "totp", name == "pwd":
		return secret
	case strings.HasSuffix(name, "code"), strings.HasSuffix(name, "codes"):
		return code
	}
	return open
}

func cleanText(text string, s suspicion) string {
	if s == secret || s == code && !isWord(text) {
		return redacted
	}
	return Redact(text)
}
