package operations_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"holdfast/engine/server/operations"
)

const id = "0123456789abcdef0123456789abcdef"

// lines are texts with a secret in them.
func lines(secret string) map[string]string {
	return map[string]string{
		"a computer's credential":              id + ":" + secret,
		"a computer's credential, escaped":     id + "%3A" + secret,
		"a bearer token":                       "Bearer " + secret,
		"a header":                             "Authorization: Bearer " + secret,
		"a header of an unknown kind":          "authorization: Custom a b " + secret,
		"headers as Go prints them":            fmt.Sprint(http.Header{"Authorization": {"Custom a " + secret}, "Cookie": {"a=" + secret}}),
		"headers in JSON":                      `{"Cookie":["theme=dark; sid=` + secret + `"]}`,
		"basic credentials":                    "basic " + secret,
		"the session's cookie":                 "__Host-holdfast=" + secret + "; Path=/",
		"a cookie":                             "Set-Cookie: x=" + secret + "; Path=/",
		"a form":                               "grant_type=x&code=" + secret + "&code_verifier=" + secret,
		"a form in a form":                     "next=%2Foauth%3Fcode%3D" + secret,
		"JSON":                                 `{"secret":"` + secret + `"}`,
		"JSON within quotes":                   fmt.Sprintf("%q", `{"client_secret": "`+secret+`"}`),
		"a struct as Go prints it":             fmt.Sprintf("%+v", struct{ UserCode, Password string }{secret, secret}),
		"an invitation's link":                 "https://backup.college.edu/invitation/" + secret,
		"an invitation as where to go next":    "/sign-in?next=%2Finvitation%2F" + secret,
		"a return from a provider":             `Get "https://b.edu/sign-in/return?state=` + secret + `&code=` + secret + `": EOF`,
		"a database's password":                "postgres://holdfast:" + secret + "@db/holdfast",
		"a database's password with strange @": `parse "postgres://holdfast:p@a/` + secret + `@db/holdfast"`,
		"a database's password with spaces":    `parse "postgres://holdfast:a b ` + secret + `@db/holdfast"`,
		"a password after an address":          "http://db:5432/,postgres://holdfast:" + secret + "@db/holdfast",
		"a database's words":                   "host=db user=holdfast password='a " + secret + "' dbname=holdfast",
		"a password in a sentence":             "wrong password: " + secret,
		"an environment":                       "HOLDFAST_SMTP_PASSWORD=" + secret,
		"an authenticator's link":              "otpauth://totp/x?secret=" + secret,
		"names behind each other":              "Bearer token: code: " + secret + "1X",
		"a key":                                "-----BEGIN PRIVATE KEY-----\n" + secret + "\n-----END PRIVATE KEY-----",
		"a provider's token":                   "eyJhbGciOiJub25lIn0." + secret + ".x",
		"a hash of a password":                 "$argon2id$v=19$" + secret,
	}
}

// values are what attributes may hold a text in.
func values(line string) map[string]any {
	type inner struct{ Text any }
	type outer struct {
		Inner *inner
		List  []any
	}
	address := &url.URL{Scheme: "postgres", User: url.UserPassword("holdfast", line), Host: "db"}
	return map[string]any{
		"a text": line, "an error": errors.New(line), "an error of errors": fmt.Errorf("a: %w", errors.Join(errors.New("b"), errors.New(line))),
		"bytes": []byte(line), "a list": []string{"a", line}, "a table": map[string]any{"a": map[string]string{line: line}},
		"a struct": outer{&inner{line}, []any{inner{[]byte(line)}, &inner{errors.New(line)}}}, "a group": slog.GroupValue(slog.Group("a", slog.Any(line, line))),
		"what gives its value": valuer{line}, "attributes": []slog.Attr{slog.String("a", line)}, "an address": address, "an address's parts": *address,
		"what writes itself": stringer{line}, "headers": http.Header{"Authorization": {line}, "X": {line}},
	}
}

type valuer struct{ text string }

func (v valuer) LogValue() slog.Value { return slog.GroupValue(slog.String("x", v.text)) }

type stringer struct{ text string }

func (s stringer) String() string { return s.text }

