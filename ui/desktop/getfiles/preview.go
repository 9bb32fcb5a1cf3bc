package getfiles

import (
	"bytes"
	"context"
	"image"
	_ "image/gif" // the formats that a preview shows
	_ "image/jpeg"
	_ "image/png"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// Bounds of a preview: what is asked for at first, the largest picture file that
// is read whole, and the largest picture that is unpacked.
const (
	previewBytes  = 1 << 20
	pictureBytes  = 32 << 20
	picturePixels = 60_000_000
	sheetWidth    = float32(760)
)

// preview is what can be shown of a file.
type preview struct {
	picture image.Image
	lines   []string
	note    string // a sentence beside or in place of it
}

// showPreview shows the beginning of a file in a sheet.
func (s *Screen) showPreview(item engine.Item, ref engine.Ref, when string) {
	if s.window == nil {
		return
	}
	body := container.NewStack(look.Centered(look.SoftBody("Reading…")))
	sheet := s.newSheet(shown(item.Name), when, body)
	s.desk.ask(&s.sheet, func(ctx context.Context) func() {
		p, err := s.readPreview(ctx, ref)
		return func() {
			body.Objects = []fyne.CanvasObject{previewOf(p, err)}
			body.Refresh()
			sheet.Resize()
		}
	})
}

// newSheet shows a large sheet with one button.
func (s *Screen) newSheet(title, subtitle string, body fyne.CanvasObject) *look.Dialog {
	var sheet *look.Dialog
	height := max(160, min(480, s.window.Canvas().Size().Height-210))
	frame := container.NewStack(look.NewBox(look.ColorSurface, look.ColorLine, look.ControlRadius), look.Pad(body, 8, 8, 8, 8))
	content := look.Column(8, look.SoftBody(subtitle).Truncate(), look.Grow(look.Sized(frame, 200, height)))
	sheet = look.SheetSized(s.window, title, content, sheetWidth, look.Primary("Close", "", func() { sheet.Hide() }))
	sheet.OnClosed = func() { s.desk.void(&s.sheet) }
	sheet.Show()
	return sheet
}

// readPreview asks for the beginning, and for the whole of a picture.
func (s *Screen) readPreview(ctx context.Context, ref engine.Ref) (preview, error) {
	got, err := s.engine.Preview(ctx, ref, previewBytes)
	if err != nil {
		return preview{}, err
	}
	if strings.HasPrefix(got.MediaType, "image/") {
		if got.Truncated && got.Size <= pictureBytes {
			if got, err = s.engine.Preview(ctx, ref, got.Size); err != nil {
				return preview{}, err
			}
		}
		return pictureOf(got), nil
	}
	if got.Size == 0 {
		return preview{note: "The file is empty."}, nil
	}
	if !isText(got.Data, got.Truncated) {
		return preview{note: "There is no preview for this kind of file (" + look.Bytes(got.Size) + "). Get it to open it."}, nil
	}
	p := preview{lines: lines(got.Data)}
	if got.Truncated {
		p.note = "The first " + look.Bytes(int64(len(got.Data))) + " of " + look.Bytes(got.Size) + "."
	}
	return p, nil
}

// pictureOf unpacks a picture, unless its head says that it is too large to.
func pictureOf(got engine.Preview) preview {
	none := preview{note: "This picture cannot be shown here (" + look.Bytes(got.Size) + "). Get it to open it."}
	config, _, err := image.DecodeConfig(bytes.NewReader(got.Data))
	if err != nil || got.Truncated || int64(config.Width)*int64(config.Height) > picturePixels {
		return none
	}
	picture, _, err := image.Decode(bytes.NewReader(got.Data))
	if err != nil {
		return none
	}
	return preview{picture: picture, note: look.Count(int64(config.Width)) + " × " + look.Count(int64(config.Height)) + " pixels, " + look.Bytes(got.Size)}
}

func previewOf(p preview, err error) fyne.CanvasObject {
	switch {
	case err != nil:
		return look.Empty("circle-x", "It cannot be read", look.Sentence(err), nil)
	case p.picture != nil:
		picture := canvas.NewImageFromImage(p.picture)
		picture.FillMode = canvas.ImageFillContain
		picture.ScaleMode = canvas.ImageScaleSmooth
		return look.Column(8, look.Grow(picture), look.SoftSmall(p.note).Center())
	case p.lines == nil:
		return look.Empty("file", "No preview", p.note, nil)
	}
	all := make([]diffLine, len(p.lines))
	for i, l := range p.lines {
		all[i] = diffLine{same, l}
	}
	text := lineList(all, false)
	if p.note == "" {
		return text
	}
	return look.Column(8, look.Grow(text), look.SoftSmall(p.note))
}

// lineHeight and lineRunes are the measures of a line of text; what is longer is cut.
const (
	lineHeight = float32(20)
	lineRunes  = 400
)

// lineList shows lines in equal letters; only those in sight are drawn. The lines
// of a comparison are marked with a sign as well as with a ground.
func lineList(all []diffLine, signs bool) fyne.CanvasObject {
	list := look.NewList(func() int { return len(all) },
		func() fyne.CanvasObject { return newLineRow(signs) },
		func(i int, o fyne.CanvasObject) { o.(*lineRow).fill(all[i]) })
	list.SetRowHeight(lineHeight)
	return list
}

// lineRow is one line of text.
type lineRow struct {
	widget.BaseWidget
	signs  bool
	kind   change
	ground *look.Box
	text   *canvas.Text
}

func newLineRow(signs bool) *lineRow {
	r := &lineRow{signs: signs, kind: same, ground: look.NewBox(look.ColorClear, "", 0), text: canvas.NewText("", look.Color(look.ColorText))}
	r.text.TextStyle.Monospace = true
	r.text.TextSize = 12.5
	r.ExtendBaseWidget(r)
	return r
}

func (r *lineRow) fill(l diffLine) {
	r.kind = l.kind
	text := shown(strings.ReplaceAll(cut(l.text, lineRunes), "\t", "    "))
	if r.signs {
		sign := string(rune(l.kind)) + " "
		if l.kind == skipped {
			sign = "⋯ "
		}
		text = sign + text
	}
	r.text.Text = text
	r.Refresh()
}

// cut keeps the first runes of a line.
func cut(line string, runes int) string {
	for i := range line {
		if runes == 0 {
			return line[:i] + "…"
		}
		runes--
	}
	return line
}

// Refresh draws it in the colours of now.
func (r *lineRow) Refresh() {
	ground, words := look.ColorClear, look.ColorText
	switch r.kind {
	case added:
		ground, words = look.ColorOKSoft, look.ColorOK
	case removed:
		ground, words = look.ColorBadSoft, look.ColorBad
	case skipped:
		words = look.ColorSoft
	}
	r.ground.SetColors(ground, "")
	r.text.Color = look.Color(words)
	r.text.Refresh()
}

// CreateRenderer is for Fyne.
func (r *lineRow) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.NewStack(r.ground, look.Pad(r.text, 0, 8, 0, 8)))
}
