// Package control carries the engine.Engine interface over a socket, so that a
// window or a command works with an engine that runs in another process as with one
// of its own.
//
// Serve offers an engine, Dial gives a Client that is one. Which methods there are
// is written once, in table.go, and held against the interface by a test.
//
// Only the same user may call: the socket lies in a folder that only the user can
// enter, and each side asks the kernel who the other is, where the kernel can tell
// (Linux, macOS). Windows has these sockets too, since version 10; there the access
// list of the user's profile is the guard.
//
// A call ends early when the client's context does, and every call of a client ends
// when its connection does. What a client sends is foreign: lines have a greatest
// length, calls a greatest number, and a line that makes no sense ends the
// connection.
//
// # Wire format
//
// Lines of JSON. The server speaks first:
//
//	{"holdfast":"control","version":1}
//
// The client sends calls, numbered by itself, and may take one back:
//
//	{"id":1,"method":"Versions","args":["","/home/ada/letter"]}
//	{"id":1,"cancel":true}
//
// The server answers each call once, in any order. Before it answers Watch it sends
// topics, the first of which is "watching":
//
//	{"id":1,"result":[…]}
//	{"id":1,"error":{"op":"…","kind":"…","path":"…","message":"…","cause":"…"}}
//	{"id":1,"topic":"jobs"}
//
// Values are the JSON of the types in package engine. File names are bytes, and JSON
// is Unicode: a byte that is no UTF-8 travels as U+10FF00 plus the byte, and those
// code points themselves travel as their bytes do.
package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"holdfast/engine"
)

const (
	version = 1
	// maxRequest is the longest line a client may send: a selection or a list of
	// files to restore.
	maxRequest = 16 << 20
	// maxAnswer is the longest line a client reads: a folder of a million files.
	maxAnswer = 1 << 30
	// maxCalls is how many calls a connection may have open.
	maxCalls = 256
	// maxWait is how long a client may leave an answer unread.
	maxWait = time.Minute
)

var (
	// ErrRunning is a socket on which somebody answers already.
	ErrRunning = errors.New("another Holdfast answers on this socket")
	// ErrNobody is a socket on which nobody answers.
	ErrNobody = errors.New("no Holdfast answers on this socket")
	// ErrGone is a call whose connection ended before its answer.
	ErrGone = errors.New("the connection to the running Holdfast ended")
	// ErrStranger is somebody else at the other end of the socket.
	ErrStranger = errors.New("the other end of the socket belongs to another user")
	// ErrVersion is a program of another version at the other end.
	ErrVersion = errors.New("the running Holdfast is of another version")
)

// Listen makes the socket, in a folder of its own that only the user can enter from
// then on; with several programs starting, the caller holds a lock. A socket
// left by a process that died is replaced; one that answers is ErrRunning. The
// caller closes the listener, or has Serve do so.
func Listen(path string) (net.Listener, error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of the socket: %w", err)
	}
	if err := private(dir); err != nil {
		return nil, err
	}
	address, done, err := shorten(path)
	if err != nil {
		return nil, err
	}
	defer done()
	if c, err := net.Dial("unix", address); err == nil {
		c.Close()
		return nil, fmt.Errorf("%w: %s", ErrRunning, path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("removing the old socket: %w", err)
	}
	l, err := net.Listen("unix", address)
	if err != nil {
		return nil, fmt.Errorf("making the socket %s: %w", path, err)
	}
	// The address may be a short form that means nothing later; remove by path.
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, fmt.Errorf("guarding the socket: %w", err)
	}
	return &listener{Listener: l, path: path}, nil
}

// listener takes its socket away when it is closed.
type listener struct {
	net.Listener
	path string
	once sync.Once
}

func (l *listener) Close() error {
	err := net.ErrClosed
	l.once.Do(func() {
		os.Remove(l.path)
		err = l.Listener.Close()
	})
	return err
}

