package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/engine"
)

// hang is after how long a test takes something for hung, on however loaded a machine.
const hang = 2 * time.Minute

// serve offers an engine on a socket of its own.
func serve(t *testing.T, e engine.Engine) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run", "control")
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- Serve(ctx, l, e) }()
	t.Cleanup(func() {
		stop()
		select {
		case err := <-served:
			if err != nil {
				t.Errorf("Serve: %v", err)
			}
		case <-time.After(hang):
			t.Error("Serve does not end")
		}
		if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the socket is left: %v", err)
		}
	})
	return path
}

func dial(t *testing.T, path string) *Client {
	t.Helper()
	c, err := Dial(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// fill gives every part of a value something to lose on the way.
func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("n\xfcmber \U0010FF80 %d <&>\u2028", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1<<40 + int64(*n))
	case reflect.Float64:
		v.SetFloat(float64(*n) + 0.25)
	case reflect.Uint8:
		v.SetUint(uint64(*n % 256))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), n)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Struct:
		if v.Type() == timeType {
			v.Set(reflect.ValueOf(time.Date(2026, 7, 1, 2, 3, 4, *n, time.UTC)))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	default:
		panic(fmt.Sprintf("package engine has a %v now; teach bytes.go and this test about it", v.Type()))
	}
}

func TestEveryMethodIsCarried(t *testing.T) {
	f := &fake{}
	c := dial(t, serve(t, f))
	face := reflect.TypeFor[engine.Engine]()
	errorType := reflect.TypeFor[error]()
	for i := range face.NumMethod() {
		m := face.Method(i)
		if m.Name == watchMethod {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			if methods[m.Name] == nil {
				t.Fatal("it is not in the table")
			}
			n := 0
			args := []reflect.Value{reflect.ValueOf(t.Context())}
			var want []any
			for j := 1; j < m.Type.NumIn(); j++ {
				v := reflect.New(m.Type.In(j)).Elem()
				fill(v, &n)
				args = append(args, v)
				want = append(want, v.Interface())
			}
			var result any
			if m.Type.Out(0) != errorType {
				v := reflect.New(m.Type.Out(0)).Elem()
				fill(v, &n)
				result = v.Interface()
			}
			f.calls = nil
			f.answer = func(context.Context, string) (any, error) { return result, nil }
			out := reflect.ValueOf(c).MethodByName(m.Name).Call(args)
			if err := out[len(out)-1]; !err.IsNil() {
				t.Fatal(err)
			}
			if len(f.calls) != 1 || f.calls[0].method != m.Name || !reflect.DeepEqual(f.calls[0].args, want) {
				t.Errorf("the engine was asked %+v\nwant %+v", f.calls, want)
			}
			if len(out) == 2 && !reflect.DeepEqual(out[0].Interface(), result) {
				t.Errorf("the client got %+v\nwant %+v", out[0], result)
			}
			sent := &engine.Error{Op: "try", Kind: engine.KindFull, Path: "/x\xff", Message: "It is full.", Err: errors.New("no space")}
			f.answer = func(context.Context, string) (any, error) { return nil, sent }
			out = reflect.ValueOf(c).MethodByName(m.Name).Call(args)
			err, _ := out[len(out)-1].Interface().(error)
			got, ok := err.(*engine.Error)
			if !ok || got.Op != sent.Op || got.Kind != sent.Kind || got.Path != sent.Path || got.Message != sent.Message || got.Err.Error() != "no space" {
				t.Errorf("the error became %#v", err)
			}
		})
	}
	if len(methods) != face.NumMethod()-1 {
		t.Errorf("the table has %d methods, the interface %d and Watch", len(methods), face.NumMethod()-1)
	}
}

func TestZeroValuesStayZero(t *testing.T) {
	c := dial(t, serve(t, &fake{}))
	status, err := c.Status(t.Context())
	if err != nil || !reflect.DeepEqual(status, engine.Status{}) || !status.LastBackup.IsZero() {
		t.Errorf("%+v, %v", status, err)
	}
}

func TestErrorsKeepWhatCallersMatch(t *testing.T) {
	for _, c := range []struct {
		sent error
		is   error
		kind engine.Kind
		text string
	}{
		{errors.New("plain \xff"), nil, engine.KindOther, "plain \xff"},
		{fmt.Errorf("deep: %w", context.Canceled), context.Canceled, engine.KindOther, "deep: context canceled"},
		{context.DeadlineExceeded, context.DeadlineExceeded, engine.KindOther, "context deadline exceeded"},
		{&engine.Error{Op: "get", Kind: engine.KindCancelled, Err: context.Canceled}, context.Canceled, engine.KindCancelled, "get: context canceled"},
		{fmt.Errorf("more: %w", &engine.Error{Op: "get", Kind: engine.KindBusy}), nil, engine.KindBusy, "get: busy"},
	} {
		got := wireError(c.sent).error()
		if got.Error() != c.text || engine.KindOf(got) != c.kind || c.is != nil && !errors.Is(got, c.is) {
			t.Errorf("%v became %#v", c.sent, got)
		}
	}
}

