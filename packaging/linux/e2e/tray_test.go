//go:build linux

package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

// tray is the program's icon as the panel sees it: over the session bus.
type tray struct {
	t   *testing.T
	bus *dbus.Conn
	// name of the program on the bus
	owner string
}

func lookAtTray(t *testing.T) *tray {
	t.Helper()
	bus, err := dbus.ConnectSessionBus()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bus.Close() })
	items, err := bus.Object("org.kde.StatusNotifierWatcher", "/StatusNotifierWatcher").
		GetProperty("org.kde.StatusNotifierWatcher.RegisteredStatusNotifierItems")
	if err != nil {
		t.Fatal(err)
	}
	list, _ := items.Value().([]string)
	if len(list) != 1 {
		t.Fatalf("in the tray are %q", list)
	}
	owner, _, _ := strings.Cut(list[0], "/")
	return &tray{t: t, bus: bus, owner: owner}
}

// menuRow is one line of the menu.
type menuRow struct {
	ID         int32
	Properties map[string]dbus.Variant
	Below      []dbus.Variant
}

// menu reads the lines and their numbers (com.canonical.dbusmenu).
func (y *tray) menu() map[string]int32 {
	y.t.Helper()
	var revision uint32
	var top menuRow
	err := y.bus.Object(y.owner, "/StatusNotifierMenu").
		Call("com.canonical.dbusmenu.GetLayout", 0, int32(0), int32(1), []string{"label"}).Store(&revision, &top)
	if err != nil {
		y.t.Fatal(err)
	}
	rows := map[string]int32{}
	for _, v := range top.Below {
		var row menuRow
		if err := dbus.Store([]any{v.Value()}, &row); err != nil {
			y.t.Fatal(err)
		}
		if label, ok := row.Properties["label"].Value().(string); ok {
			rows[label] = row.ID
		}
	}
	return rows
}

// press chooses a line, as the panel does for a click.
func (y *tray) press(label string) {
	y.t.Helper()
	id, ok := y.menu()[label]
	if !ok {
		y.t.Fatalf("the tray's menu has no %q: %v", label, y.menu())
	}
	err := y.bus.Object(y.owner, "/StatusNotifierMenu").
		Call("com.canonical.dbusmenu.Event", 0, id, "clicked", dbus.MakeVariant(""), uint32(0)).Err
	if err != nil {
		y.t.Fatal(err)
	}
}

// theTrayKeepsIt closes the window, finds the program in the tray, brings the
// window back in two ways, quits, and starts again without being asked anything.
func theTrayKeepsIt(s *screen) {
	s.t.Helper()
	y := lookAtTray(s.t)
	for _, label := range []string{"Protected", "Back up now", "Pause", "Get Files", "Open Holdfast", "Quit"} {
		s.until(later, label+" in the tray's menu", func() bool { _, ok := y.menu()[label]; return ok }) // a backup may run just now
	}
	s.key("alt+F4")
	s.until(soon, "closed window", func() bool { return !s.visible() })
	s.picture("closed-to-the-tray")
	y.press("Open Holdfast")
	s.await()

	s.key("alt+F4")
	s.until(soon, "closed window", func() bool { return !s.visible() })
	second := s.again()
	s.await()
	select {
	case <-second:
	case <-time.After(soon):
		s.t.Error("the second start goes on beside the first")
	}
	s.picture("started-again")

	y.press("Quit")
	s.see(words("Quit Holdfast?"), soon)
	s.picture("quit")
	s.click(button("Quit"))
	select {
	case <-s.exited:
	case <-time.After(soon):
		s.t.Fatal("the program goes on after Quit")
	}
	if !s.process.ProcessState.Success() {
		s.t.Errorf("the program ended with %v\n%s", s.process.ProcessState, s.log())
	}

	s.launch()
	s.await()
	s.see(state("Protected"), soon)
	s.picture("next-day")
}
