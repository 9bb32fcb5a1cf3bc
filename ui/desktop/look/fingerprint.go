package look

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// FingerprintBox shows the fingerprint of a certificate in groups of four digits, so that
// a person can compare it.
type FingerprintBox struct {
	Content fyne.CanvasObject

	groups *fyne.Container
}

// Fingerprint makes one on a ground of its own, with so many groups in a line.
func Fingerprint(ground fyne.ThemeColorName, columns int) *FingerprintBox {
	f := &FingerprintBox{groups: container.NewGridWithColumns(columns)}
	f.Content = container.NewStack(NewBox(ground, "", ControlRadius), Pad(f.groups, 10, 12, 10, 12))
	return f
}

// Set shows another one.
func (f *FingerprintBox) Set(fingerprint string) {
	f.groups.Objects = nil
	for ; len(fingerprint) >= 4; fingerprint = fingerprint[4:] {
		group := Code(fingerprint[:4])
		group.SetSize(14)
		f.groups.Add(Centered(group))
	}
	f.groups.Refresh()
}