// Serve answers calls with an engine until the context ends. It then closes the
// listener and the connections, ends the calls, waits for them, and returns nil.
func Serve(ctx context.Context, l net.Listener, e engine.Engine) error {
	ctx, stop := context.WithCancel(ctx)
	var connections sync.WaitGroup
	defer connections.Wait()
	defer stop()
	defer context.AfterFunc(ctx, func() { l.Close() })()
	defer l.Close()
	for {
		c, err := l.Accept()
		if ctx.Err() != nil {
			if err == nil {
				c.Close()
			}
			return nil
		}
		if errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("accepting calls: %w", err)
		}
		if err != nil {
			// Out of file descriptors, most likely. It passes.
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
			continue
		}
		connections.Go(func() {
			defer c.Close()
			if same(c) {
				newSession(c, e).run(ctx)
			}
		})
	}
}

// session is the server's side of one connection.
type session struct {
	engine engine.Engine
	conn   net.Conn

	writing sync.Mutex

	mu    sync.Mutex
	calls map[int64]context.CancelFunc // those that are open
}

func newSession(c net.Conn, e engine.Engine) *session {
	return &session{engine: e, conn: c, calls: map[int64]context.CancelFunc{}}
}

// run reads calls until the client goes away or talks nonsense.
func (s *session) run(ctx context.Context) {
	ctx, stop := context.WithCancel(ctx)
	var open sync.WaitGroup
	defer open.Wait()
	defer stop()
	defer context.AfterFunc(ctx, func() { s.conn.Close() })()

	if s.send(hello{Holdfast: "control", Version: version}) != nil {
		return
	}
	lines := newLines(s.conn, maxRequest)
	for {
		var r request
		if lines.next(&r) != nil {
			return
		}
		if r.Cancel {
			s.mu.Lock()
			if cancel, ok := s.calls[r.ID]; ok {
				cancel()
			}
			s.mu.Unlock()
			continue
		}
		callCtx, cancel, ok := s.begin(ctx, r.ID)
		if !ok {
			return
		}
		open.Go(func() {
			defer s.end(r.ID, cancel)
			s.answer(callCtx, r)
		})
	}
}

// begin notes a call. A number that is in use, and one call too many, are nonsense.
func (s *session) begin(ctx context.Context, id int64) (context.Context, context.CancelFunc, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, used := s.calls[id]; used || len(s.calls) >= maxCalls {
		return nil, nil, false
	}
	ctx, cancel := context.WithCancel(ctx)
	s.calls[id] = cancel
	return ctx, cancel, true
}

func (s *session) end(id int64, cancel context.CancelFunc) {
	cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.calls, id)
}

func (s *session) answer(ctx context.Context, r request) {
	var result any
	var err error
	switch method, known := methods[r.Method]; {
	case r.Method == watchMethod:
		err = s.watch(ctx, r.ID)
	case known:
		result, err = method(ctx, s.engine, r.Args)
	default:
		err = &engine.Error{Op: r.Method, Kind: engine.KindInvalid, Err: errors.New("there is no such call")}
	}
	if err != nil {
		s.send(response{ID: r.ID, Error: wireError(err)})
		return
	}
	data, err := encode(result)
	if err != nil {
		s.send(response{ID: r.ID, Error: wireError(fmt.Errorf("answering %s: %w", r.Method, err))})
		return
	}
	s.send(response{ID: r.ID, Result: data})
}

// watch sends topics until the call ends. While the client does not read, send
// waits, and the engine merges what comes meanwhile.
func (s *session) watch(ctx context.Context, id int64) error {
	topics, err := s.engine.Watch(ctx)
	if err != nil {
		return err
	}
	if s.send(response{ID: id, Topic: watching}) != nil {
		s.conn.Close()
	}
	for topic := range topics {
		if s.send(response{ID: id, Topic: topic}) != nil {
			s.conn.Close() // ends ctx, and with it the channel
		}
	}
	return nil
}

// send writes one line. A client that does not read holds up its own answers only,
// and not for long.
func (s *session) send(v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	s.conn.SetWriteDeadline(time.Now().Add(maxWait))
	_, err = s.conn.Write(append(data, '\n'))
	if err != nil {
		s.conn.Close() // half a line may be out
	}
	return err
}