func TestNoSecretReachesTheLog(t *testing.T) {
	for _, secret := range []string{rand.Text(), "hunter2Canary", "correct-Horse_9"} {
		all := lines(secret)
		if len(secret) == 26 {
			all["nothing but a token"] = secret
			all["a token within a message"] = "could not read (x_" + secret + ")"
		}
		for name, line := range all {
			for what, value := range values(line) {
				t.Run(name+" in "+what, func(t *testing.T) {
					var out bytes.Buffer
					log := slog.New(operations.Log(&out, slog.LevelDebug))
					log.Error("trouble with "+line, "error", value)
					log.With("before", value).WithGroup("g").With("x", value).Info("trouble", slog.Group("more", slog.Any("text", value)))
					log.WithGroup(line).Info("trouble", line, "x")
					if strings.Contains(out.String(), secret) {
						t.Fatalf("the log holds the secret: %s", &out)
					}
					if strings.Count(out.String(), "trouble") != 3 {
						t.Fatalf("a message is gone: %s", &out)
					}
				})
			}
		}
	}
}

func TestTellingNamesHideWhatLooksLikeNothing(t *testing.T) {
	const secret = "tulip rose"
	for _, name := range []string{"password", "Authorization", "X-Api-Key", "client_secret", "ClientSecret", "recovery_codes", "user_code", "cookie", "deviceCode", "token"} {
		for what, value := range values(secret) {
			var out bytes.Buffer
			log := slog.New(operations.Log(&out, slog.LevelInfo))
			log.Info("x", name, value)
			log.With(name, value).Info("x")
			log.WithGroup(name).Info("x", "a", value)
			log.Info("x", "a", map[string]any{name: []any{value}}, slog.Group(name, "a", value))
			if s := out.String(); what != "a table" && what != "a group" && strings.Contains(s, secret) {
				t.Errorf("%s of %s is in the log: %s", what, name, s)
			}
		}
	}
	var out bytes.Buffer
	slog.New(operations.Log(&out, slog.LevelInfo)).Info("x", "totp", 123456, "code", 654321, "passwords", []int{777888})
	for _, number := range []string{"123456", "654321", "777888"} {
		if strings.Contains(out.String(), number) {
			t.Errorf("%s is in the log: %s", number, &out)
		}
	}
}

func TestWhatIsNoSecretStaysInTheLog(t *testing.T) {
	for _, line := range []string{
		"request", "/api/v1/computers/{id}/settings", "/invitation/{token}", id, strings.Repeat(id, 2), "INFO",
		"dial tcp 127.0.0.1:5432: connect: connection refused", "unexpected status code: 503", "exchange code: EOF", "cannot fetch token: context canceled",
		"this needs Basic authentication", `Get "https://login.college.edu:8443/.well-known/openid-configuration": EOF`, "postgres://holdfast@db:5432/holdfast",
		"http: TLS handshake error from [2001:db8::1]:443: EOF", `{"error":{"code":"seat_limit"}}`, "ERROR: disk full (SQLSTATE 53100)",
	} {
		if got := operations.Redact(line); got != line {
			t.Errorf("%q became %q", line, got)
		}
	}
	var out bytes.Buffer
	slog.New(operations.Log(&out, slog.LevelInfo)).Info("request", "code", "institution_computer_missing", "status", 503, "code", "unauthenticated", "exit_code", 2, "cut", true, "x", struct{ N int }{7})
	for _, want := range []string{`"code":"institution_computer_missing"`, `"status":503`, `"code":"unauthenticated"`, `"exit_code":2`, `"cut":true`, `"x":{"N":7}`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s is missing: %s", want, &out)
		}
	}
}

type loop struct{ Next *loop }

type bomb struct{}

func (bomb) Error() string { panic("no") }

func TestStrangeValuesEndNoRequest(t *testing.T) {
	l := &loop{}
	l.Next = l
	var none *loop
	var out bytes.Buffer
	log := slog.New(operations.Log(&out, slog.LevelInfo))
	for _, v := range []any{l, none, nil, bomb{}, error(nil), []error{nil}, make(chan int), func() {}, [32]byte{}, []byte{0xff}, map[any]any{1: bomb{}}} {
		log.Info("kept", "v", v)
	}
	if n := strings.Count(out.String(), "kept"); n != 11 {
		t.Fatalf("%d of 11 lines were written: %s", n, &out)
	}
	if log.Enabled(context.Background(), slog.LevelDebug) {
		t.Fatal("lines below the level are written")
	}
}

func FuzzRedact(f *testing.F) {
	for _, line := range lines("x") {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, around string) {
		const secret = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		if strings.Contains(operations.Redact(around+secret+around), secret) {
			t.Fatalf("the secret stays within %q", around)
		}
	})
}
