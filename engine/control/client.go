package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"holdfast/engine"
)

// Client is an engine in another process. It does not connect again by itself: when
// Done is closed, every call is ErrGone, and the caller decides whether to Dial.
type Client struct {
	conn net.Conn
	done chan struct{} // closed when the connection has ended

	writing sync.Mutex

	mu    sync.Mutex
	last  int64
	calls map[int64]*open
	gone  error // why the connection ended; nil while it lasts
}

var _ engine.Engine = (*Client)(nil)

// open is a call that waits for its answer.
type open struct {
	answer chan response // takes one
	topics *topics       // of Watch
}

// greeting is how long the server may take to say its first line.
const greeting = 20 * time.Second

// Dial connects to the engine on a socket. ErrNobody when nobody listens there,
// ErrStranger, ErrVersion.
func Dial(path string) (*Client, error) {
	address, release, err := shorten(path)
	if errors.Is(err, errNoFolder) {
		return nil, fmt.Errorf("%w: %w", ErrNobody, err)
	}
	if err != nil {
		return nil, err
	}
	conn, err := net.Dial("unix", address)
	release()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNobody, err)
	}
	if !same(conn) {
		conn.Close()
		return nil, fmt.Errorf("%w: %s", ErrStranger, path)
	}
	return start(conn)
}

// start speaks the wire format on a connection.
func start(conn net.Conn) (*Client, error) {
	lines := newLines(conn, maxAnswer)
	var h hello
	conn.SetReadDeadline(time.Now().Add(greeting))
	err := lines.next(&h)
	conn.SetReadDeadline(time.Time{})
	switch {
	case err != nil:
		conn.Close()
		return nil, fmt.Errorf("%w: %w", ErrNobody, err)
	case h.Holdfast != "control" || h.Version != version:
		conn.Close()
		return nil, fmt.Errorf("%w: it speaks version %d of %q, this program version %d", ErrVersion, h.Version, h.Holdfast, version)
	}
	c := &Client{conn: conn, done: make(chan struct{}), calls: map[int64]*open{}}
	go c.read(lines)
	return c, nil
}

// Done is closed when the connection has ended.
func (c *Client) Done() <-chan struct{} { return c.done }

// Close ends the connection and with it every call, and waits until they know.
func (c *Client) Close() error {
	c.conn.Close()
	<-c.done
	return nil
}

// read hands out answers until the connection ends.
func (c *Client) read(lines *lines) {
	var err error
	for {
		var r response
		if err = lines.next(&r); err != nil {
			break
		}
		c.mu.Lock()
		o := c.calls[r.ID]
		if r.Topic == "" {
			delete(c.calls, r.ID)
		}
		c.mu.Unlock()
		switch {
		case o == nil: // taken back
		case r.Topic == "":
			o.answer <- r
		case o.topics != nil:
			o.topics.add(r.Topic)
		}
	}
	c.conn.Close()
	c.mu.Lock()
	c.gone = fmt.Errorf("%w: %w", ErrGone, err)
	c.calls = nil
	c.mu.Unlock()
	close(c.done)
}

// begin sends a call.
func (c *Client) begin(ctx context.Context, method string, o *open, args []any) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	r := request{Method: method, Args: make([]json.RawMessage, len(args))}
	for i, a := range args {
		data, err := encode(a)
		if err != nil {
			return 0, &engine.Error{Op: method, Kind: engine.KindInvalid, Err: err}
		}
		r.Args[i] = data
	}
	c.mu.Lock()
	if c.gone != nil {
		defer c.mu.Unlock()
		return 0, lost(method, c.gone)
	}
	c.last++
	r.ID = c.last
	c.calls[r.ID] = o
	c.mu.Unlock()
	if err := c.send(r); err != nil {
		return 0, lost(method, fmt.Errorf("%w: %w", ErrGone, err))
	}
	return r.ID, nil
}

func (c *Client) send(r request) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	if _, err := c.conn.Write(append(data, '\n')); err != nil {
		c.conn.Close() // half a line may be out; read ends
		return err
	}
	return nil
}

// cancel takes a call back.
func (c *Client) cancel(id int64) {
	c.mu.Lock()
	delete(c.calls, id)
	c.mu.Unlock()
	c.send(request{ID: id, Cancel: true})
}

// call makes a call and waits for its answer, no longer than the context lasts.
func (c *Client) call(ctx context.Context, method string, result any, args ...any) error {
	o := &open{answer: make(chan response, 1)}
	id, err := c.begin(ctx, method, o, args)
	if err != nil {
		return err
	}
	select {
	case r := <-o.answer:
		return read(r, method, result)
	case <-ctx.Done():
		c.cancel(id)
		return ctx.Err()
	case <-c.done:
		select {
		case r := <-o.answer: // it came with the last line
			return read(r, method, result)
		default:
			return lost(method, c.gone)
		}
	}
}

func read(r response, method string, result any) error {
	if r.Error != nil {
		return r.Error.error()
	}
	if err := decode(r.Result, result); err != nil {
		return &engine.Error{Op: method, Kind: engine.KindOther, Err: fmt.Errorf("reading the answer: %w", err)}
	}
	return nil
}

// lost says for a person that the engine went away.
func lost(method string, err error) error {
	return &engine.Error{
		Op: method, Kind: engine.KindUnreachable, Err: err,
		Message: "The part of Holdfast that backs up in the background has stopped. What is backed up is safe. Start Holdfast again to go on.",
	}
}

// Watch sends topics until the context or the connection ends. It returns once the
// engine watches.
func (c *Client) Watch(ctx context.Context) (<-chan engine.Topic, error) {
	o := &open{answer: make(chan response, 1), topics: &topics{more: make(chan struct{}, 1)}}
	id, err := c.begin(ctx, watchMethod, o, nil)
	if err != nil {
		return nil, err
	}
	select {
	case <-o.topics.more: // the first is the server's word that it watches
	case r := <-o.answer:
		if err := read(r, watchMethod, &struct{}{}); err != nil {
			return nil, err
		}
		o.answer <- r // it watched, and that is over already: the channel says so
	case <-ctx.Done():
		c.cancel(id)
		return nil, ctx.Err()
	case <-c.done:
		return nil, lost(watchMethod, c.gone)
	}
	out := make(chan engine.Topic)
	go func() {
		defer close(out)
		for {
			topic, any := o.topics.take()
			if !any {
				select {
				case <-o.topics.more:
					continue
				case <-ctx.Done():
					c.cancel(id)
				case <-o.answer:
				case <-c.done:
				}
				return
			}
			select {
			case out <- topic:
			case <-ctx.Done():
				c.cancel(id)
				return
			case <-c.done:
				return
			}
		}
	}()
	return out, nil
}

// topics are those that nobody has read yet, each once, in the order they came.
type topics struct {
	mu     sync.Mutex
	unread []engine.Topic
	more   chan struct{} // holds a token when something was added
}

func (t *topics) add(topic engine.Topic) {
	t.mu.Lock()
	if topic != watching && !slices.Contains(t.unread, topic) {
		t.unread = append(t.unread, topic)
	}
	t.mu.Unlock()
	select {
	case t.more <- struct{}{}:
	default:
	}
}

func (t *topics) take() (engine.Topic, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.unread) == 0 {
		return "", false
	}
	topic := t.unread[0]
	t.unread = t.unread[1:]
	return topic, true
}