func TestTimesBeyondTheCalendarAreBroughtIntoIt(t *testing.T) {
	far := time.Date(292277026596, 1, 1, 0, 0, 0, 0, time.UTC)
	f := &fake{answer: func(context.Context, string) (any, error) {
		return []engine.Item{{Name: "far", ModTime: far}, {Name: "near", ModTime: time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC)}}, nil
	}}
	items, err := dial(t, serve(t, f)).List(t.Context(), engine.ListRequest{})
	if err != nil || len(items) != 2 || items[0].ModTime.Year() != 9999 || items[1].ModTime.Year() != 0 {
		t.Errorf("%v, %v", items, err)
	}
}

func FuzzBytes(f *testing.F) {
	for _, s := range []string{"", "plain", "\xff", "\xed\xa0\x80", "\U0010FF7F\U0010FF80\U0010FFFF", "\uFFFD", "a\xf4\x8f\xbe"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		data, err := encode(s)
		if err != nil {
			t.Fatal(err)
		}
		var got string
		if err := decode(data, &got); err != nil || got != s {
			t.Errorf("%q became %q, %v", s, got, err)
		}
	})
}

func TestACallEndsWithItsContext(t *testing.T) {
	started, ended := make(chan struct{}), make(chan struct{})
	f := &fake{answer: func(ctx context.Context, method string) (any, error) {
		if method != "WaitJob" {
			return nil, nil
		}
		close(started)
		<-ctx.Done()
		close(ended)
		return nil, ctx.Err()
	}}
	c := dial(t, serve(t, f))
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-started; cancel() }()
	if _, err := c.WaitJob(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	select {
	case <-ended:
	case <-time.After(hang):
		t.Fatal("the engine was not told")
	}
	if err := c.Resume(t.Context()); err != nil {
		t.Errorf("another call afterwards: %v", err)
	}
}

func TestCallsEndWithTheirConnection(t *testing.T) {
	for _, who := range []string{"client", "server"} {
		t.Run(who, func(t *testing.T) {
			started, ended := make(chan struct{}), make(chan struct{})
			f := &fake{answer: func(ctx context.Context, _ string) (any, error) {
				close(started)
				<-ctx.Done()
				close(ended)
				return nil, ctx.Err()
			}}
			l, err := Listen(filepath.Join(t.TempDir(), "run", "control"))
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			served := make(chan error, 1)
			go func() { served <- Serve(ctx, l, f) }()
			c := dial(t, l.(*listener).path)
			go func() {
				<-started
				if who == "client" {
					c.Close()
				} else {
					stop()
				}
			}()
			_, err = c.BackUp(t.Context(), nil)
			if !errors.Is(err, ErrGone) && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			if engine.KindOf(err) == engine.KindUnreachable && !strings.HasSuffix(err.Error(), ".") {
				t.Errorf("not a sentence: %v", err)
			}
			<-ended
			<-c.Done()
			if _, err := c.Status(t.Context()); !errors.Is(err, ErrGone) {
				t.Errorf("afterwards: %v", err)
			}
			stop()
			if err := <-served; err != nil {
				t.Error(err)
			}
		})
	}
}

