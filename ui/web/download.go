package web

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"holdfast/engine/server/access"
	"holdfast/ui/web/pages"
)

// downloads is the folder with the installers. Sums are computed once for each file
// as it is.
type downloads struct {
	dir  string
	mu   sync.Mutex
	sums map[string]summed
}

type summed struct {
	size int64
	at   time.Time
	sum  string
}

// kinds of installers, by how their names end.
var kinds = []struct{ end, system, kind string }{
	{".exe", "Windows", "Installer"}, {".msi", "Windows", "Package for administrators"},
	{".dmg", "macOS", "Disk image"}, {".pkg", "macOS", "Installer"},
	{".deb", "Linux", "Debian, Ubuntu"}, {".rpm", "Linux", "Fedora, RHEL, openSUSE"}, {".AppImage", "Linux", "AppImage"}, {".flatpak", "Linux", "Flatpak"},
	{".tar.gz", "Linux", "Archive"}, {".tar.xz", "Linux", "Archive"}, {".zip", "", "Archive"},
}

func (s *site) download(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	bySystem, err := s.downloads.list()
	if err != nil {
		return err
	}
	shown := pages.Download{}
	here := system(r.UserAgent())
	if len(bySystem[here]) > 0 {
		shown.System, shown.First = here, bySystem[here]
	}
	for _, name := range []string{"Windows", "macOS", "Linux", "Other"} {
		if name != shown.System && len(bySystem[name]) > 0 {
			shown.Others = append(shown.Others, pages.System{Name: name, Files: bySystem[name]})
		}
	}
	return s.draw(w, r, c, http.StatusOK, shown)
}

// list gives the files by system, those of the newest name first within a kind.
func (d *downloads) list() (map[string][]pages.File, error) {
	bySystem := map[string][]pages.File{}
	if d.dir == "" {
		return bySystem, nil
	}
	root, err := os.OpenRoot(d.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return bySystem, nil
	}
	if err != nil {
		return nil, err
	}
	defer root.Close()
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, err
	}
	slices.Reverse(entries)
	for _, known := range kinds {
		for _, entry := range entries {
			if !entry.Type().IsRegular() || !strings.HasSuffix(entry.Name(), known.end) || strings.HasPrefix(entry.Name(), ".") {
				continue
			}
			f, err := d.describe(root, entry.Name())
			if err != nil {
				return nil, err
			}
			f.Kind = known.kind
			on := systemOf(entry.Name(), known.system)
			bySystem[on] = append(bySystem[on], f)
		}
	}
	return bySystem, nil
}

// systemOf is what an archive says in its name, or what its kind is for.
func systemOf(name, usual string) string {
	lower := strings.ToLower(name)
	for _, word := range [][2]string{{"windows", "Windows"}, {"macos", "macOS"}, {"darwin", "macOS"}, {"linux", "Linux"}} {
		if strings.Contains(lower, word[0]) {
			return word[1]
		}
	}
	if usual == "" {
		return "Other"
	}
	return usual
}

func (d *downloads) describe(root *os.Root, name string) (pages.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, err := root.Open(name)
	if err != nil {
		return pages.File{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return pages.File{}, err
	}
	known, ok := d.sums[name]
	if !ok || known.size != info.Size() || !known.at.Equal(info.ModTime()) {
		h := sha256.New()
		if _, err := io.Copy(h, f); err != nil {
			return pages.File{}, err
		}
		known = summed{info.Size(), info.ModTime(), hex.EncodeToString(h.Sum(nil))}
		if d.sums == nil {
			d.sums = map[string]summed{}
		}
		d.sums[name] = known
	}
	return pages.File{Name: name, Size: known.size, SHA256: known.sum}, nil
}

// file sends one installer.
func (s *site) file(w http.ResponseWriter, r *http.Request, _ access.Caller) error {
	missing := access.Problem{Status: http.StatusNotFound, Code: "not_found", Message: "There is no such file to download."}
	name := r.PathValue("file")
	offered := slices.ContainsFunc(kinds, func(k struct{ end, system, kind string }) bool { return strings.HasSuffix(name, k.end) })
	if s.downloads.dir == "" || !offered || strings.HasPrefix(name, ".") || strings.ContainsAny(name, "/\\") {
		return missing
	}
	root, err := os.OpenRoot(s.downloads.dir)
	if err != nil {
		return missing
	}
	defer root.Close()
	f, err := root.Open(name)
	if err != nil {
		return missing
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return missing
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", "attachment")
	h.Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, name, info.ModTime(), f)
	return nil
}
