// Package pages draws the pages of the account server's portal from plain data.
//
// Its one idea is that a page is a value: each type below is all that one page
// shows, so that a page can be drawn, looked at and tested with made-up data. It
// knows nothing of requests, sessions or services; package web fills the values.
//
// The pages are phones first, wear the colours and type of the desktop program, and
// work without a script: the one script, passkey.js, is for the one thing that HTML
// cannot do, passkeys (https://www.w3.org/TR/webauthn-3/). Nothing in them needs
// inline style or script, so the strictest Content-Security-Policy holds.
package pages

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"
)

//go:embed templates/*.html
var sources embed.FS

// Page is all that one page shows.
type Page interface {
	// look says which template draws it, and the title of the window.
	look() (file, title string)
}

// Frame is what surrounds every page.
type Frame struct {
	Site   string // name of the institution
	Person string // who is signed in, "" for nobody
	Here   string // the path of the entry in the navigation that is open
}

// Set draws pages. It is safe for use by several goroutines.
type Set struct {
	templates map[string]*template.Template
	static    *Static
}

// New reads the templates.
func New(now func() time.Time) (*Set, error) {
	static, err := newStatic()
	if err != nil {
		return nil, err
	}
	s := &Set{templates: map[string]*template.Template{}, static: static}
	base, err := template.New("").Funcs(words(now, static)).ParseFS(sources, "templates/layout.html")
	if err != nil {
		return nil, err
	}
	files, err := fs.Glob(sources, "templates/*.html")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		name := strings.TrimSuffix(path.Base(file), ".html")
		if name == "layout" {
			continue
		}
		t, err := base.Clone()
		if err != nil {
			return nil, err
		}
		if s.templates[name], err = t.ParseFS(sources, file); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Static are the files that pages ask for.
func (s *Set) Static() *Static { return s.static }

// Draw writes a whole page, or nothing when it cannot be drawn.
func (s *Set) Draw(w io.Writer, frame Frame, p Page) error {
	file, title := p.look()
	t := s.templates[file]
	if t == nil {
		return fmt.Errorf("there is no template for the page %q", file)
	}
	var b bytes.Buffer
	err := t.ExecuteTemplate(&b, "layout", struct {
		Frame
		Title string
		Page  Page
	}{frame, title, p})
	if err != nil {
		return fmt.Errorf("draw the page %q: %w", file, err)
	}
	_, err = b.WriteTo(w)
	return err
}
