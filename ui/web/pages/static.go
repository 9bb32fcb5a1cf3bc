package pages

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"holdfast/assets"
)

//go:embed static
var files embed.FS

// Static are the style sheet, the script, the type and the icon of the site, each
// under a name that changes with its content, so that browsers may keep it for ever.
type Static struct {
	paths map[string]string // plain name to path with the hash
	files map[string]file   // by path
}

type file struct {
	kind          string
	plain, packed []byte // packed: gzip, nil when that is not smaller
}

// Prefix is below which the files are.
const Prefix = "/static/"

func newStatic() (*Static, error) {
	s := &Static{paths: map[string]string{}, files: map[string]file{}}
	for _, name := range []string{"Inter-Regular.otf", "Inter-SemiBold.otf", "OFL.txt"} {
		if err := s.add(name, assets.Read("fonts/"+name)); err != nil {
			return nil, err
		}
	}
	list, err := fs.ReadDir(files, "static")
	if err != nil {
		return nil, err
	}
	for _, entry := range list {
		data, err := files.ReadFile("static/" + entry.Name())
		if err != nil {
			return nil, err
		}
		if entry.Name() == "style.css" {
			// The style sheet names the type, which is added above.
			for plain, at := range s.paths {
				data = bytes.ReplaceAll(data, []byte("url("+plain+")"), []byte("url("+at+")"))
			}
		}
		if err := s.add(entry.Name(), data); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *Static) add(name string, data []byte) error {
	if len(data) == 0 {
		return fmt.Errorf("the file %s of the pages is missing", name)
	}
	sum := sha256.Sum256(data)
	at := Prefix + hex.EncodeToString(sum[:6]) + "/" + name
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(data); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	f := file{kind: kind(name), plain: data}
	if b.Len() < len(data) {
		f.packed = b.Bytes()
	}
	s.paths[name], s.files[at] = at, f
	return nil
}

func kind(name string) string {
	switch path.Ext(name) {
	case ".otf":
		return "font/otf"
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return mime.TypeByExtension(path.Ext(name))
}

// Path is where a file is asked for.
func (s *Static) Path(name string) (string, error) {
	at, ok := s.paths[name]
	if !ok {
		return "", fmt.Errorf("there is no static file %q", name)
	}
	return at, nil
}

// Serve answers a request for a file; false when there is none.
func (s *Static) Serve(w http.ResponseWriter, r *http.Request) bool {
	f, ok := s.files[r.URL.Path]
	if !ok {
		return false
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Vary", "Accept-Encoding")
	body := f.plain
	if f.packed != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = f.packed
	}
	h.Set("Content-Length", fmt.Sprint(len(body)))
	if r.Method == http.MethodHead {
		return true
	}
	_, err := w.Write(body)
	_ = err // the visitor went away
	return true
}
