package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// terminal is a pair of ends: what a program takes for its terminal, and what a
// person would see.
func terminal(t *testing.T) (program, person *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { person.Close() })
	if err := unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Skip(err)
	}
	n, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Skip(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { program.Close() })
	return program, person
}

func TestProgressIsForTerminalsOnly(t *testing.T) {
	m := newMachine(t).setUp()
	for i := range 40 {
		m.write(fmt.Sprint("big", i), strings.Repeat(fmt.Sprint(i, " "), 4<<20/len(fmt.Sprint(i, " "))))
	}
	for _, c := range []struct {
		name string
		args []string
		seen bool
	}{
		{"a backup shows how far it is", []string{"backup"}, true},
		{"not when it is to be quiet", []string{"backup", "--quiet"}, false},
		{"not beside JSON", []string{"backup", "--json"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			program, person := terminal(t)
			cmd := m.command(c.args...)
			cmd.Stderr = program
			if err := cmd.Run(); err != nil {
				t.Fatal(err)
			}
			fmt.Fprint(program, "END")
			var shown strings.Builder
			buffer := make([]byte, 4096)
			for !strings.Contains(shown.String(), "END") {
				n, err := person.Read(buffer)
				if err != nil {
					t.Fatal(err)
				}
				shown.Write(buffer[:n])
			}
			if seen := strings.Contains(shown.String(), "checked") || strings.Contains(shown.String(), "checking"); seen != c.seen {
				t.Errorf("seen %v: %q", seen, shown.String())
			}
		})
		for i := range 40 { // something to do for the next
			m.write(fmt.Sprint("big", i), strings.Repeat(fmt.Sprint(c.name, i), 100000))
		}
	}
}
