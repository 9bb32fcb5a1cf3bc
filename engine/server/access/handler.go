package access

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// bodyLimit is for routes that say nothing else.
const bodyLimit = 1 << 20

// gate is the Handler.
type gate struct {
	o       Options
	mux     *http.ServeMux
	origins *http.CrossOriginProtection
}

// bound is a route in the mux.
type bound struct {
	g *gate
	Route
}

// Handler serves the routes. It refuses a table with a route that does not say who
// may use it, does nothing, or stands in the way of another.
func Handler(routes []Route, o Options) (http.Handler, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Sessions == nil || o.Computers == nil || o.People == nil {
		return nil, errors.New("access: sessions, computers and people are needed to know who calls")
	}
	g := &gate{o, http.NewServeMux(), http.NewCrossOriginProtection()}
	if o.Origin != "" {
		if err := g.origins.AddTrustedOrigin(o.Origin); err != nil {
			return nil, fmt.Errorf("access: origin: %w", err)
		}
	}
	for _, route := range routes {
		if err := route.check(); err != nil {
			return nil, fmt.Errorf("access: route %s %s: %w", route.Method, route.Pattern, err)
		}
		if route.Need == Removing && o.Removals == nil {
			return nil, errors.New("access: removals are needed to know who may remove")
		}
		if err := g.bind(route); err != nil {
			return nil, err
		}
	}
	return g, nil
}

var (
	needs   = []Need{Anyone, SignedIn, Fresh, Administrator, FreshAdministrator, Computer, ComputerOrPerson, Removing}
	methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
)

func (r Route) check() error {
	switch {
	case !slices.Contains(methods, r.Method):
		return errors.New("it has no method of those the server answers")
	case !strings.HasPrefix(r.Pattern, "/"):
		return errors.New("its pattern is not a path")
	case r.Need == "":
		return errors.New("it does not say who may use it")
	case !slices.Contains(needs, r.Need):
		return fmt.Errorf("it needs %q, which is not known", r.Need)
	case r.Handle == nil:
		return errors.New("it does nothing")
	case r.Page && (r.Need == Computer || r.Need == ComputerOrPerson || r.Need == Removing):
		return errors.New("a page is for people, not for computers")
	case r.Body < -1:
		return errors.New("its limit on bodies is below nothing")
	}
	return nil
}

// bind puts a route into the mux, whose complaints are panics.
func (g *gate) bind(route Route) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("access: route %s %s: %v", route.Method, route.Pattern, p)
		}
	}()
	g.mux.Handle(route.Method+" "+route.Pattern, &bound{g, route})
	return nil
}

// exchange is one request and its answer.
type exchange struct {
	id     string
	began  time.Time
	caller Caller
	route  *bound // nil when none is asked for
	w      *recorder
	in     *counter
	err    error // of the route, for the log
}

type exchangeKey struct{}

// RequestID is the number by which the log knows a request.
func RequestID(ctx context.Context) string {
	if e, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return e.id
	}
	return ""
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e := &exchange{id: strings.ToLower(rand.Text()[:16]), began: g.o.Now(), w: &recorder{ResponseWriter: w}, in: &counter{ReadCloser: r.Body}}
	r = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, e))
	r.Body = e.in
	defer g.finish(r, e)
	e.caller.Address = clientAddress(r, g.o.TrustedProxies)
	setHeaders(w.Header(), r)
	w.Header().Set("X-Request-Id", e.id)
	if !isOnePath(r.URL) {
		g.refuse(e, r, badPath())
		return
	}
	h, _ := g.mux.Handler(r)
	if b, ok := h.(*bound); ok {
		e.route = b
		g.mux.ServeHTTP(e.w, r) // this time with the values of the path
		return
	}
	g.refuse(e, r, g.unrouted(h, r, w.Header()))
}

// unrouted is the problem with a request that no route answers: the mux knows the
// path with other methods, or not at all. What else the mux would do, such as
// redirect to a path that it likes better, is not done.
func (g *gate) unrouted(h http.Handler, r *http.Request, header http.Header) Problem {
	said := &unsent{header: http.Header{}}
	h.ServeHTTP(said, r)
	if said.status != http.StatusMethodNotAllowed {
		return notFound()
	}
	header.Set("Allow", said.header.Get("Allow"))
	return Problem{Status: http.StatusMethodNotAllowed, Code: "bad_request", Message: "This address does not answer to this method."}
}

// ServeHTTP is called by the mux.
func (b *bound) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e, ok := r.Context().Value(exchangeKey{}).(*exchange)
	if !ok { // cannot be: only gate calls the mux
		http.Error(w, "internal", http.StatusInternalServerError)
		return
	}
	if err := b.answer(r, e); err != nil {
		e.err = err
		b.g.refuse(e, r, problemOf(r.Context(), err, e.id))
	}
}

