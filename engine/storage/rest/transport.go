package rest

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	dialTimeout   = 15 * time.Second
	idleTimeout   = 90 * time.Second
	stallTimeout  = 2 * time.Minute // longer than a slow disk takes to flush a pack
	maxIdle       = 32              // connections; as many as uploads run at once, and more
	bufferSize    = 64 << 10        // bytes, of a connection and direction
	expectTimeout = 5 * time.Second
)

// NewTransport makes the pool of connections that a store is meant for: HTTP/1.1, TLS
// sessions resumed, full TLS records from the first byte on, and an end to a
// connection on which nothing has moved for two minutes, however large the file. c may
// say who is trusted; it is not kept.
func NewTransport(c *tls.Config) *http.Transport {
	if c == nil {
		c = &tls.Config{}
	}
	c = c.Clone()
	c.MinVersion = max(c.MinVersion, tls.VersionTLS12)
	c.DynamicRecordSizingDisabled = true // small records are for pages, not for packs
	if c.ClientSessionCache == nil {
		c.ClientSessionCache = tls.NewLRUClientSessionCache(maxIdle)
	}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	dialer := &net.Dialer{Timeout: dialTimeout}
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &watched{Conn: conn, stall: stallTimeout, began: time.Now()}, nil
		},
		TLSClientConfig:       c,
		TLSHandshakeTimeout:   dialTimeout,
		Protocols:             &protocols,
		DisableCompression:    true, // packs are ciphertext
		MaxIdleConnsPerHost:   maxIdle,
		IdleConnTimeout:       idleTimeout,
		ExpectContinueTimeout: expectTimeout,
		ReadBufferSize:        bufferSize,
		WriteBufferSize:       bufferSize,
	}
}

// watched is a connection that ends when nothing moves for a while. Reading is
// extended by writing too: an upload over a slow line has nothing to read for hours.
type watched struct {
	net.Conn
	stall time.Duration
	began time.Time
	moved atomic.Int64 // when the deadline was set last, in nanoseconds after began
}

func (c *watched) Read(p []byte) (int, error) {
	c.extend()
	n, err := c.Conn.Read(p)
	c.extend()
	return n, err
}

func (c *watched) Write(p []byte) (int, error) {
	c.extend()
	return c.Conn.Write(p)
}

// extend sets the deadline anew, at most once a second because it costs.
func (c *watched) extend() {
	now := time.Since(c.began).Nanoseconds() + 1
	last := c.moved.Load()
	if last != 0 && now-last < int64(time.Second) || !c.moved.CompareAndSwap(last, now) {
		return
	}
	// A connection that cannot be given a deadline is closed already.
	_ = c.SetDeadline(time.Now().Add(c.stall))
}