func TestManyCallsAtOnce(t *testing.T) {
	f := &fake{answer: func(context.Context, string) (any, error) { return []engine.Key{{ID: "k"}}, nil }}
	c := dial(t, serve(t, f))
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for range 20 {
				if keys, err := c.KeyList(t.Context()); err != nil || len(keys) != 1 {
					t.Error(keys, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestWatchTellsAndMerges(t *testing.T) {
	f := &fake{topics: make(chan engine.Topic)}
	c := dial(t, serve(t, f))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	topics, err := c.Watch(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 { // far more than a reader who sleeps could hold one by one
		f.topics <- engine.TopicStatus
	}
	f.topics <- engine.TopicJobs
	seen := 0
	for topic := range topics {
		if seen++; topic == engine.TopicJobs {
			cancel()
		}
	}
	if seen < 2 || seen > 1001 {
		t.Errorf("%d topics", seen)
	}
	if err := c.Resume(t.Context()); err != nil {
		t.Error(err)
	}
	f.answer = func(context.Context, string) (any, error) {
		return nil, &engine.Error{Op: "watch", Kind: engine.KindNotSetUp}
	}
	if _, err := c.Watch(t.Context()); engine.KindOf(err) != engine.KindNotSetUp {
		t.Errorf("a refused Watch: %v", err)
	}
	f.answer = nil
	topics, err = c.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	for range topics {
	}
}

// The word that the engine watches and the one that it does no more may both be there
// before anybody looks, and then either may be seen first.
func TestWatchingThatEndsAtOnceIsAChannelThatEnds(t *testing.T) {
	for range 50 {
		ours, theirs := net.Pipe()
		go func() {
			fmt.Fprintf(theirs, `{"holdfast":"control","version":%d}`+"\n", version)
			b := make([]byte, 1)
			for b[0] != '}' { // the request but for the end of its line, for which the client waits
				if _, err := theirs.Read(b); err != nil {
					t.Error(err)
					return
				}
			}
			for _, line := range []string{`{"id":1,"topic":"watching"}`, `{"id":1,"result":null}`, `{"id":2}`} {
				fmt.Fprintln(theirs, line) // each is taken when the one before was dealt with
			}
			theirs.Read(b)
		}()
		c, err := start(ours)
		if err != nil {
			t.Fatal(err)
		}
		topics, err := c.Watch(t.Context())
		if err != nil || topics == nil {
			t.Fatalf("it watches %v, %v", topics, err)
		}
		for range topics {
		}
		theirs.Close()
		c.Close()
	}
}

func TestNonsenseEndsTheConnectionAndHarmsNobody(t *testing.T) {
	path := serve(t, &fake{})
	good := dial(t, path)
	long := make([]byte, maxRequest+256<<10)
	for i := range long {
		long[i] = 'x'
	}
	for name, line := range map[string]string{
		"garbage": "GET / HTTP/1.1\r\n", "an array": "[1]\n", "a wrong type": `{"id":"one"}` + "\n",
		"zeros": strings.Repeat("\x00", 100) + "\n", "a line too long": string(long),
		"a depth too deep": `{"id":1,"method":"Status","args":` + strings.Repeat("[", 100_000) + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(hang))
			lines := newLines(conn, maxAnswer)
			var h hello
			if err := lines.next(&h); err != nil {
				t.Fatal(err)
			}
			conn.Write([]byte(line))
			var r response
			if err := lines.next(&r); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("it was answered %+v, %v", r, err)
			}
			if err := good.Resume(t.Context()); err != nil {
				t.Errorf("another client: %v", err)
			}
		})
	}
}

func TestWrongCallsAreRefusedAndTheConnectionStays(t *testing.T) {
	f := &fake{}
	c := dial(t, serve(t, f))
	for name, args := range map[string][]any{
		"NoSuchCall": {}, "Status": {1}, "Versions": {"one"}, "Pause": {"not a time"}, "Retry": {[]string{"x"}}, "": nil,
	} {
		var result json.RawMessage
		if err := c.call(t.Context(), name, &result, args...); engine.KindOf(err) != engine.KindInvalid {
			t.Errorf("%s%v: %v", name, args, err)
		}
	}
	if len(f.calls) != 0 {
		t.Errorf("the engine was asked %v", f.calls)
	}
	if err := c.Resume(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestTooManyCallsEndTheConnection(t *testing.T) {
	f := &fake{answer: func(ctx context.Context, _ string) (any, error) { <-ctx.Done(); return nil, ctx.Err() }}
	c := dial(t, serve(t, f))
	for range maxCalls + 1 {
		c.begin(t.Context(), "Drill", &open{answer: make(chan response, 1)}, nil)
	}
	select {
	case <-c.Done():
	case <-time.After(hang):
		t.Error("they were all taken")
	}
}

func TestSockets(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "run", "control")
	if _, err := Dial(path); !errors.Is(err, ErrNobody) {
		t.Errorf("nobody there: %v", err)
	}
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" {
		for name, want := range map[string]os.FileMode{filepath.Dir(path): os.ModeDir | 0o700, path: os.ModeSocket | 0o600} {
			if info, err := os.Lstat(name); err != nil || info.Mode() != want {
				t.Errorf("%s: %v, %v", name, info, err)
			}
		}
	}
	if _, err := Listen(path); !errors.Is(err, ErrRunning) {
		t.Errorf("a second one: %v", err)
	}
	l.(*listener).Listener.Close() // as a process that dies
	if _, err := Dial(path); !errors.Is(err, ErrNobody) {
		t.Errorf("a dead one: %v", err)
	}
	l, err = Listen(path)
	if err != nil {
		t.Fatalf("after a dead one: %v", err)
	}
	l.Close()
	if runtime.GOOS == "linux" {
		long := serveAt(t, filepath.Join(dir, strings.Repeat("long/", 40), "control"))
		if _, err := dial(t, long).Status(t.Context()); err != nil {
			t.Errorf("a long path: %v", err)
		}
		if _, err := Dial(long + "/nothing/here"); !errors.Is(err, ErrNobody) {
			t.Errorf("a long path without a folder: %v", err)
		}
	}
}

func serveAt(t *testing.T, path string) string {
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var served sync.WaitGroup
	served.Go(func() { Serve(ctx, l, &fake{}) })
	t.Cleanup(func() { stop(); served.Wait() })
	return path
}

func TestAnotherVersionIsRefused(t *testing.T) {
	for line, want := range map[string]error{
		`{"holdfast":"control","version":2}`: ErrVersion, `{"holdfast":"window","version":1}`: ErrVersion,
		`SSH-2.0-OpenSSH`: ErrNobody, ``: ErrNobody,
	} {
		ours, theirs := net.Pipe()
		go func() { fmt.Fprintln(theirs, line); theirs.Close() }()
		if _, err := start(ours); !errors.Is(err, want) {
			t.Errorf("%q: %v", line, err)
		}
	}
}
