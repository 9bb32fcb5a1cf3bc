// Package look is the hand in which every screen is drawn: the colours, type and
// measures of the design, and the few widgets that Fyne does not draw this way.
//
// It promises that whatever it draws follows the theme when it changes, can be
// used with the keyboard alone and is never told apart by colour only. It does not
// import Fyne's app package, so that screens are tested without a display. What a
// screen says and does is the screen's.
package look

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"holdfast/assets"
	"holdfast/engine"
)

// The colours of the design, beside those that Fyne names itself.
const (
	ColorBackground  fyne.ThemeColorName = theme.ColorNameBackground
	ColorSide        fyne.ThemeColorName = "holdfast.side"
	ColorSurface     fyne.ThemeColorName = "holdfast.surface"
	ColorLine        fyne.ThemeColorName = "holdfast.line"
	ColorText        fyne.ThemeColorName = theme.ColorNameForeground
	ColorSoft        fyne.ThemeColorName = "holdfast.soft" // second words
	ColorAccent      fyne.ThemeColorName = theme.ColorNamePrimary
	ColorAccentSoft  fyne.ThemeColorName = "holdfast.accentSoft"
	ColorOnAccent    fyne.ThemeColorName = theme.ColorNameForegroundOnPrimary
	ColorOK          fyne.ThemeColorName = theme.ColorNameSuccess
	ColorBusy        fyne.ThemeColorName = "holdfast.busy"
	ColorWarn        fyne.ThemeColorName = theme.ColorNameWarning
	ColorBad         fyne.ThemeColorName = theme.ColorNameError
	ColorTrack       fyne.ThemeColorName = "holdfast.track"
	ColorHover       fyne.ThemeColorName = "holdfast.hover"
	ColorOKSoft      fyne.ThemeColorName = "holdfast.okSoft"
	ColorBusySoft    fyne.ThemeColorName = "holdfast.busySoft"
	ColorWarnSoft    fyne.ThemeColorName = "holdfast.warnSoft"
	ColorBadSoft     fyne.ThemeColorName = "holdfast.badSoft"
	ColorQuietSoft   fyne.ThemeColorName = "holdfast.quietSoft"
	ColorAccentHover fyne.ThemeColorName = "holdfast.accentHover"
	ColorDisabled    fyne.ThemeColorName = theme.ColorNameDisabled
	ColorBox         fyne.ThemeColorName = "holdfast.box" // outline of an empty check box
	ColorClear       fyne.ThemeColorName = "holdfast.clear"
)

// Measures of the design.
const (
	Gap           float32 = 16
	MarginX       float32 = 32
	MarginY       float32 = 28
	CardRadius    float32 = 12
	ControlRadius float32 = 8
	RowRadius     float32 = 6
	ControlHeight float32 = 36
	RowHeight     float32 = 34
	IconSize      float32 = 18
)

