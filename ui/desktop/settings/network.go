package settings

import (
	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// otherRate is the line of a choice that asks for a number.
const otherRate int64 = -1

func newNetwork(s *Screen) *section {
	limit := func(what string, of func(*engine.Network) *int64) (*choice[int64], func()) {
		put := func(n int64) {
			s.change(what+": "+rate(n)+".", func(e *engine.Settings) { *of(&e.Network) = n })
		}
		var c *choice[int64]
		draw := func() {
			now := *of(&s.state.settings.Network)
			c.set(now, append(numbers(now, rate, usualRates...), option[int64]{otherRate, "Other…"}))
		}
		c = newChoice(func(n int64) {
			if n != otherRate {
				put(n)
				return
			}
			draw()
			s.askRate(what, put)
		})
		return c, draw
	}
	upPresent, drawUpPresent := limit("Sending while you work", func(n *engine.Network) *int64 { return &n.UpPresent })
	upAway, drawUpAway := limit("Sending while you are away", func(n *engine.Network) *int64 { return &n.UpAway })
	downPresent, drawDownPresent := limit("Fetching while you work", func(n *engine.Network) *int64 { return &n.DownPresent })
	downAway, drawDownAway := limit("Fetching while you are away", func(n *engine.Network) *int64 { return &n.DownAway })
	metered, meteredRow := onOff("Use metered networks", "Networks that cost by the byte, as a phone's.", func(on bool) {
		s.change(onWords("Metered networks are used.", "Metered networks are not used.", on), func(e *engine.Settings) { e.Network.Metered = on })
	})
	return &section{name: "Network", icon: "wifi",
		content: card("Limits over a network",
			row("Sending while you work", "", upPresent.field()),
			row("Sending while you are away", "", upAway.field()),
			row("Fetching while you work", "When you get files back.", downPresent.field()),
			row("Fetching while you are away", "", downAway.field()),
			meteredRow),
		draw: func() {
			drawUpPresent()
			drawUpAway()
			drawDownPresent()
			drawDownAway()
			metered.SetChecked(s.state.settings.Network.Metered)
		}}
}

// askRate asks for a limit that is not in the list.
func (s *Screen) askRate(what string, put func(int64)) {
	input := look.NewInput("2.5")
	wrong := look.Paragraph("Write a number of megabytes per second, as in 2.5.")
	wrong.SetColor(look.ColorBad)
	wrong.Hide()
	var sheet *look.Dialog
	save := func() {
		n, ok := readRate(input.Text)
		if !ok {
			wrong.Show()
			sheet.Resize()
			return
		}
		sheet.Hide()
		put(n)
	}
	input.OnSubmitted = func(string) { save() }
	input.OnEscape = func() bool { sheet.Hide(); return true }
	body := look.Column(12, look.Field("Megabytes per second", input), wrong)
	sheet = look.SheetSized(s.deps.Window, what, body, 420,
		look.Secondary("Cancel", "", func() { sheet.Hide() }), look.Primary("Set the limit", "", save))
	sheet.Show()
	sheet.Focus(input)
}
