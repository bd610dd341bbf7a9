package server

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// streamer is a service with a stream each way, whose handlers a test gives.
type streamer struct {
	down func(*tandemv1.GetTokenRequest, grpc.ServerStream) error
	up   func(grpc.ServerStream) error
}

const (
	downMethod = "/tandem.test.Streamer/Down"
	upMethod   = "/tandem.test.Streamer/Up"
)

var streamerDesc = grpc.ServiceDesc{ServiceName: "tandem.test.Streamer", HandlerType: (*any)(nil), Streams: []grpc.StreamDesc{
	{StreamName: "Down", ServerStreams: true, Handler: func(service any, stream grpc.ServerStream) error {
		r := &tandemv1.GetTokenRequest{}
		if err := stream.RecvMsg(r); err != nil {
			return err
		}
		return service.(*streamer).down(r, stream)
	}},
	{StreamName: "Up", ClientStreams: true, Handler: func(service any, stream grpc.ServerStream) error { return service.(*streamer).up(stream) }},
}}

// connections are the ways to a service: inside the process and over gRPC. Both go through the server's chain.
func connections(t *testing.T, b *bench, service *streamer) map[string]grpc.ClientConnInterface {
	t.Helper()
	unary, stream, err := b.chains()
	if err != nil {
		t.Fatal(err)
	}
	inside := newLocal(unary, stream)
	inside.RegisterService(&streamerDesc, service)
	outside := grpc.NewServer(grpc.StreamInterceptor(stream), grpc.ForceServerCodecV2(codec{}))
	outside.RegisterService(&streamerDesc, service)
	listener := bufconn.Listen(1 << 20)
	go func() { _ = outside.Serve(listener) }()
	conn, err := grpc.NewClient("passthrough:///streams", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		outside.Stop()
	})
	return map[string]grpc.ClientConnInterface{"inside": inside, "outside": conn}
}

// open starts the stream down and says what is asked.
func openDown(ctx context.Context, t *testing.T, conn grpc.ClientConnInterface, name string) grpc.ClientStream {
	t.Helper()
	stream, err := conn.NewStream(ctx, &streamerDesc.Streams[0], downMethod)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(stream.SendMsg(&tandemv1.GetTokenRequest{Name: name}), stream.CloseSend()); err != nil {
		t.Fatal(err)
	}
	return stream
}

// drain reads to the end.
func drain(stream grpc.ClientStream) (got []string, err error) {
	for {
		m := &tandemv1.Token{}
		if err := stream.RecvMsg(m); err == io.EOF {
			return got, nil
		} else if err != nil {
			return got, err
		}
		got = append(got, m.Name)
	}
}

func TestStreamsGoThroughTheChain(t *testing.T) {
	b := newBench(t, Config{})
	b.admit(t, "ended", "tdm_ended", grant.Principal{Role: grant.Viewer}, 0)
	service := &streamer{}
	for name, conn := range connections(t, b, service) {
		t.Run(name, func(t *testing.T) {
			count := func(r *tandemv1.GetTokenRequest, stream grpc.ServerStream) error {
				for i := range 3 {
					if err := stream.SendMsg(&tandemv1.Token{Name: principalOf(stream.Context()).Name + strconv.Itoa(i)}); err != nil {
						return err
					}
				}
				stream.SetTrailer(metadata.Pairs("last", r.Name))
				return nil
			}
			tests := []struct {
				name, token, asks string
				down              func(*tandemv1.GetTokenRequest, grpc.ServerStream) error
				got               string
				code              codes.Code
				says              string
			}{
				{"all is well", b.token, "tokens/a", count, "tokens/admin0 tokens/admin1 tokens/admin2", codes.OK, ""},
				{"nobody", "", "tokens/a", count, "", codes.Unauthenticated, "sign in"},
				{"a broken rule", b.token, "Tokens", count, "", codes.InvalidArgument, `name: found "Tokens"`},
				{"a fault", b.token, "tokens/a", func(*tandemv1.GetTokenRequest, grpc.ServerStream) error { return fault.New(fault.NotFound, "no") }, "", codes.NotFound, "no"},
				{"a panic", b.token, "tokens/a", func(*tandemv1.GetTokenRequest, grpc.ServerStream) error { panic("ouch") }, "", codes.Internal, "its log has the details"},
				{"a foreign error", b.token, "tokens/a", func(*tandemv1.GetTokenRequest, grpc.ServerStream) error { return io.ErrClosedPipe }, "", codes.Internal, "its log has the details"},
			}
			for _, tt := range tests {
				service.down = tt.down
				stream := openDown(as(t, tt.token, "x-request-id", "abc"), t, conn, tt.asks)
				header, _ := stream.Header()
				got, err := drain(stream)
				if strings.Join(got, " ") != tt.got || status.Code(err) != tt.code || !strings.Contains(status.Convert(err).Message(), tt.says) {
					t.Errorf("%s: got %q, %v", tt.name, got, err)
				}
				if tt.code == codes.OK && (strings.Join(header.Get("x-request-id"), "") != "abc" || strings.Join(stream.Trailer().Get("last"), "") != "tokens/a") {
					t.Errorf("%s: header %v, trailer %v", tt.name, header, stream.Trailer())
				}
			}
		})
	}
	if log := b.log.String(); !strings.Contains(log, "method="+downMethod+" code=OK") || !strings.Contains(log, "panic") || !strings.Contains(log, "principal=tokens/admin request=abc") {
		t.Errorf("the log does not tell:\n%s", log)
	}
}

