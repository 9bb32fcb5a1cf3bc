package uimap

import (
	_ "unsafe" // for go:linkname

	"fyne.io/fyne/v2"
)

// cachedRenderer finds the renderer with which a widget is drawn now. Fyne shows
// it to nobody but its own test package, which would bring a testing framework
// into the program; renderers made anew would not be the ones on the screen. The
// version of Fyne is fixed in go.mod, and the tests of this package fail when
// this name goes away.
//
//go:linkname cachedRenderer fyne.io/fyne/v2/internal/cache.CachedRenderer
func cachedRenderer(fyne.Widget) (fyne.WidgetRenderer, bool)
