package uimap

import (
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"time"

	"fyne.io/fyne/v2"
)

// every is how often a map is written: a reader waits for the next one after
// what it did, and the window has other things to do.
const every = 500 * time.Millisecond

// Attach writes the map of a window to a file until the function that it returns
// is called, which waits for the end. With an empty path it does nothing.
func Attach(window fyne.Window, path string) (detach func()) {
	if path == "" {
		return func() {}
	}
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		write(window, path, stop)
	}()
	var once sync.Once
	return func() {
		once.Do(func() { close(stop) })
		<-ended
	}
}

// write asks for a map again and again. It never waits for the user interface
// without also waiting for stop, since stop may come from there.
func write(window fyne.Window, path string, stop <-chan struct{}) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	maps := make(chan Map, 1)
	for seq := 1; ; seq++ {
		fyne.Do(func() {
			m := Walk(window.Canvas())
			m.Title = window.Title()
			maps <- m
		})
		select {
		case <-stop:
			return
		case m := <-maps:
			m.Seq = seq
			// A map that cannot be written is missed by whoever waits for it.
			_ = save(m, path)
		}
		select {
		case <-stop:
			return
		case <-ticker.C:
		}
	}
}

// save replaces the file as a whole, so that a reader never sees half of one.
func save(m Map, path string) error {
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".map-*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	if _, err := temporary.Write(data); err != nil {
		temporary.Close()
		return err
	}
	if err := temporary.Close(); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}