func TestStreamUp(t *testing.T) {
	b := newBench(t, Config{})
	sum := func(stream grpc.ServerStream) error {
		var names []string
		for {
			m := &tandemv1.GetTokenRequest{}
			if err := stream.RecvMsg(m); err == io.EOF {
				return stream.SendMsg(&tandemv1.Token{Name: strings.Join(names, " ")})
			} else if err != nil {
				return err
			}
			names = append(names, m.Name)
		}
	}
	service := &streamer{}
	for name, conn := range connections(t, b, service) {
		t.Run(name, func(t *testing.T) {
			for _, tt := range []struct {
				name, last string
				up         func(grpc.ServerStream) error
				want       string
				code       codes.Code
			}{
				{"all is well", "tokens/b", sum, "tokens/a tokens/b", codes.OK},
				{"the second breaks a rule", "b", sum, "", codes.InvalidArgument},
				{"it stops half way", "tokens/b", func(grpc.ServerStream) error { return fault.New(fault.Exhausted, "full") }, "", codes.ResourceExhausted},
				{"an answer and then a failure", "tokens/b", func(stream grpc.ServerStream) error {
					return errors.Join(sum(stream), fault.New(fault.Unavailable, "late"))
				}, "", codes.Unavailable},
			} {
				service.up = tt.up
				stream, err := conn.NewStream(as(t, b.token), &streamerDesc.Streams[1], upMethod)
				if err != nil {
					t.Fatal(err)
				}
				for _, n := range []string{"tokens/a", tt.last} {
					if err = stream.SendMsg(&tandemv1.GetTokenRequest{Name: n}); err != nil {
						break
					}
				}
				if err != nil && err != io.EOF {
					t.Errorf("%s: sending: %v", tt.name, err)
				}
				_ = stream.CloseSend()
				answer := &tandemv1.Token{}
				err = stream.RecvMsg(answer)
				if status.Code(err) != tt.code || tt.code == codes.OK && answer.Name != tt.want {
					t.Errorf("%s: got %q, %v", tt.name, answer.Name, err)
				}
			}
		})
	}
}

// A stream ends with its token, with its caller and with the server, and leaves nothing running.
func TestStreamsEnd(t *testing.T) {
	b := newBench(t, Config{})
	expires := b.clock.Load() + time.Hour.Microseconds()
	b.admit(t, "short", "tdm_short", grant.Principal{Role: grant.Viewer}, expires)
	service := &streamer{}
	untilTold := func() (proceed chan struct{}) { // of this stream alone
		proceed = make(chan struct{})
		service.down = func(_ *tandemv1.GetTokenRequest, stream grpc.ServerStream) error {
			for {
				if err := stream.SendMsg(&tandemv1.Token{}); err != nil {
					return err
				}
				select {
				case <-proceed:
				case <-stream.Context().Done():
					return stream.Context().Err()
				}
			}
		}
		return proceed
	}
	conns := connections(t, b, service)
	before := goleak.IgnoreCurrent()
	receive := func(stream grpc.ClientStream) error { return stream.RecvMsg(&tandemv1.Token{}) }
	for name, conn := range conns {
		b.clock.Store(expires - 1)
		proceed := untilTold()
		stream := openDown(as(t, "tdm_short"), t, conn, "tokens/a")
		if err := receive(stream); err != nil {
			t.Fatal(err)
		}
		b.clock.Store(expires)
		proceed <- struct{}{}
		if err := receive(stream); status.Code(err) != codes.Unauthenticated || !strings.Contains(err.Error(), "expired") {
			t.Errorf("%s: with an expired token: %v", name, err)
		}
		ctx, leave := context.WithCancel(as(t, b.token))
		untilTold()
		stream = openDown(ctx, t, conn, "tokens/a")
		if err := receive(stream); err != nil {
			t.Fatal(err)
		}
		leave()
		if err := receive(stream); status.Code(err) != codes.Canceled {
			t.Errorf("%s: after leaving: %v", name, err)
		}
	}
	var open []grpc.ClientStream
	for _, conn := range conns {
		stream := openDown(as(t, b.token), t, conn, "tokens/a")
		if err := receive(stream); err != nil {
			t.Fatal(err)
		}
		open = append(open, stream)
	}
	b.end()
	for _, stream := range open {
		if err := receive(stream); status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "stopping") {
			t.Errorf("when the server stops: %v", err)
		}
	}
	// The connection over gRPC has goroutines of its own, which begin with its first stream.
	_ = conns["outside"].(*grpc.ClientConn).Close()
	// Both sides of the server go on, and may have begun after the look at what there was before.
	goleak.VerifyNone(t, before, goleak.IgnoreAnyFunction("google.golang.org/grpc.(*Server).Serve"), goleak.IgnoreAnyFunction("net/http.(*Server).Serve"))
}

// Who hears nothing for a while is looked at again every minute.
func TestSilentStreamsEndWithTheirToken(t *testing.T) {
	b := newBench(t, Config{})
	expires := b.clock.Load() + time.Hour.Microseconds()
	b.admit(t, "short", "tdm_short", grant.Principal{Role: grant.Viewer}, expires)
	synctest.Test(t, func(t *testing.T) {
		s := &Server{config: b.config, ledger: b.ledger}
		s.running, s.end = context.WithCancel(t.Context())
		ctx := metadata.NewIncomingContext(t.Context(), metadata.Pairs("authorization", "Bearer tdm_short"))
		ended := make(chan error)
		go func() {
			ended <- s.whileAdmitted(ctx, downMethod, func(ctx context.Context) error {
				<-ctx.Done()
				return ctx.Err()
			})
		}()
		time.Sleep(90 * time.Second) // of the bubble's clock
		select {
		case err := <-ended:
			t.Fatalf("it ended while its token held: %v", err)
		default:
		}
		b.clock.Store(expires)
		if err := <-ended; fault.KindOf(err) != fault.Unauthenticated {
			t.Errorf("it ended with %v", err)
		}
	})
}
