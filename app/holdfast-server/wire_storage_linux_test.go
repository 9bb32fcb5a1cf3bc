package main

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
)

var errDead = errors.New("the server was killed here")

// storageAt passes requests on to an S3 service, and gives the address where it takes
// them. What is asked is told as "PUT data": the method and the kind of file.
func (w *wire) storageAt(host string) string {
	w.t.Helper()
	proxy := &httputil.ReverseProxy{
		Transport: &http.Transport{DisableCompression: true},
		ErrorLog:  log.New(io.Discard, "", 0), // of requests that were cut short
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: host})
			r.Out.Host = r.In.Host // is signed
		},
		ModifyResponse: func(r *http.Response) error {
			if r.Request.Context().Value(dyingAfter) == nil {
				return nil
			}
			w.kill()
			return errDead
		},
	}
	return w.serve(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		switch w.note(r.Method + kindIn(key)) {
		case before:
			w.kill()
			panic(http.ErrAbortHandler)
		case within:
			r.Body = &halved{r.Body, r.ContentLength / 2, w.kill}
		case after:
			r = r.WithContext(context.WithValue(r.Context(), dyingAfter, true))
		}
		proxy.ServeHTTP(out, r)
	}))
}

type mark string

const dyingAfter mark = "dying after"

// halved is half of a body, and then the end of the server.
type halved struct {
	io.ReadCloser
	left int64
	kill func()
}

func (h *halved) Read(p []byte) (int, error) {
	if h.left == 0 {
		h.kill()
		return 0, errDead
	}
	n, err := h.ReadCloser.Read(p[:min(int64(len(p)), h.left)])
	h.left -= int64(n)
	return n, err
}

// serve serves until the test ends.
func (w *wire) serve(handler http.Handler) (host string) {
	w.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	server := &http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0)}
	done := make(chan struct{})
	go func() { defer close(done); server.Serve(l) }()
	w.t.Cleanup(func() { server.Close(); <-done })
	return l.Addr().String()
}
