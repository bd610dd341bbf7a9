package server

import (
	grpcprometheus "github.com/grpc-ecosystem/go-grpc-middleware/providers/prometheus"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// metrics are what /metrics tells. They count calls and say nothing of what was asked or by whom.
type metrics struct {
	registry *prometheus.Registry
	calls    *grpcprometheus.ServerMetrics
}

// newMetrics makes metrics of their own, so that two servers in one process do not get in each other's way.
func newMetrics(revision func() float64) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		calls: grpcprometheus.NewServerMetrics(grpcprometheus.WithServerHandlingTimeHistogram(
			grpcprometheus.WithHistogramBuckets([]float64{.0001, .0005, .001, .005, .01, .05, .1, .5, 1, 5, 30}))),
	}
	m.registry.MustRegister(m.calls, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "tandem_revision", Help: "The number of the newest revision."}, revision))
	return m
}
