package web

import (
	"net/url"
	"strings"
	"testing"
)

func FuzzWhereToGoAfterSigningInIsAlwaysHere(f *testing.F) {
	for _, next := range []string{"/computers", "/oauth/authorize?a=b", "//x", `/\x`, "https://x", "/\t/x", "/%2f/x", ""} {
		f.Add(next)
	}
	here, err := url.Parse("https://here.example/sign-in")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, next string) {
		kept := local(next)
		to, err := here.Parse(kept)
		if err != nil || to.Host != here.Host || to.Scheme != here.Scheme || strings.HasPrefix(kept, "//") || strings.Contains(kept, `\`) {
			t.Errorf("%q leads to %v, %v", next, to, err)
		}
	})
}

func TestOnlyLoopbackNumbersAreNamedInAPolicy(t *testing.T) {
	for to, want := range map[string]string{
		"http://127.0.0.1:4567/back": "http://127.0.0.1:4567", "http://[::1]:4567/": "", "https://evil.example/": "", "http://127.0.0.1.evil.example:80/": "", "http://127.0.0.1:1 evil/": "",
	} {
		if got := origin(to); got != want {
			t.Errorf("%s: %q", to, got)
		}
	}
}
