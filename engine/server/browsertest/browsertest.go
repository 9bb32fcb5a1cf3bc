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
func Press(selector string) []Step { return []Step{On(selected(selector), click)} }

// See waits until a selector finds something that can be seen.
func See(selector string) Step { return On(selected(selector), "") }

// Fill writes a text into the field that a selector finds, once it is there.
func Fill(selector, text string) Step {
	return On(selected(selector), fmt.Sprintf("e.value = %q", text))
}

// Submit sends the form that a selector finds, once it is there.
func Submit(selector string) Step {
	return On(selected(selector), "setTimeout(() => e.submit())")
}

// PressNamed clicks on the first button that says some words, once it is there.
func PressNamed(words string) Step {
	return On(fmt.Sprintf(`[...document.querySelectorAll("button")].find((b) => b.textContent.includes(%q))`, words), click)
}

const click = "setTimeout(() => e.click())" // which may leave the page, after the answer

func selected(selector string) string { return fmt.Sprintf("document.querySelector(%q)", selector) }

// On does something with an element e that can be seen, once an expression finds it:
// both in JavaScript, and at once. In steps of their own, the page that was found could
// be gone when something is done with it, or Chromium count its elements anew.
func On(find, do string) Step {
	script := fmt.Sprintf("(() => { const e = %s; if (!e || !e.getClientRects().length) return false; %s; return true })()", find, do)
	return func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		for {
			done, err := chromedp.Evaluate[bool](script)(ctx, target) // fails while a page is left
			if err == nil && done {
				return chromedp.Void{}, nil
			}
			select {
			case <-ctx.Done():
				return chromedp.Void{}, fmt.Errorf("%s is not to be seen: %w, %w", find, ctx.Err(), err)
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
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
