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
	unary   grpc.UnaryServerInterceptor
	stream  grpc.StreamServerInterceptor
	methods map[string]localMethod
	streams map[string]localStreams
}

type localMethod struct {
	service any
	handler grpc.MethodHandler
}

func newLocal(unary grpc.UnaryServerInterceptor, stream grpc.StreamServerInterceptor) *local {
	return &local{unary: unary, stream: stream, methods: make(map[string]localMethod), streams: make(map[string]localStreams)}
}

// RegisterService implements grpc.ServiceRegistrar.
func (l *local) RegisterService(desc *grpc.ServiceDesc, service any) {
	for _, m := range desc.Methods {
		l.methods["/"+desc.ServiceName+"/"+m.MethodName] = localMethod{service, m.Handler}
	}
	for _, m := range desc.Streams {
		l.streams["/"+desc.ServiceName+"/"+m.StreamName] = localStreams{service, m.Handler}
	}
}

// Invoke implements grpc.ClientConnInterface. Of the call options it knows those that ask for the answer's metadata.
func (l *local) Invoke(ctx context.Context, method string, request, response any, options ...grpc.CallOption) error {
	m, ok := l.methods[method]
	if !ok {
		return status.Errorf(codes.Unimplemented, "there is no method %s", method)
	}
	told := &localMetadata{method: method}
	answer, err := m.handler(m.service, told.incoming(ctx), func(v any) error { return move(v, request) }, l.unary)
	for _, o := range options {
		switch o := o.(type) {
		case grpc.HeaderCallOption:
			*o.HeaderAddr = told.header
		case grpc.TrailerCallOption:
			*o.TrailerAddr = told.trailer
		}
	}
	if err != nil {
		return err
	}
	return move(response, answer)
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

// localMetadata takes the metadata of an answer. One goroutine serves a local call, so it needs no lock.
type localMetadata struct {
	method          string
	header, trailer metadata.MD
}

// incoming makes the context of a call's server of that of its client.
func (s *localMetadata) incoming(ctx context.Context) context.Context {
	md, _ := metadata.FromOutgoingContext(ctx)
	return grpc.NewContextWithServerTransportStream(metadata.NewIncomingContext(ctx, md), s)
}

// Method implements grpc.ServerTransportStream.
func (s *localMetadata) Method() string { return s.method }

// SetHeader implements grpc.ServerTransportStream.
func (s *localMetadata) SetHeader(md metadata.MD) error {
	s.header = metadata.Join(s.header, md)
	return nil
}

// SendHeader implements grpc.ServerTransportStream.
func (s *localMetadata) SendHeader(md metadata.MD) error { return s.SetHeader(md) }

// SetTrailer implements grpc.ServerTransportStream.
func (s *localMetadata) SetTrailer(md metadata.MD) error {
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

// NewStream implements grpc.ClientConnInterface.
func (t trusted) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, options ...grpc.CallOption) (grpc.ClientStream, error) {
	return t.local.NewStream(withPrincipal(ctx, t.principal), desc, method, options...)
}
