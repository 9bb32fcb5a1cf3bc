package control

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"holdfast/engine"
)

type hello struct {
	Holdfast string `json:"holdfast"`
	Version  int    `json:"version"`
}

type request struct {
	ID     int64             `json:"id"`
	Method string            `json:"method,omitempty"`
	Args   []json.RawMessage `json:"args,omitempty"`
	Cancel bool              `json:"cancel,omitempty"`
}

type response struct {
	ID     int64           `json:"id"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  *failure        `json:"error,omitempty"`
	Topic  engine.Topic    `json:"topic,omitempty"`
}

// failure is an error on its way. Plain ones are not *engine.Error.
type failure struct {
	Plain   bool        `json:"plain,omitempty"`
	Op      string      `json:"op,omitempty"`
	Kind    engine.Kind `json:"kind,omitempty"`
	Path    string      `json:"path,omitempty"`
	Message string      `json:"message,omitempty"`
	Cause   string      `json:"cause,omitempty"`
	Context string      `json:"context,omitempty"` // the name of a context's error within
}

// contexts are the errors that callers tell apart without *engine.Error.
var contexts = map[string]error{"canceled": context.Canceled, "deadline": context.DeadlineExceeded}

func wireError(err error) *failure {
	f := &failure{Plain: true, Cause: toText(err.Error())}
	if e, ok := errors.AsType[*engine.Error](err); ok {
		f = &failure{Op: toText(e.Op), Kind: e.Kind, Path: toText(e.Path), Message: toText(e.Message)}
		if e.Err != nil {
			f.Cause = toText(e.Err.Error())
		}
	}
	for name, sentinel := range contexts {
		if errors.Is(err, sentinel) {
			f.Context = name
		}
	}
	return f
}

func (f *failure) error() error {
	var remote error
	if within := contexts[f.Context]; f.Cause != "" || within != nil {
		remote = &cause{fromText(f.Cause), within}
	}
	if f.Plain {
		return remote
	}
	return &engine.Error{Op: fromText(f.Op), Kind: f.Kind, Path: fromText(f.Path), Message: fromText(f.Message), Err: remote}
}

// cause is an error of the other process: its text, and what callers match.
type cause struct {
	text   string
	within error
}

func (c *cause) Error() string {
	if c.text == "" && c.within != nil {
		return c.within.Error()
	}
	return c.text
}

func (c *cause) Unwrap() error { return c.within }

// lines reads lines of JSON no longer than most bytes.
type lines struct {
	reader *bufio.Reader
	most   int
	line   []byte
}

func newLines(r io.Reader, most int) *lines {
	return &lines{reader: bufio.NewReaderSize(r, 64<<10), most: most}
}

// errLine is a line that breaks the wire format.
var errLine = errors.New("a line makes no sense")

func (l *lines) next(v any) error {
	if cap(l.line) > 1<<20 {
		l.line = nil // one long line need not stay in memory
	}
	l.line = l.line[:0]
	for {
		part, err := l.reader.ReadSlice('\n')
		if len(l.line)+len(part) > l.most {
			return fmt.Errorf("%w: it is longer than %d bytes", errLine, l.most)
		}
		l.line = append(l.line, part...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			return err
		}
		break
	}
	if err := json.Unmarshal(l.line, v); err != nil {
		return fmt.Errorf("%w: %w", errLine, err)
	}
	return nil
}

// encode turns a value into JSON that decode turns back into the same.
func encode(v any) (json.RawMessage, error) {
	return json.Marshal(portable(v))
}

func decode(data json.RawMessage, v any) error {
	if err := json.Unmarshal(data, v); err != nil {
		return err
	}
	if bytes.Contains(data, escapedPrefix) {
		restore(v)
	}
	return nil
}
