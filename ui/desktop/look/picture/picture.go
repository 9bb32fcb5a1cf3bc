// Package picture takes pictures of screens in tests: in software, without a
// display, light and dark, wide and narrow. Where HOLDFAST_PICTURES names a folder
// they are written there, for a person to look at.
package picture

import (
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"holdfast/ui/desktop/look"
)

// Sizes are those of the design and the smallest one that has to be whole.
var Sizes = map[string]fyne.Size{"wide": {Width: 1180, Height: 760}, "narrow": {Width: 900, Height: 640}}

// App is a test app that wears the theme; appearance is "light" or "dark".
func App(t testing.TB, appearance string) fyne.App {
	t.Helper()
	app := test.NewTempApp(t)
	app.Settings().SetTheme(look.NewTheme(appearance, look.Fonts{}))
	return app
}

// All draws a screen in both appearances and both sizes and takes a picture of
// each. Build is called once for each, with the window that will hold what it
// returns; after, where it is not nil, is called when it is laid out.
func All(t *testing.T, name string, build func(w fyne.Window) fyne.CanvasObject, after func(w fyne.Window)) {
	t.Helper()
	for _, appearance := range []string{"light", "dark"} {
		for size, measure := range Sizes {
			t.Run(name+"-"+size+"-"+appearance, func(t *testing.T) {
				App(t, appearance)
				w := test.NewWindow(nil)
				defer w.Close()
				w.SetPadded(false)
				w.Resize(measure)
				w.SetContent(build(w))
				w.Resize(measure)
				if after != nil {
					after(w)
				}
				Take(t, name+"-"+size+"-"+appearance, w)
			})
		}
	}
}

// Window shows an object in a test window of a size.
func Window(t testing.TB, object fyne.CanvasObject, size fyne.Size) fyne.Window {
	t.Helper()
	w := test.NewTempWindow(t, object)
	w.SetPadded(false)
	w.Resize(size)
	return w
}

// Take writes the picture of a window as it is now.
func Take(t testing.TB, name string, w fyne.Window) {
	t.Helper()
	image := w.Canvas().Capture()
	if want := w.Canvas().Size(); image.Bounds().Dx() < int(want.Width) {
		t.Errorf("%s: the picture is %v, the window %v", name, image.Bounds(), want)
	}
	folder := os.Getenv("HOLDFAST_PICTURES")
	if folder == "" {
		return
	}
	file, err := os.Create(filepath.Join(folder, name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := png.Encode(file, image); err != nil {
		t.Fatal(err)
	}
}
