package autostart

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Set arranges it for the program that runs. It writes only what is not so already.
func Set(id string, on bool) error {
	folder, err := os.UserConfigDir()
	if err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	path := filepath.Join(folder, "autostart", id+".desktop")
	want := entry(program, on)
	have, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if string(have) == want {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(want), 0o644)
}

// entry is the file: Hidden is how the specification says "not for this person".
func entry(program string, on bool) string {
	lines := []string{"[Desktop Entry]", "Type=Application", "Name=Holdfast", "Comment=Goes on backing up after sign-in",
		"Exec=" + quote(program) + " --background", "Icon=org.holdfast.Desktop", "Terminal=false"}
	if !on {
		lines = append(lines, "Hidden=true")
	}
	return strings.Join(lines, "\n") + "\n"
}

// quote writes a path as an argument of Exec. (Desktop Entry Specification, "The
// Exec key": quotes, then the rules of strings over them.)
func quote(path string) string {
	escape := strings.NewReplacer(`\`, `\\\\`, `"`, `\\"`, "`", "\\\\`", `$`, `\\$`, `%`, `%%`)
	return `"` + escape.Replace(path) + `"`
}
