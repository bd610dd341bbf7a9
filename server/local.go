package server

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/allmep/tandem/internal/grant"
)

// local is a gRPC connection to the services of this process, through the interceptors that calls from outside go through. Messages are handed over,
// not copied: the gateway makes each request for one call and reads each answer once, and the services keep neither.
type local struct {
	intercept grpc.UnaryServerInterceptor
	methods   map[string]localMethod
}

type localMethod struct {
	service any
	handler grpc.MethodHandler
}

func newLocal(intercept grpc.UnaryServerInterceptor) *local {
	return &local{intercept: intercept, methods: make(map[string]localMethod)}
}

// RegisterService implements grpc.ServiceRegistrar.
func (l *local) RegisterService(desc *grpc.ServiceDesc, service any) {
	for _, m := range desc.Methods {
		l.methods["/"+desc.ServiceName+"/"+m.MethodName] = localMethod{service, m.Handler}
	}
}

// Invoke implements grpc.ClientConnInterface. Of the call options it knows those that ask for the answer's metadata.
func (l *local) Invoke(ctx context.Context, method string, request, response any, options ...grpc.CallOption) error {
	m, ok := l.methods[method]
	if !ok {
		return status.Errorf(codes.Unimplemented, "there is no method %s", method)
	}
	stream := &localStream{method: method}
	md, _ := metadata.FromOutgoingContext(ctx)
	ctx = grpc.NewContextWithServerTransportStream(metadata.NewIncomingContext(ctx, md), stream)
	answer, err := m.handler(m.service, ctx, func(v any) error { return move(v, request) }, l.intercept)
	for _, o := range options {
		switch o := o.(type) {
		case grpc.HeaderCallOption:
			*o.HeaderAddr = stream.header
		case grpc.TrailerCallOption:
			*o.TrailerAddr = stream.trailer
		}
	}
	if err != nil {
		return err
	}
	return move(response, answer)
}

// NewStream implements grpc.ClientConnInterface. Streams come to browsers by another way than the gateway's.
func (l *local) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, status.Error(codes.Unimplemented, "the local connection has no streams")
}

// move hands the fields of a message to another of the same type. What they refer to is shared from then on, so the first must not be used again.
func move(to, from any) error {
	dst, ok := to.(proto.Message)
	src, also := from.(proto.Message)
	if !ok || !also {
		return fmt.Errorf("%T and %T are not both messages", to, from)
	}
	m := dst.ProtoReflect()
	src.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		m.Set(field, v)
		return true
	})
	return nil
}

// localStream takes the metadata of an answer. One goroutine serves a local call, so it needs no lock.
type localStream struct {
	method          string
	header, trailer metadata.MD
}

// Method implements grpc.ServerTransportStream.
func (s *localStream) Method() string { return s.method }

// SetHeader implements grpc.ServerTransportStream.
func (s *localStream) SetHeader(md metadata.MD) error {
	s.header = metadata.Join(s.header, md)
	return nil
}

// SendHeader implements grpc.ServerTransportStream.
func (s *localStream) SendHeader(md metadata.MD) error { return s.SetHeader(md) }

// SetTrailer implements grpc.ServerTransportStream.
func (s *localStream) SetTrailer(md metadata.MD) error {
	s.trailer = metadata.Join(s.trailer, md)
	return nil
}

// trusted is the local connection with every call in the name of one principal.
type trusted struct {
	*local
	principal grant.Principal
}

// Invoke implements grpc.ClientConnInterface.
func (t trusted) Invoke(ctx context.Context, method string, request, response any, options ...grpc.CallOption) error {
	// What the caller hands over here it may use again.
	return t.local.Invoke(withPrincipal(ctx, t.principal), method, proto.CloneOf(request.(proto.Message)), response, options...)
}