func (b *bound) answer(r *http.Request, e *exchange) error {
	if err := b.g.origins.Check(r); err != nil {
		return Problem{Status: http.StatusForbidden, Code: "forbidden", Message: "This came from a page of another site, so the server did not do it. Open the server's own page and try there."}
	}
	if err := b.limitBody(r, e); err != nil {
		return err
	}
	caller, err := b.g.authenticate(r, b.Route, e.caller)
	if err != nil && b.Need != Anyone {
		return err
	}
	if err != nil { // somebody unknown may do this too
		if p, ok := errors.AsType[Problem](err); !ok || p.Status >= 500 {
			b.g.o.Log.LogAttrs(r.Context(), slog.LevelWarn, "who calls could not be looked up", slog.String("request", e.id), slog.Any("error", err))
		}
	}
	e.caller = caller
	if err := b.allow(caller, b.g.o.Now()); err != nil {
		return err
	}
	return b.Handle(e.w, r, caller)
}

func (b *bound) limitBody(r *http.Request, e *exchange) error {
	limit := b.Body
	if limit < 0 {
		return nil
	}
	if limit == 0 {
		limit = bodyLimit
	}
	if r.ContentLength > limit {
		return tooLarge(limit, nil)
	}
	r.Body = http.MaxBytesReader(e.w.ResponseWriter, r.Body, limit)
	return nil
}

// refuse answers with a problem, in the way that the asker reads.
func (g *gate) refuse(e *exchange, r *http.Request, p Problem) {
	e.err = p
	if e.w.status != 0 || p.Status == statusGone { // half an answer is out already, or nobody waits for one
		panic(http.ErrAbortHandler)
	}
	page := e.route != nil && e.route.Page || e.route == nil && !isForPrograms(r.URL.Path)
	header := e.w.Header()
	for _, name := range []string{"Content-Length", "Content-Encoding", "Content-Range", "Content-Disposition", "ETag", "Last-Modified"} {
		header.Del(name) // of the answer that was not to be
	}
	header.Set("Cache-Control", "no-store")
	if p.RetryAfter > 0 {
		header.Set("Retry-After", retryAfter(p.RetryAfter))
	}
	if p.Status == http.StatusUnauthorized && e.route != nil {
		header.Set("WWW-Authenticate", e.route.challenge())
	}
	if page && e.route != nil {
		if to := signIn(r, p); to != "" {
			http.Redirect(e.w, r, to, http.StatusSeeOther)
			return
		}
	}
	if page && g.o.RenderProblem != nil {
		g.o.RenderProblem(e.w, r, p)
		return
	}
	WriteProblem(e.w, r, p)
}

func isForPrograms(path string) bool {
	for _, prefix := range []string{"/api/", "/oauth/", "/storage/"} {
		if path+"/" == prefix || strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

// finish tells what became of a request, and turns a panic of a route into an answer.
func (g *gate) finish(r *http.Request, e *exchange) {
	p := recover()
	if p != nil && p != http.ErrAbortHandler {
		err := fmt.Errorf("panic: %v", p)
		g.o.Log.LogAttrs(r.Context(), slog.LevelError, "a route panicked", slog.String("request", e.id), slog.Any("error", err), slog.String("stack", string(debug.Stack())))
		p = g.afterPanic(r, e, err)
	}
	g.tell(r, e, p != nil)
	if p != nil {
		panic(p)
	}
}

// afterPanic answers if nothing is out yet, and otherwise says to cut the connection.
func (g *gate) afterPanic(r *http.Request, e *exchange, err error) (cut any) {
	defer func() {
		if recover() != nil {
			cut = http.ErrAbortHandler
		}
	}()
	g.refuse(e, r, internal(err, e.id))
	return nil
}

func (g *gate) tell(r *http.Request, e *exchange, cut bool) {
	took := g.o.Now().Sub(e.began)
	method, pattern, status := "other", "", e.w.status
	if slices.Contains(methods, r.Method) {
		method = r.Method
	}
	if e.route != nil {
		pattern = e.route.Pattern
	}
	if status == 0 {
		status = http.StatusOK
	}
	if cut && (e.w.status == 0 || r.Context().Err() != nil) {
		status = statusGone
	}
	if g.o.Observe != nil {
		g.o.Observe(pattern, method, status, took, e.in.n.Load()+e.w.bytes)
	}
	attrs := []slog.Attr{
		slog.String("request", e.id), slog.String("method", method), slog.String("pattern", pattern), slog.Int("status", status),
		slog.Duration("took", took), slog.Int64("received", e.in.n.Load()), slog.Int64("sent", e.w.bytes), slog.String("address", e.caller.Address.String()),
	}
	if e.caller.Person != nil {
		attrs = append(attrs, slog.String("person", e.caller.Person.ID))
	}
	if e.caller.Computer != nil {
		attrs = append(attrs, slog.String("computer", e.caller.Computer.ID))
	}
	if e.caller.Removal != "" {
		attrs = append(attrs, slog.String("removal", e.caller.Removal))
	}
	if cut {
		attrs = append(attrs, slog.Bool("cut", true)) // the client got half an answer or none
	}
	level := slog.LevelInfo
	if problem, ok := errors.AsType[Problem](e.err); ok {
		attrs = append(attrs, slog.String("code", problem.Code))
		if problem.Err != nil {
			attrs = append(attrs, slog.String("error", problem.Err.Error()))
		}
		if problem.Status >= 500 && problem.Status != http.StatusInsufficientStorage {
			level = slog.LevelError
		}
	}
	g.o.Log.LogAttrs(r.Context(), level, "request", attrs...)
}
