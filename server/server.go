// Package server offers Tandem over gRPC and, through a gateway, over HTTP with JSON and CSV. Every call, from either side, goes through one chain of
// interceptors to one set of services, each of which is thin: message to value, one call of the ledger, value to message.
//
// It is the only room that knows gRPC, HTTP and generated messages. It may not decide about money, days or permissions, and it knows no SQL.
package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"

	"github.com/allmep/tandem/internal/authn"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// maxMessage is how many bytes a request may have. A batch of 1,000 grants of usual size fits in.
const maxMessage = 4 << 20

// Config is what a Server works with. Of those that may be left out, the zero value says what it means.
type Config struct {
	// OIDC checks the tokens that are not Tandem's own; nil refuses them.
	OIDC *authn.OIDC
	// TLS secures both listeners; nil leaves them plain.
	TLS *tls.Config
	// RateLimit is how many calls per second one principal may make in the long run, and twice as many at once; 0 sets no limit.
	RateLimit float64
	// Timeout is how long a call may take; 0 means 30 seconds.
	Timeout time.Duration
	// Log takes a line for every call; nil means slog's default.
	Log *slog.Logger
	// Build names the program, so that caches do not outlive it.
	Build string
	// NewSecret makes the secrets of tokens.
	NewSecret func() string
}

// Server answers calls. Make one with New.
type Server struct {
	config      Config
	ledger      *ledger.Ledger
	metrics     *metrics
	limits      *limiter
	conditional *conditional
	local       *local
	grpc        *grpc.Server
	health      *health.Server
	http        http.Handler
	running     context.Context // done when the server stops
	end         context.CancelFunc
}

// New makes a server for a ledger. It listens to nobody until Serve.
func New(config Config, l *ledger.Ledger) (*Server, error) {
	if config.Timeout == 0 {
		config.Timeout = 30 * time.Second
	}
	if config.Log == nil {
		config.Log = slog.Default()
	}
	s := &Server{config: config, ledger: l, limits: newLimiter(config.RateLimit), health: health.NewServer(), conditional: &conditional{ledger: l, build: config.Build}}
	s.metrics = newMetrics(func() float64 { return float64(l.State().Revision) })
	s.running, s.end = context.WithCancel(context.Background())
	unary, stream, err := s.chains()
	if err != nil {
		return nil, err
	}
	s.local = newLocal(unary, stream)
	options := []grpc.ServerOption{
		grpc.UnaryInterceptor(unary),
		grpc.StreamInterceptor(stream),
		grpc.MaxRecvMsgSize(maxMessage),
		grpc.ForceServerCodecV2(codec{}),
		// Whoever listens to a stream and is gone is noticed, and may look whether the server still is there.
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 30 * time.Second, Timeout: 15 * time.Second}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
	}
	if config.TLS != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(config.TLS)))
	}
	s.grpc = grpc.NewServer(options...)
	registerServices(both{s.grpc, s.local}, l, config.NewSecret)
	tandemv1.RegisterExportServiceServer(both{s.grpc, s.local}, exports{l: l, etag: s.conditional.etag})
	tandemv1.RegisterAdminServiceServer(s.grpc, admin{l: l, program: config.Build})
	healthv1.RegisterHealthServer(s.grpc, s.health)
	reflection.Register(s.grpc)
	s.metrics.calls.InitializeMetrics(s.grpc)
	if s.http, err = s.handler(); err != nil {
		return nil, err
	}
	return s, nil
}

// both registers services with two registrars at once.
type both [2]grpc.ServiceRegistrar

// RegisterService implements grpc.ServiceRegistrar.
func (b both) RegisterService(desc *grpc.ServiceDesc, service any) {
	b[0].RegisterService(desc, service)
	b[1].RegisterService(desc, service)
}

// Handler is the HTTP side: the gateway, and the pages beside it.
func (s *Server) Handler() http.Handler { return s.http }

// As is a connection inside the process, through the same interceptors, whose calls are p's. It is for the program's own work at its start.
func (s *Server) As(p grant.Principal) grpc.ClientConnInterface { return trusted{s.local, p} }

// stopWithin is how long calls that have begun may go on once the server is told to stop.
const stopWithin = 10 * time.Second

// Serve answers on both listeners until ctx is done or one of them fails, then lets the calls that have begun finish, for at most ten seconds, and
// returns nil if all went well.
func (s *Server) Serve(ctx context.Context, grpcListener, httpListener net.Listener) error {
	web := &http.Server{
		Handler:           s.http,
		TLSConfig:         s.config.TLS,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      s.config.Timeout + time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(s.config.Log.Handler(), slog.LevelDebug),
	}
	if s.config.TLS != nil {
		httpListener = tls.NewListener(httpListener, s.config.TLS)
	}
	failed := make(chan error, 2)
	go func() { failed <- s.grpc.Serve(grpcListener) }()
	go func() { failed <- web.Serve(httpListener) }()
	var err error
	running := 2
	select {
	case <-ctx.Done():
	case err = <-failed:
		running--
	}
	s.stop(web)
	for range running {
		<-failed //nolint:errcheck // what a stopped listener says is no news
	}
	if err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	return nil
}

// stop tells whoever watches that the server is going, ends the streams, and stops both sides.
func (s *Server) stop(web *http.Server) {
	s.health.Shutdown()
	s.end()
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	stopped := make(chan struct{})
	go func() {
		s.grpc.GracefulStop()
		close(stopped)
	}()
	if web.Shutdown(ctx) != nil {
		_ = web.Close()
	}
	select {
	case <-stopped:
	case <-ctx.Done():
		s.grpc.Stop()
		<-stopped
	}
}
