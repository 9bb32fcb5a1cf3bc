package account

import (
	_ "embed"
	"html/template"
	"net/http"
)

// page is what the browser shows when it comes back to this computer.
type page struct{ Title, Text string }

var (
	pageDone   = page{"You are signed in", "Holdfast goes on in its own window. You can close this page."}
	pageFailed = page{"Signing in did not work", "Holdfast says why in its own window. You can close this page."}
	pageStale  = page{"This page is out of date", "Begin signing in again in Holdfast. You can close this page."}
)

//go:embed page.html
var pageSource string

var pageTemplate = template.Must(template.New("page").Parse(pageSource))

// showPage writes a page that needs nothing from anywhere and stays in no cache: its
// address held a code.
func showPage(w http.ResponseWriter, status int, p page) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	// The browser may have gone; nobody else could be told.
	_ = pageTemplate.Execute(w, p)
}
