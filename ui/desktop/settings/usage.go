package settings

import (
	"holdfast/engine"
)

func newUsage(s *Screen) *section {
	present := newChoice(func(n int) {
		s.change("While you work the backup takes up to "+percent(n)+" of the processor.", func(e *engine.Settings) { e.Usage.Present = n })
	})
	away := newChoice(func(n int) {
		s.change("While you are away the backup takes up to "+percent(n)+" of the processor.", func(e *engine.Settings) { e.Usage.Away = n })
	})
	battery, batteryRow := onOff("Back up on battery", "Otherwise the backup waits until the computer has power.", func(on bool) {
		s.change(onWords("Backs up on battery too.", "Waits for power.", on), func(e *engine.Settings) { e.Usage.OnBattery = on })
	})
	floor := newChoice(func(n int) {
		s.change("Waits for power "+below(n)+".", func(e *engine.Settings) { e.Usage.BatteryFloor = n })
	})
	return &section{name: "Usage", icon: "gauge",
		content: card("Processor and battery",
			row("Processor while you work", "More makes the backup faster and the computer slower.", present.field()),
			row("Processor while you are away", "When nobody has touched keys or pointer for a while.", away.field()),
			batteryRow,
			row("Wait for power", "What is waiting is stored once the computer charges.", floor.field())),
		draw: func() {
			u := s.state.settings.Usage
			present.set(u.Present, numbers(u.Present, percent, 10, 25, 50, 75, 90, 100))
			away.set(u.Away, numbers(u.Away, percent, 10, 25, 50, 75, 90, 100))
			battery.SetChecked(u.OnBattery)
			floor.set(u.BatteryFloor, numbers(u.BatteryFloor, sentence(below), 0, 10, 20, 30, 50))
			if u.OnBattery {
				floor.Enable()
			} else {
				floor.Disable()
			}
		}}
}

func below(n int) string {
	if n == 0 {
		return "never"
	}
	return "below " + percent(n)
}

// sentence begins words with a capital.
func sentence[T any](words func(T) string) func(T) string {
	return func(v T) string {
		w := words(v)
		return string(w[0]-'a'+'A') + w[1:]
	}
}
