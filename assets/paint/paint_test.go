package paint

import (
	"bytes"
	"image"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

// The picture shows every tray icon at the sizes of panels, light and dark.
func TestEveryStateHasAnIconOfItsOwn(t *testing.T) {
	sheet := image.NewRGBA(image.Rect(0, 0, 8*110, 2*110))
	draw.Draw(sheet, image.Rect(0, 0, 8*110, 110), image.White, image.Point{}, draw.Src)
	draw.Draw(sheet, image.Rect(0, 110, 8*110, 220), image.Black, image.Point{}, draw.Src)
	seen := map[string]bool{}
	for row, dark := range []bool{false, true} {
		for i, sign := range []Sign{Plain, Check, Ring, Ring, Pause, Attention} {
			share := []float64{0, 0, 0.1, 0.62, 0, 0}[i]
			data := Tray(64, sign, share, dark)
			if seen[string(data)] {
				t.Errorf("icon %d (dark %v) is as another one", i, dark)
			}
			seen[string(data)] = true
			place(t, sheet, data, i*110, row*110)
			place(t, sheet, Tray(22, sign, share, dark), i*110+70, row*110)
		}
		place(t, sheet, Icon(96), 6*110, row*110)
		place(t, sheet, Icon(32), 7*110, row*110)
	}
	if folder := os.Getenv("HOLDFAST_PICTURES"); folder != "" {
		var out bytes.Buffer
		if err := png.Encode(&out, sheet); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "tray.png"), out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func place(t *testing.T, sheet draw.Image, data []byte, x, y int) {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	draw.Draw(sheet, img.Bounds().Add(image.Pt(x+4, y+4)), img, image.Point{}, draw.Over)
}
