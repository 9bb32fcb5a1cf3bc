package operations

import (
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the server's figures. It is safe for use by several goroutines.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	took     *prometheus.HistogramVec
	bytes    *prometheus.CounterVec
	moved    *prometheus.CounterVec
	refused  *prometheus.CounterVec
	signIns  *prometheus.CounterVec
}

// NewMetrics counts from zero for a version of the program.
func NewMetrics(version string) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: counter("holdfast_requests_total", "Requests that were answered; status is its class, such as 2xx.", "pattern", "method", "status"),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "holdfast_request_seconds", Help: "How long answers took.",
			Buckets: []float64{.005, .02, .1, .5, 2, 10, 60}}, []string{"pattern", "method"}),
		bytes:   counter("holdfast_request_bytes_total", "Bytes of the bodies of requests and answers together.", "pattern", "method"),
		moved:   counter("holdfast_storage_bytes_total", "Bytes of stored files that were moved.", "direction"),
		refused: counter("holdfast_uploads_refused_total", "Uploads that were not taken; 507 is a full disk.", "status"),
		signIns: counter("holdfast_sign_ins_total", "Questions of the app for a session; 4xx may also be one that waits for its person.", "status"),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{Name: "holdfast_build_info", Help: "1, with the version.",
		ConstLabels: prometheus.Labels{"version": strings.ToValidUTF8(version, "?"), "go": runtime.Version()}})
	build.Set(1)
	m.registry.MustRegister(m.requests, m.took, m.bytes, m.moved, m.refused, m.signIns, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// methods are those that are counted by name; clients may invent others without end.
var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}

// Observe is told of each answer; access.Options want it. Patterns are taken to be
// those of routes, of which there is a fixed number.
func (m *Metrics) Observe(pattern, method string, status int, took time.Duration, bytes int64) {
	if pattern == "" {
		pattern = "none" // whatever paths were tried: one row
	}
	if !slices.Contains(methods, method) {
		method = "other"
	}
	moved := float64(max(0, bytes)) // a counter that is told to go back panics
	m.requests.WithLabelValues(pattern, method, class(status)).Inc()
	m.took.WithLabelValues(pattern, method).Observe(took.Seconds())
	m.bytes.WithLabelValues(pattern, method).Add(moved)
	if pattern == "/oauth/token" {
		m.signIns.WithLabelValues(class(status)).Inc()
	}
	if !strings.HasPrefix(pattern, "/storage/") {
		return
	}
	switch method {
	case http.MethodPost, http.MethodPut:
		m.moved.WithLabelValues("up").Add(moved)
		if status >= 400 && status <= 599 {
			m.refused.WithLabelValues(strconv.Itoa(status)).Inc()
		}
	case http.MethodGet:
		m.moved.WithLabelValues("down").Add(moved)
	}
}

// class is the first digit of a status (RFC 9110, section 15).
func class(status int) string {
	if status < 100 || status > 599 {
		return "other"
	}
	return strconv.Itoa(status/100) + "xx"
}

// Watch adds a figure that is asked for when Prometheus reads, such as the letters
// that wait. The name is without the prefix. It is to be called before serving.
func (m *Metrics) Watch(name, help string, value func() float64) error {
	return m.registry.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "holdfast_" + name, Help: help}, value))
}

// Handler answers Prometheus.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
