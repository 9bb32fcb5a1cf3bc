// Package paint draws the program's icon and those of the tray as pixels, at any
// size and moment. Trays want PNG, and the ring of a running backup has no fixed
// number of pictures, so they are drawn when they are needed.
//
// The mark is white, or dark on the light green of a dark desktop, on a ground of
// its own, so that it can be seen on any panel. States are told apart by the sign
// in the corner, not by its colour alone.
package paint

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"

	"github.com/srwiley/rasterx"
	"golang.org/x/image/math/fixed"
)

// Sign is what the corner of a tray icon shows.
type Sign int

const (
	Plain     Sign = iota // setup is incomplete: nothing
	Check                 // protected
	Ring                  // backing up: the share that is stored
	Pause                 // paused
	Attention             // needs attention
)

// The colours of the design, light and dark.
var (
	green  = [2]color.NRGBA{{0x0f, 0x6e, 0x66, 255}, {0x4f, 0xc9, 0xbb, 255}}
	onIt   = [2]color.NRGBA{{255, 255, 255, 255}, {0x06, 0x21, 0x1e, 255}}
	ok     = [2]color.NRGBA{{0x15, 0x7f, 0x3c, 255}, {0x5c, 0xcb, 0x83, 255}}
	warn   = [2]color.NRGBA{{0xa6, 0x5a, 0x00, 255}, {0xf0, 0xb3, 0x5b, 255}}
	bad    = [2]color.NRGBA{{0xb3, 0x26, 0x1e, 255}, {0xff, 0x8a, 0x80, 255}}
	white  = color.NRGBA{255, 255, 255, 255}
	shadow = color.NRGBA{0x06, 0x21, 0x1e, 255}
)

// board is a picture that is drawn on in a grid of 64.
type board struct {
	image *image.RGBA
	unit  float64
}

func newBoard(size int) *board {
	return &board{image.NewRGBA(image.Rect(0, 0, size, size)), float64(size) / 64}
}

func (b *board) scanner() (*rasterx.ScannerGV, image.Rectangle) {
	r := b.image.Bounds()
	return rasterx.NewScannerGV(r.Dx(), r.Dy(), b.image, r), r
}

func (b *board) disc(x, y, radius float64, c color.Color) {
	s, r := b.scanner()
	f := rasterx.NewFiller(r.Dx(), r.Dy(), s)
	f.SetColor(c)
	rasterx.AddCircle(x*b.unit, y*b.unit, radius*b.unit, f)
	f.Draw()
}

func (b *board) square(from, to, radius float64, c color.Color) {
	s, r := b.scanner()
	f := rasterx.NewFiller(r.Dx(), r.Dy(), s)
	f.SetColor(c)
	rasterx.AddRoundRect(from*b.unit, from*b.unit, to*b.unit, to*b.unit, radius*b.unit, radius*b.unit, 0, rasterx.RoundGap, f)
	f.Draw()
}

// stroke draws lines and curves: each path begins with a point of two numbers,
// each further piece has two for a line or six for a cubic curve.
func (b *board) stroke(width float64, c color.Color, paths ...[][]float64) {
	s, r := b.scanner()
	d := rasterx.NewStroker(r.Dx(), r.Dy(), s)
	d.SetStroke(fixed.Int26_6(width*b.unit*64), 0, rasterx.RoundCap, rasterx.RoundCap, rasterx.RoundGap, rasterx.Round)
	d.SetColor(c)
	at := func(x, y float64) fixed.Point26_6 { return rasterx.ToFixedP(x*b.unit, y*b.unit) }
	for _, path := range paths {
		d.Start(at(path[0][0], path[0][1]))
		for _, p := range path[1:] {
			if len(p) == 2 {
				d.Line(at(p[0], p[1]))
			} else {
				d.CubeBezier(at(p[0], p[1]), at(p[2], p[3]), at(p[4], p[5]))
			}
		}
		d.Stop(false)
	}
	d.Draw()
}

// arc draws a share of a circle, from the top.
func (b *board) arc(x, y, radius, width, share float64, c color.Color) {
	const steps = 72
	path := [][]float64{{x, y - radius}}
	n := max(1, int(math.Round(steps*share)))
	for i := 1; i <= n; i++ {
		a := 2 * math.Pi * share * float64(i) / float64(n)
		path = append(path, []float64{x + radius*math.Sin(a), y - radius*math.Cos(a)})
	}
	b.stroke(width, c, path)
}

// mark draws the mark of mark.svg, whose grid is 24, with its corner at a point.
func (b *board) mark(x, y, scale, width float64, c color.Color) {
	paths := [][][]float64{
		{{12, 1.4}, {12, 18.6}},
		{{12, 9.8}, {12, 12, 9.8, 13.2, 7.8, 14.7}, {6, 16.1, 5.2, 17.3, 4.6, 18.8}},
		{{12, 9.8}, {12, 12, 14.2, 13.2, 16.2, 14.7}, {18, 16.1, 18.8, 17.3, 19.4, 18.8}},
		{{2.4, 22.4}, {8.4, 20, 15.6, 20, 21.6, 22.4}},
	}
	for _, path := range paths {
		for _, piece := range path {
			for i := range piece {
				piece[i] *= scale
				if i%2 == 0 {
					piece[i] += x
				} else {
					piece[i] += y
				}
			}
		}
	}
	b.stroke(width*scale, c, paths...)
}

// Icon is the program's icon, as in holdfast.svg.
func Icon(size int) []byte {
	b := newBoard(size)
	b.square(3, 61, 13, green[0])
	b.mark(11.6, 10.8, 1.7, 2.5, white)
	return b.png()
}

// Tray is an icon of the tray. Share, from 0 to 1, is for Ring.
func Tray(size int, sign Sign, share float64, dark bool) []byte {
	b, v := newBoard(size), 0
	if dark {
		v = 1
	}
	b.square(2, 62, 14, green[v])
	if sign == Plain {
		b.mark(12, 11, 1.67, 2.8, onIt[v])
		return b.png()
	}
	b.mark(6, 5, 1.6, 3, onIt[v])
	const x, y, radius = 46, 46, 15
	if sign == Ring {
		b.disc(x, y, radius+2.5, onIt[v])
		b.arc(x, y, radius-4, 7, 1, mix(green[v], onIt[v]))
		b.arc(x, y, radius-4, 7, min(1, max(0.04, share)), green[v])
		return b.png()
	}
	b.disc(x, y, radius+2.5, onIt[v])
	ink := white
	if dark {
		ink = shadow
	}
	switch sign {
	case Check:
		b.disc(x, y, radius, ok[v])
		b.stroke(4.5, ink, [][]float64{{39, 46.5}, {44, 51.5}, {53, 41}})
	case Pause:
		b.disc(x, y, radius, warn[v])
		b.stroke(4.5, ink, [][]float64{{42, 41}, {42, 51}}, [][]float64{{50, 41}, {50, 51}})
	case Attention:
		b.disc(x, y, radius, bad[v])
		b.stroke(5, ink, [][]float64{{46, 38}, {46, 47}}, [][]float64{{46, 54}, {46, 54.1}})
	}
	return b.png()
}

// mix is a quarter of one colour on another.
func mix(a, b color.NRGBA) color.Color {
	part := func(x, y uint8) uint8 { return uint8((int(x) + 3*int(y)) / 4) }
	return color.NRGBA{part(a.R, b.R), part(a.G, b.G), part(a.B, b.B), 255}
}

func (b *board) png() []byte {
	var out bytes.Buffer
	if err := png.Encode(&out, b.image); err != nil {
		panic(err) // a bytes.Buffer takes everything
	}
	return out.Bytes()
}
