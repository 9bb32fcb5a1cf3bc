// Package browsertest gives tests of the account server a real browser: Chromium
// without a window, driven through its own protocol, by steps that a failure shows
// together with the page they failed on.
package browsertest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// Step is something that is done in the browser.
type Step = chromedp.Action[chromedp.Void]

// Steps puts some one after the other.
func Steps(parts ...[]Step) []Step { return slices.Concat(parts...) }

// Press clicks on what a selector finds, once it is there.
func Press(selector string) []Step {
	return []Step{chromedp.WaitVisible(selector), chromedp.Evaluate[chromedp.Void](fmt.Sprintf("document.querySelector(%q).click()", selector))}
}

const (
	patience = 2 * time.Minute // for one Do; the browser may be one of several on two processors
	look     = 15 * time.Second
)

// Browser is one with a profile of its own.
type Browser struct {
	t   testing.TB
	ctx context.Context
}

// Open starts one until the test ends. It accepts a server's own certificate.
func Open(t testing.TB) *Browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath("/usr/bin/chromium"), chromedp.NoSandbox, chromedp.Flag("ignore-certificate-errors", true),
		chromedp.Flag("disable-quic", true), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 900), chromedp.WSURLReadTimeout(patience))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	if err := chromedp.Do(ctx); err != nil { // starts it
		t.Fatalf("Chromium is needed (apt-get install chromium): %v", err)
	}
	return &Browser{t, ctx}
}

// Do does some steps one after the other. What they are for is told when one fails.
func (b *Browser) Do(what string, steps ...Step) {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	err := chromedp.Do(ctx, steps...)
	if err == nil {
		return
	}
	at, text := b.page()
	b.t.Fatalf("%s: %v\nat %s:\n%s", what, err, at, text)
}

// page is where the browser is, and what can be read there.
func (b *Browser) page() (at, text string) {
	ctx, stop := context.WithTimeout(b.ctx, look)
	defer stop()
	at, _ = chromedp.Run(ctx, chromedp.Location()) // both fail while a page is left
	text, _ = chromedp.Run(ctx, chromedp.Text("body"))
	return at, text
}

// Has says whether a selector finds something now.
func (b *Browser) Has(selector string) bool {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	found, err := chromedp.Run(ctx, chromedp.Evaluate[bool](fmt.Sprintf("document.querySelector(%q) !== null", selector)))
	if err != nil {
		b.t.Fatal(err)
	}
	return found
}

// Says waits until the page says some words.
func (b *Browser) Says(words string) {
	b.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		at, text := b.page()
		if strings.Contains(text, words) {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("the page at %s does not say %q:\n%s", at, words, text)
		}
	}
}
