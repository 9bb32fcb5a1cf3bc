// Package uimap writes down what a window shows, so that a test can use the
// program as a person does.
//
// A test of the whole program moves a real pointer and presses real keys. It has
// to find things by what they say ("Get Files", "Go"), not by coordinates that
// the next change of a margin breaks. The map is a JSON file, replaced as a
// whole, that lists everything visible that can be tapped, focused or read, with
// its words and its rectangle in pixels of the window.
//
// Attach does nothing at all for an empty path, which is the case unless the
// variable named by Variable is set. The walk only reads; it runs on the
// goroutine of the user interface and needs no display, so it is tested with
// Fyne's test driver.
package uimap

import (
	"reflect"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// Variable names the environment variable that holds the path of the map.
const Variable = "HOLDFAST_UI_MAP"

// Map is what a window shows at one moment.
type Map struct {
	Seq      int       `json:"seq"` // counts the maps, so that a reader can tell a newer one
	Title    string    `json:"title"`
	Width    int       `json:"width"` // pixels
	Height   int       `json:"height"`
	Controls []Control `json:"controls"`
}

// Kind says what a control is for.
type Kind string

const (
	Text   Kind = "text"   // can be read
	Entry  Kind = "entry"  // text is typed into it
	Button Kind = "button" // can be tapped or, by keyboard, pressed
	Scroll Kind = "scroll" // its content can be larger than itself
)

// Control is one visible thing. Controls are in the order in which they are
// drawn: what comes later lies above.
type Control struct {
	Name     string `json:"name,omitempty"` // given by the program, see Named
	Kind     Kind   `json:"kind"`
	Text     string `json:"text,omitempty"` // its own words, or those of its parts
	Icon     string `json:"icon,omitempty"` // resource name of its first picture
	X        int    `json:"x"`              // of the visible part, in pixels of the window
	Y        int    `json:"y"`
	W        int    `json:"w"`
	H        int    `json:"h"`
	Disabled bool   `json:"disabled,omitempty"`
	Focused  bool   `json:"focused,omitempty"`
	Checked  bool   `json:"checked,omitempty"`
	Covered  bool   `json:"covered,omitempty"` // lies under a dialog or a menu
	Inside   int    `json:"inside"`            // index of the control that contains it; -1: none
}

// Named is implemented by widgets that carry a name of their own for the map,
// because they have no words or share them with others.
type Named interface {
	MapName() string
}

// Walk describes what a canvas shows now. It has to run on the goroutine of the
// user interface.
func Walk(c fyne.Canvas) Map {
	w := walker{canvas: c, inside: -1, controls: []Control{}}
	everything := rect{right: c.Size().Width, bottom: c.Size().Height}
	overlays := c.Overlays().List()
	w.covered = len(overlays) > 0
	w.walk(c.Content(), fyne.Position{}, everything)
	for i, overlay := range overlays {
		w.covered = i < len(overlays)-1
		w.walk(overlay, fyne.Position{}, everything)
	}
	width, height := c.PixelCoordinateForPosition(fyne.NewPos(everything.right, everything.bottom))
	return Map{Width: width, Height: height, Controls: w.controls}
}

type walker struct {
	canvas   fyne.Canvas
	covered  bool
	inside   int
	controls []Control
}

// walk visits an object and what it is made of; clip is what of the window may
// show it.
func (w *walker) walk(object fyne.CanvasObject, offset fyne.Position, clip rect) {
	if object == nil || !object.Visible() {
		return
	}
	at := offset.Add(object.Position())
	visible := clip.intersect(rectOf(at, object.Size()))
	parent := w.inside
	control, listed := describe(object)
	if listed && visible.isSeen() {
		w.add(object, control, visible)
	}
	if clips(object) {
		clip = visible
	}
	if secret, _ := field(object, "Password").(bool); !isWords(object) && !secret {
		for _, part := range parts(object) {
			w.walk(part, at, clip)
		}
	}
	w.inside = parent
}

// add lists a control and makes it the one that contains what follows.
func (w *walker) add(object fyne.CanvasObject, control Control, visible rect) {
	x, y := w.canvas.PixelCoordinateForPosition(fyne.NewPos(visible.left, visible.top))
	right, bottom := w.canvas.PixelCoordinateForPosition(fyne.NewPos(visible.right, visible.bottom))
	control.X, control.Y, control.W, control.H = x, y, right-x, bottom-y
	control.Covered = w.covered
	control.Inside = w.inside
	if focusable, ok := object.(fyne.Focusable); ok {
		control.Focused = w.canvas.Focused() == focusable
	}
	w.controls = append(w.controls, control)
	if control.Kind != Text {
		w.inside = len(w.controls) - 1
	}
}

// describe says what an object is, and whether it belongs on the map.
func describe(object fyne.CanvasObject) (Control, bool) {
	control := Control{Name: nameOf(object)}
	_, tappable := object.(fyne.Tappable)
	_, secondary := object.(fyne.SecondaryTappable)
	_, focusable := object.(fyne.Focusable)
	_, scrollable := object.(fyne.Scrollable)
	_, typed := object.(interface{ SelectedText() string })
	switch {
	case typed && focusable && !isWords(object):
		control.Kind = Entry
	case isWords(object):
		control.Kind = Text
	case tappable, focusable, secondary:
		control.Kind = Button
	case scrollable:
		control.Kind = Scroll
	default:
		return control, control.Name != ""
	}
	if control.Kind != Scroll {
		control.Text = words(object)
	}
	if control.Kind == Button {
		control.Icon = picture(object)
	}
	if disableable, ok := object.(fyne.Disableable); ok {
		control.Disabled = disableable.Disabled()
	}
	control.Checked, _ = field(object, "Checked").(bool)
	if o, ok := object.(interface{ Checked() bool }); ok {
		control.Checked = o.Checked()
	}
	return control, control.Kind != Text || control.Text != ""
}

func nameOf(object fyne.CanvasObject) string {
	if named, ok := object.(Named); ok {
		return named.MapName()
	}
	return ""
}

// speaker is text that may be drawn shortened or wrapped, and knows itself whole.
type speaker interface{ Words() string }

// isWords says that an object is text and nothing else.
func isWords(object fyne.CanvasObject) bool {
	switch object.(type) {
	case *canvas.Text, *widget.Label, *widget.RichText, speaker:
		return true
	}
	return false
}

// words are what an object says: its own text, else that of its visible parts in
// the order in which they are drawn, else the name that it has for those who do
// not see its picture. What is typed into a password field stays out.
func words(object fyne.CanvasObject) string {
	if secret, _ := field(object, "Password").(bool); secret {
		return ""
	}
	switch o := object.(type) {
	case *canvas.Text:
		return o.Text
	case *widget.RichText:
		return strings.TrimSpace(o.String())
	case speaker:
		return o.Words()
	case interface{ Text() string }:
		return o.Text()
	}
	if text, _ := field(object, "Text").(string); text != "" {
		return text
	}
	var all []string
	for _, part := range parts(object) {
		if part == nil || !part.Visible() {
			continue
		}
		if text := words(part); text != "" {
			all = append(all, text)
		}
	}
	if o, ok := object.(interface{ Name() string }); ok && len(all) == 0 {
		return o.Name()
	}
	return strings.Join(all, " ")
}

// picture is the name of the first picture in an object.
func picture(object fyne.CanvasObject) string {
	switch o := object.(type) {
	case *canvas.Image:
		if o.Resource != nil {
			return o.Resource.Name()
		}
	case *widget.Icon:
		if o.Resource != nil {
			return o.Resource.Name()
		}
	}
	for _, part := range parts(object) {
		if part == nil || !part.Visible() {
			continue
		}
		if name := picture(part); name != "" {
			return name
		}
	}
	return ""
}

// parts are the objects that an object is drawn with.
func parts(object fyne.CanvasObject) []fyne.CanvasObject {
	switch o := object.(type) {
	case *fyne.Container:
		return o.Objects
	case fyne.Widget:
		if renderer, ok := cachedRenderer(o); ok {
			return renderer.Objects()
		}
	}
	return nil
}

// clips says that an object shows nothing outside its own rectangle.
func clips(object fyne.CanvasObject) bool {
	if _, ok := object.(fyne.Scrollable); ok {
		return true
	}
	if w, ok := object.(fyne.Widget); ok {
		if renderer, ok := cachedRenderer(w); ok {
			_, clip := renderer.(interface{ IsClip() })
			return clip
		}
	}
	return false
}

// field reads an exported field by name, also one promoted from an embedded
// widget: screens embed Fyne's widgets, so a switch over types would not do.
func field(object fyne.CanvasObject, name string) any {
	v := reflect.ValueOf(object)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return nil
	}
	// An embedded pointer may be nil; FieldByName would panic on it.
	f, ok := v.Elem().Type().FieldByName(name)
	if !ok || !f.IsExported() {
		return nil
	}
	value, err := v.Elem().FieldByIndexErr(f.Index)
	if err != nil || !value.CanInterface() {
		return nil
	}
	return value.Interface()
}

// rect is a rectangle on the canvas.
type rect struct{ left, top, right, bottom float32 }

func rectOf(at fyne.Position, size fyne.Size) rect {
	return rect{at.X, at.Y, at.X + size.Width, at.Y + size.Height}
}

func (r rect) intersect(o rect) rect {
	return rect{max(r.left, o.left), max(r.top, o.top), min(r.right, o.right), min(r.bottom, o.bottom)}
}

// isSeen says that enough of a rectangle shows to point at.
func (r rect) isSeen() bool { return r.right-r.left >= 2 && r.bottom-r.top >= 2 }