// palette has the light and the dark value of each colour.
var palette = map[fyne.ThemeColorName][2]uint32{
	theme.ColorNameBackground:          {0xF5F7F8, 0x12171B},
	theme.ColorNameForeground:          {0x12181D, 0xEDF1F3},
	theme.ColorNamePrimary:             {0x0F6E66, 0x4FC9BB},
	theme.ColorNameForegroundOnPrimary: {0xFFFFFF, 0x06211E},
	theme.ColorNameHyperlink:           {0x0F6E66, 0x4FC9BB},
	theme.ColorNameSuccess:             {0x157F3C, 0x5CCB83},
	theme.ColorNameWarning:             {0xA65A00, 0xF0B35B},
	theme.ColorNameError:               {0xB3261E, 0xFF8A80},
	theme.ColorNameButton:              {0xFFFFFF, 0x1A2126},
	theme.ColorNameDisabledButton:      {0xE3E8EB, 0x2A343A},
	theme.ColorNameDisabled:            {0x8A959D, 0x68757E},
	theme.ColorNamePlaceHolder:         {0x56616B, 0x9DABB5},
	theme.ColorNameInputBackground:     {0xFFFFFF, 0x1A2126},
	theme.ColorNameInputBorder:         {0xDFE4E8, 0x2C363D},
	theme.ColorNameSeparator:           {0xDFE4E8, 0x2C363D},
	theme.ColorNameMenuBackground:      {0xFFFFFF, 0x1A2126},
	theme.ColorNameOverlayBackground:   {0xFFFFFF, 0x1A2126},
	theme.ColorNameHeaderBackground:    {0xF5F7F8, 0x12171B},
	theme.ColorNameHover:               {0xE6EBEE, 0x232C32},
	theme.ColorNamePressed:             {0xDFE4E8, 0x2C363D},
	theme.ColorNameSelection:           {0xDCEFEC, 0x173834},
	theme.ColorNameFocus:               {0xDCEFEC, 0x173834},
	ColorSide:                          {0xECEFF1, 0x0D1114},
	ColorSurface:                       {0xFFFFFF, 0x1A2126},
	ColorLine:                          {0xDFE4E8, 0x2C363D},
	ColorSoft:                          {0x56616B, 0x9DABB5},
	ColorAccentSoft:                    {0xDCEFEC, 0x173834},
	ColorBusy:                          {0x1D5FD1, 0x7FB0FF},
	ColorTrack:                         {0xE3E8EB, 0x2A343A},
	ColorHover:                         {0xE6EBEE, 0x232C32},
	ColorOKSoft:                        {0xDDF3E3, 0x16301F},
	ColorBusySoft:                      {0xDEE9FC, 0x1A2C4A},
	ColorWarnSoft:                      {0xFBEBD3, 0x3A2C16},
	ColorBadSoft:                       {0xFBE3E1, 0x401F1D},
	ColorQuietSoft:                     {0xE3E8EB, 0x2A343A},
	ColorBox:                           {0x56616B, 0x9DABB5},
	ColorAccentHover:                   {0x0C5B54, 0x6BD6C9},
}

// Fonts are the faces of a theme; the zero value is the embedded Inter.
type Fonts struct{ Regular, SemiBold fyne.Resource }

type tokens struct {
	appearance string
	fonts      Fonts
}

var (
	regular  = fyne.NewStaticResource("Inter-Regular.otf", assets.Read("fonts/Inter-Regular.otf"))
	semiBold = fyne.NewStaticResource("Inter-SemiBold.otf", assets.Read("fonts/Inter-SemiBold.otf"))
)

// NewTheme makes the theme of the design. Appearance is "light", "dark", or
// "system" to follow the desktop.
func NewTheme(appearance string, fonts Fonts) fyne.Theme {
	if fonts.Regular == nil {
		fonts.Regular = regular
	}
	if fonts.SemiBold == nil {
		fonts.SemiBold = semiBold
	}
	return &tokens{appearance: appearance, fonts: fonts}
}

func (t *tokens) Color(name fyne.ThemeColorName, variant fyne.ThemeVariant) color.Color {
	switch t.appearance {
	case "light":
		variant = theme.VariantLight
	case "dark":
		variant = theme.VariantDark
	}
	dark := variant == theme.VariantDark
	if pair, ok := palette[name]; ok {
		if dark {
			return opaque(pair[1])
		}
		return opaque(pair[0])
	}
	switch name {
	case ColorClear, theme.ColorNameScrollBarBackground:
		return color.Transparent
	case theme.ColorNameScrollBar:
		if dark {
			return color.NRGBA{255, 255, 255, 70}
		}
		return color.NRGBA{18, 24, 29, 70}
	case theme.ColorNameShadow:
		if dark {
			return color.NRGBA{0, 0, 0, 80}
		}
		return color.NRGBA{18, 24, 29, 28}
	}
	return theme.DefaultTheme().Color(name, variant)
}

func opaque(rgb uint32) color.Color {
	return color.NRGBA{uint8(rgb >> 16), uint8(rgb >> 8), uint8(rgb), 255}
}

func (t *tokens) Font(style fyne.TextStyle) fyne.Resource {
	switch {
	case style.Monospace, style.Symbol:
		return theme.DefaultTheme().Font(style)
	case style.Bold:
		return t.fonts.SemiBold
	}
	return t.fonts.Regular
}

