package getfiles

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"testing"

	"fyne.io/fyne/v2"

	"holdfast/engine"
	"holdfast/ui/desktop/look/picture"
)

// thesis brings the screen to where the design's picture is.
func thesis(s *Screen, hold *waiting) {
	s.Show()
	hold.settle()
	s.open(docs, "")
	hold.settle()
	s.open(docs+"/thesis", "")
	hold.settle()
	s.turn(docs+"/thesis", true)
	hold.settle()
}

// always are the states that are drawn in every test run.
var always = map[string]bool{"get-clock": true, "get-options": true, "get-deep": true}

// TestPictures draws made-up states; look at them beside the design.
func TestPictures(t *testing.T) {
	states := map[string]struct {
		fake func(*fake)
		do   func(s *Screen, hold *waiting)
	}{
		"get-files": {do: func(s *Screen, hold *waiting) {
			thesis(s, hold)
			s.toggle(0)
			s.toggle(3)
			hold.settle()
			s.list.Select(3)
			s.list.OnHover(2)
		}},
		"get-clock": {do: func(s *Screen, hold *waiting) {
			thesis(s, hold)
			s.toggle(0)
			s.list.Select(3)
			s.chooseVersion(s.state.Items[3], s.engine.(*fake).versions[1])
			hold.settle()
			s.showVersions(3)
			hold.settle()
		}},
		"get-calendar": {do: func(s *Screen, hold *waiting) {
			thesis(s, hold)
			s.showCalendar()
			hold.settle()
		}},
		"get-options": {do: func(s *Screen, hold *waiting) {
			thesis(s, hold)
			s.toggle(0)
			hold.settle()
			s.showOptions()
			hold.settle()
		}},
		"get-preview-text": {fake: func(f *fake) {
			f.previews = map[string]engine.Preview{"": {Data: []byte("# Notes\n\n- ask Eva about the survey\n\t- twice\n- figures 4 and 5\n"), Size: 66, MediaType: "text/plain"}}
		}, do: func(s *Screen, hold *waiting) {
			thesis(s, hold)
			s.activate(5)
			hold.settle()
		}},
		"get-preview-image": {fake: func(f *fake) {
			f.previews = map[string]engine.Preview{"": {Data: drawing(), Size: 640_000, MediaType: "image/png"}}
		}, do: func(s *Screen, hold *waiting) {
			thesis(s, hold)
			s.activate(7)
			hold.settle()
		}},
		"get-compare": {fake: func(f *fake) {
			f.previews = map[string]engine.Preview{
				"4":    {Data: []byte("# Notes\n\n- ask Eva about the survey\n- figures 4 and 5\n- buy ink\n"), Size: 66},
				"disk": {Data: []byte("# Notes\n\n- ask Eva about the survey\n- figures 4, 5 and 6\n- buy ink\n- print twice\n"), Size: 66},
			}
		}, do: func(s *Screen, hold *waiting) {
			thesis(s, hold)
			f := s.engine.(*fake)
			s.showCompare(s.state.Items[5], f.versions[1], f.versions)
			hold.settle()
		}},
		"get-found": {fake: func(f *fake) {
			f.found = []engine.Item{f.folders[docs+"/thesis"][3], f.folders[docs+"/thesis"][6], item(docs+"/thesis/chapters/survey-chapter-with-a-very-long-name-that-does-not-fit-its-column.tex", 4100, monday),
				item("/srv/data/survey-2019.csv", 1_200_000_000, monday), item("/home/ann/survey.txt", 12, monday)}
		}, do: func(s *Screen, hold *waiting) {
			thesis(s, hold)
			s.search.SetText("r")
			hold.pass()
			hold.settle()
			s.list.Select(1)
		}},
		"get-nothing-found": {do: func(s *Screen, hold *waiting) {
			thesis(s, hold)
			s.search.SetText("zebra")
			hold.pass()
			hold.settle()
		}},
		"get-never": {do: func(s *Screen, hold *waiting) {
			s.wanted = "c"
			s.Show()
			hold.settle()
		}},
		"get-empty": {do: func(s *Screen, hold *waiting) {
			thesis(s, hold)
			s.open("/srv", "")
			hold.settle()
		}},
		"get-error": {do: func(s *Screen, hold *waiting) {
			thesis(s, hold)
			s.engine.(*fake).err = &engine.Error{Kind: engine.KindUnreachable, Message: "The drive “Backup” is not connected. What is stored there is safe; connect it to see this folder.", Err: errors.New("stat")}
			s.open("/home/ann/Pictures", "")
			hold.settle()
		}},
		"get-deep": {fake: func(f *fake) {
			path := docs
			for i := range 9 {
				next := fmt.Sprintf("%s/a rather long folder name %d", path, i)
				f.folders[path] = append(f.folders[path], item(next, -1, monday))
				path = next
			}
			for i := range 3000 {
				f.folders[path] = append(f.folders[path], item(fmt.Sprintf("%s/measurement with the microscope number %d.tif", path, i), int64(i)*7919_000, monday))
			}
		}, do: func(s *Screen, hold *waiting) {
			thesis(s, hold)
			path := docs
			for i := range 9 {
				path = fmt.Sprintf("%s/a rather long folder name %d", path, i)
			}
			s.open(path, "")
			hold.settle()
			s.sortBy(bySize)
			hold.settle()
			for i := range 40 {
				s.toggle(i)
			}
			hold.settle()
			s.list.Select(2)
		}},
	}
	for name, state := range states {
		if os.Getenv("HOLDFAST_PICTURES") == "" && !always[name] {
			continue // drawn to be looked at; the others show that drawing works
		}
		picture.All(t, name, func(w fyne.Window) fyne.CanvasObject {
			f := annsLaptop()
			if state.fake != nil {
				state.fake(f)
			}
			s, hold := newTestScreen(t, f, w)
			drawn[w] = func() { state.do(s, hold) }
			return shell(s)
		}, func(w fyne.Window) { drawn[w](); delete(drawn, w) })
	}
}

// drawn are the states that windows are brought to once they are laid out.
var drawn = map[fyne.Window]func(){}

func drawing() []byte {
	m := image.NewNRGBA(image.Rect(0, 0, 320, 200))
	for y := range 200 {
		for x := range 320 {
			m.Set(x, y, color.NRGBA{uint8(x * 3 / 4), uint8(y), 140, 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}
