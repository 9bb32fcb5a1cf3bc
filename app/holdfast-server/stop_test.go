package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener within this process.
type pipes struct {
	coming chan net.Conn
	closed chan struct{}
}

func (l *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.coming:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipes) Close() error   { close(l.closed); return nil }
func (l *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "here"} }

func (l *pipes) dial() net.Conn {
	client, server := net.Pipe()
	l.coming <- server
	return client
}

// A stop lets a question under way be answered, and waits for no connection on which
// none was asked.
func TestAStopWaitsForAnswersAndForNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const long = 2 * time.Second
		l := &pipes{make(chan net.Conn), make(chan struct{})}
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(long)
			io.WriteString(w, "answer")
		})}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- untilDone(ctx, server, func() error { return server.Serve(l) }) }()
		asking, idle := l.dial(), l.dial()
		defer asking.Close()
		defer idle.Close()
		answered := make(chan string, 1)
		go func() {
			io.WriteString(asking, "GET / HTTP/1.0\r\n\r\n")
			text, _ := io.ReadAll(asking)
			answered <- string(text)
		}()
		synctest.Wait()
		began := time.Now()
		stop()
		if _, err := idle.Read(make([]byte, 1)); err != io.EOF || time.Since(began) != 0 {
			t.Errorf("the connection without a question ended with %v after %v", err, time.Since(began))
		}
		if text := <-answered; len(text) < 6 || text[len(text)-6:] != "answer" {
			t.Errorf("the question was answered with %q", text)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took >= 2*long {
			t.Errorf("the stop took %v, the answer %v", took, long)
		}
	})
}
