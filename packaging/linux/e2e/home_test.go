//go:build linux

package e2e

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// videoSize is large enough that a backup of it is seen running.
const videoSize = 400 << 20

// sampleHome fills the home folder with what a student might have.
func sampleHome(t *testing.T) (home string) {
	t.Helper()
	home = os.Getenv("HOME")
	r := rand.New(rand.NewPCG(7, 7))
	thesis := filepath.Join(home, "Documents", "thesis")
	for i := range 4 {
		keep(t, filepath.Join(thesis, fmt.Sprintf("chapter-%d.txt", i+1)), prose(r, 30_000+r.IntN(60_000)))
	}
	keep(t, filepath.Join(thesis, "bibliography.bib"), prose(r, 40_000))
	keep(t, filepath.Join(thesis, "survey-raw.csv"), table(r, 4_000))
	keep(t, filepath.Join(home, "Documents", "letters", "landlord.txt"), prose(r, 2_000))
	keep(t, filepath.Join(home, "Documents", "letters", "grant.txt"), prose(r, 3_000))
	keep(t, filepath.Join(home, "Desktop", "to do.txt"), []byte("Back up the thesis.\n"))
	for i := range 6 {
		keep(t, filepath.Join(home, "Pictures", fmt.Sprintf("figure-%d.png", i+1)), figure(t, r))
	}
	keep(t, filepath.Join(home, "Pictures", "defence.mp4"), video(r))
	return home
}

// video is large and cannot be compressed.
func video(r *rand.Rand) []byte {
	data := make([]byte, videoSize)
	for i := 0; i < len(data); i += 8 {
		binary.LittleEndian.PutUint64(data[i:], r.Uint64())
	}
	return data
}

func keep(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func prose(r *rand.Rand, n int) []byte {
	words := strings.Fields("the holdfast of a kelp anchors it to the rock and lets it bend with every wave that comes and goes")
	var b bytes.Buffer
	for b.Len() < n {
		b.WriteString(words[r.IntN(len(words))])
		b.WriteByte(" \n"[min(1, r.IntN(12)/11)])
	}
	return b.Bytes()
}

func table(r *rand.Rand, rows int) []byte {
	var b bytes.Buffer
	b.WriteString("site,depth,length\n")
	for range rows {
		fmt.Fprintf(&b, "%d,%.1f,%.2f\n", r.IntN(40), 20*r.Float64(), 3*r.Float64())
	}
	return b.Bytes()
}

func figure(t *testing.T, r *rand.Rand) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 320, 200))
	base := color.RGBA{uint8(r.IntN(200)), uint8(r.IntN(200)), uint8(r.IntN(200)), 255}
	for y := range 200 {
		for x := range 320 {
			c := base
			c.G += uint8(x * y / 400)
			img.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
