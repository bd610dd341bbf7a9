package server

import (
	"context"
	"io"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

type localStreams struct {
	service any
	handler grpc.StreamHandler
}

// localStream is a stream of the local connection. Each message is handed from one side to the other and waited with until it is taken, so that neither
// runs ahead of the other. It lasts until the handler returns, which it does when the client's context ends.
type localStream struct {
	ctx      context.Context // the client's
	requests chan any        // from the client
	answers  chan any        // from the server
	close    sync.Once
	closed   chan struct{} // the client has sent everything
	begin    sync.Once
	begun    chan struct{} // the header is there
	header   metadata.MD
	ended    chan struct{} // the handler has returned err
	err      error
	told     localMetadata // the server's until ended
}

// NewStream implements grpc.ClientConnInterface. As with any connection, the caller reads to the end or cancels ctx.
func (l *local) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, _ ...grpc.CallOption) (grpc.ClientStream, error) {
	m, ok := l.streams[method]
	if !ok {
		return nil, status.Errorf(codes.Unimplemented, "there is no stream %s", method)
	}
	s := &localStream{ctx: ctx, requests: make(chan any), answers: make(chan any), closed: make(chan struct{}), begun: make(chan struct{}),
		ended: make(chan struct{}), told: localMetadata{method: method}}
	server := &localServer{s, s.told.incoming(ctx)}
	info := &grpc.StreamServerInfo{FullMethod: method, IsClientStream: desc.ClientStreams, IsServerStream: desc.ServerStreams}
	go func() {
		s.err = l.stream(m.service, server, info, m.handler)
		s.start()
		close(s.ended)
	}()
	return &localClient{s, desc}, nil
}

// start sends the header, if it was not sent.
func (s *localStream) start() {
	s.begin.Do(func() {
		s.header = s.told.header
		close(s.begun)
	})
}

// pass hands a message over, or returns io.EOF when over is closed first.
func (s *localStream) pass(to chan<- any, m any, over <-chan struct{}) error {
	select {
	case to <- m:
		return nil
	case <-over:
		return io.EOF
	case <-s.ctx.Done():
		return status.FromContextError(s.ctx.Err()).Err()
	}
}

// take receives a message into one of the same type, or returns io.EOF when over is closed and there is none.
func (s *localStream) take(from <-chan any, into any, over <-chan struct{}) error {
	select {
	case m := <-from:
		return move(into, m)
	case <-over:
		return io.EOF
	case <-s.ctx.Done():
		return status.FromContextError(s.ctx.Err()).Err()
	}
}

// localClient is the client's side of a local stream.
type localClient struct {
	*localStream
	desc *grpc.StreamDesc
}

// Header implements grpc.ClientStream.
func (c *localClient) Header() (metadata.MD, error) {
	select {
	case <-c.begun:
		return c.header, nil
	case <-c.ctx.Done():
		return nil, status.FromContextError(c.ctx.Err()).Err()
	}
}

// Trailer implements grpc.ClientStream.
func (c *localClient) Trailer() metadata.MD {
	select {
	case <-c.ended:
		return c.told.trailer
	default:
		return nil
	}
}

// CloseSend implements grpc.ClientStream.
func (c *localClient) CloseSend() error {
	c.close.Do(func() { close(c.closed) })
	return nil
}

// Context implements grpc.ClientStream.
func (c *localClient) Context() context.Context { return c.ctx }

// SendMsg implements grpc.ClientStream. The message must not be used again.
func (c *localClient) SendMsg(m any) error {
	err := c.pass(c.requests, m, c.ended)
	if !c.desc.ClientStreams {
		return nil // RecvMsg tells
	}
	return err
}

// RecvMsg implements grpc.ClientStream.
func (c *localClient) RecvMsg(m any) error {
	err := c.take(c.answers, m, c.ended)
	if err == nil && !c.desc.ServerStreams {
		// The only answer stands when the handler says so.
		select {
		case <-c.ended:
			return c.err
		case <-c.ctx.Done():
			return status.FromContextError(c.ctx.Err()).Err()
		}
	}
	if err == io.EOF && c.err != nil {
		return c.err
	}
	return err
}

// localServer is the server's side of a local stream.
type localServer struct {
	*localStream
	ctx context.Context
}

// SetHeader implements grpc.ServerStream.
func (s *localServer) SetHeader(md metadata.MD) error { return s.told.SetHeader(md) }

// SendHeader implements grpc.ServerStream.
func (s *localServer) SendHeader(md metadata.MD) error {
	err := s.told.SetHeader(md)
	s.start()
	return err
}

// SetTrailer implements grpc.ServerStream.
func (s *localServer) SetTrailer(md metadata.MD) { _ = s.told.SetTrailer(md) }

// Context implements grpc.ServerStream.
func (s *localServer) Context() context.Context { return s.ctx }

// SendMsg implements grpc.ServerStream.
func (s *localServer) SendMsg(m any) error {
	s.start()
	return s.pass(s.answers, m, nil)
}

// RecvMsg implements grpc.ServerStream.
func (s *localServer) RecvMsg(m any) error { return s.take(s.requests, m, s.closed) }
