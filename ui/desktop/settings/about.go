package settings

import (
	"holdfast/ui/desktop/look"
)

func newAbout(s *Screen) *section {
	version := s.deps.Version
	if version == "" {
		version = "not numbered"
	}
	licences := look.Secondary("Show", "file-text", func() {
		var sheet *look.Dialog
		sheet = look.SheetSized(s.deps.Window, "Licences", look.Sized(look.Scroll(look.Pad(look.SmallParagraph(s.deps.Licences), 0, 12, 0, 0)), 0, 400), 640,
			look.Primary("Close", "", func() { sheet.Hide() }))
		sheet.Show()
	})
	if s.deps.Licences == "" {
		licences.Disable()
	}
	name := look.Row(12, look.NewGlyph(look.Mark(look.ColorAccent), 36),
		look.Grow(look.Column(0, look.Heading("Holdfast"), look.SoftBody("Version "+version))))
	return &section{name: "About", icon: "info",
		content: card("", name,
			look.SoftParagraph("Your files are encrypted on this computer before they are stored. They are kept in the published format of restic, version 2: with your recovery code, restic gives them back without Holdfast."),
			row("Licences", "Of what others made and Holdfast is built with.", licences)),
		draw: func() {}}
}
