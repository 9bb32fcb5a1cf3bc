package operations

import (
	"net/http"
	"runtime"
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
	took     *prometheus.HistogramVec
	bytes    *prometheus.CounterVec
	refused  *prometheus.CounterVec
	signIns  *prometheus.CounterVec
}

// NewMetrics counts from zero for a version of the program.
func NewMetrics(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "holdfast_request_seconds", Help: "How long answers took.",
			Buckets: []float64{.005, .02, .1, .5, 2, 10, 60}}, []string{"pattern", "method", "status"}),
		bytes:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "holdfast_storage_bytes_total", Help: "Bytes of stored files that were moved."}, []string{"direction"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "holdfast_uploads_refused_total", Help: "Uploads that were not taken."}, []string{"status"}),
		signIns: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "holdfast_sign_ins_total", Help: "Questions of the app for a session."}, []string{"status"}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{Name: "holdfast_build_info", Help: "1, with the version.",
		ConstLabels: prometheus.Labels{"version": version, "go": runtime.Version()}})
	build.Set(1)
	m.registry.MustRegister(m.took, m.bytes, m.refused, m.signIns, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Observe is told of each answer; access.Options want it.
func (m *Metrics) Observe(pattern, method string, status int, took time.Duration, bytes int64) {
	code := strconv.Itoa(status)
	if pattern == "" {
		pattern = "none" // whatever paths were tried: one row
	}
	m.took.WithLabelValues(pattern, method, code).Observe(took.Seconds())
	if pattern == "/oauth/token" {
		m.signIns.WithLabelValues(code).Inc()
	}
	if !strings.HasPrefix(pattern, "/storage/") {
		return
	}
	switch method {
	case http.MethodPost, http.MethodPut:
		m.bytes.WithLabelValues("up").Add(float64(bytes))
		if status >= 400 {
			m.refused.WithLabelValues(code).Inc()
		}
	case http.MethodGet:
		m.bytes.WithLabelValues("down").Add(float64(bytes))
	}
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
