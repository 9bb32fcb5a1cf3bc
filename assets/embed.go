// Package assets holds what the programs show but do not compute: the Inter type
// (SIL Open Font License 1.1, fonts/OFL.txt), the Lucide icons that are used (ISC,
// icons/LICENSE; pause is ours, and arcs are written one command each, as Fyne's
// renderer reads them), and the mark, the program icon and the tray icons, which are our
// own. Everything is embedded, so that a program is one file.
package assets

import (
	"embed"
	"io/fs"
)

//go:embed fonts icons mark.svg
var files embed.FS

// Read returns an embedded file, and nil when there is none of that name.
func Read(name string) []byte {
	data, err := files.ReadFile(name)
	if err != nil {
		return nil
	}
	return data
}

// Files are the embedded files.
func Files() fs.FS { return files }