// own icons in place of those that Fyne's widgets ask for.
var icons = map[fyne.ThemeIconName]string{
	theme.IconNameArrowDropDown:  "chevron-down",
	theme.IconNameArrowDropUp:    "chevron-up",
	theme.IconNameNavigateNext:   "chevron-right",
	theme.IconNameNavigateBack:   "chevron-left",
	theme.IconNameMenuExpand:     "chevron-right",
	theme.IconNameConfirm:        "check",
	theme.IconNameCancel:         "x",
	theme.IconNameVisibility:     "eye",
	theme.IconNameVisibilityOff:  "eye-off",
	theme.IconNameContentCopy:    "copy",
	theme.IconNameSearch:         "search",
	theme.IconNameFolder:         "folder",
	theme.IconNameFolderOpen:     "folder-open",
	theme.IconNameFile:           "file",
	theme.IconNameMoreHorizontal: "ellipsis",
	theme.IconNameContentAdd:     "plus",
	theme.IconNameDelete:         "trash-2",
	theme.IconNameInfo:           "info",
	theme.IconNameWarning:        "triangle-alert",
	theme.IconNameHome:           "house",
	theme.IconNameDownload:       "download",
	theme.IconNameViewRefresh:    "refresh-cw",
	theme.IconNameDocumentPrint:  "printer",
	theme.IconNameComputer:       "laptop",
	theme.IconNameStorage:        "hard-drive",
	theme.IconNameContentUndo:    "undo-2",
	theme.IconNameSettings:       "sliders-horizontal",
	theme.IconNameHistory:        "history",
	theme.IconNameMoveUp:         "chevron-up",
	theme.IconNameMoveDown:       "chevron-down",
}

func (t *tokens) Icon(name fyne.ThemeIconName) fyne.Resource {
	if own, ok := icons[name]; ok {
		return Icon(own, ColorText)
	}
	return theme.DefaultTheme().Icon(name)
}

var sizes = map[fyne.ThemeSizeName]float32{
	theme.SizeNameText:               14,
	theme.SizeNameCaptionText:        12,
	theme.SizeNameHeadingText:        22,
	theme.SizeNameSubHeadingText:     15,
	theme.SizeNamePadding:            4,
	theme.SizeNameInnerPadding:       9,
	theme.SizeNameLineSpacing:        3,
	theme.SizeNameInlineIcon:         18,
	theme.SizeNameInputRadius:        ControlRadius,
	theme.SizeNameSelectionRadius:    RowRadius,
	theme.SizeNameInputBorder:        1,
	theme.SizeNameScrollBar:          10,
	theme.SizeNameScrollBarSmall:     4,
	theme.SizeNameScrollBarRadius:    5,
	theme.SizeNameSeparatorThickness: 1,
}

func (t *tokens) Size(name fyne.ThemeSizeName) float32 {
	if size, ok := sizes[name]; ok {
		return size
	}
	return theme.DefaultTheme().Size(name)
}

// Color is a colour of the theme that is in force.
func Color(name fyne.ThemeColorName) color.Color {
	settings := fyne.CurrentApp().Settings()
	return settings.Theme().Color(name, settings.ThemeVariant())
}

// ToneColors are the colour of the words and of the ground that go with a tone.
func ToneColors(tone engine.Tone) (words, ground fyne.ThemeColorName) {
	switch tone {
	case engine.ToneOK:
		return ColorOK, ColorOKSoft
	case engine.ToneBusy:
		return ColorBusy, ColorBusySoft
	case engine.ToneWarn:
		return ColorWarn, ColorWarnSoft
	case engine.ToneBad:
		return ColorBad, ColorBadSoft
	}
	return ColorSoft, ColorQuietSoft
}

// StateTone is the tone of a state of the backup.
func StateTone(state engine.State) engine.Tone {
	switch state {
	case engine.StateBackingUp:
		return engine.ToneBusy
	case engine.StateProtected:
		return engine.ToneOK
	case engine.StatePaused:
		return engine.ToneWarn
	case engine.StateAttention:
		return engine.ToneBad
	}
	return engine.ToneQuiet
}

// Dark says whether the theme that is in force is dark.
func Dark() bool { return Color(ColorBackground) == opaque(palette[ColorBackground][1]) }
