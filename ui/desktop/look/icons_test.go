package look_test

import (
	"io/fs"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"holdfast/assets"
	"holdfast/ui/desktop/look"
	"holdfast/ui/desktop/look/picture"
)

// Icons are checked by eye: the picture shows every one, small and large.
func TestEveryIconIsDrawn(t *testing.T) {
	picture.App(t, "light")
	files, err := fs.Glob(assets.Files(), "icons/*.svg")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d icons, %v", len(files), err)
	}
	grid := container.NewGridWithColumns(8)
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(file, "icons/"), ".svg")
		grid.Add(look.Column(2, look.Row(6, look.NewGlyph(look.Icon(name, look.ColorText), look.IconSize), look.NewGlyph(look.Icon(name, look.ColorText), 48)), look.SoftSmall(name)))
	}
	grid.Add(look.NewGlyph(look.Mark(look.ColorAccent), 48))
	w := picture.Window(t, look.Pad(grid, 10, 10, 10, 10), fyne.NewSize(1180, 760))
	picture.Take(t, "icons", w)
}
