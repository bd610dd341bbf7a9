package server

import (
	"google.golang.org/grpc/encoding"
	grpcproto "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/allmep/tandem/internal/fault"
)

// codec is gRPC's own for protocol buffers but for one thing: gRPC answers Internal for a message that cannot be read, as one with invalid UTF-8, though
// the fault is the caller's. So an unreadable message comes through as an empty one with a mark, which the validation interceptor refuses as Invalid.
// The mark is an unknown field with the greatest number that there can be; a caller that sends it itself is refused likewise.
type codec struct{}

// markField carries the reason why a message could not be read.
const markField = protowire.MaxValidNumber

func inner() encoding.CodecV2 { return encoding.GetCodecV2(grpcproto.Name) }

// Name implements encoding.CodecV2.
func (codec) Name() string { return grpcproto.Name }

// Marshal implements encoding.CodecV2.
func (codec) Marshal(v any) (mem.BufferSlice, error) { return inner().Marshal(v) }

// Unmarshal implements encoding.CodecV2.
func (codec) Unmarshal(data mem.BufferSlice, v any) error {
	err := inner().Unmarshal(data, v)
	m, ok := v.(proto.Message)
	if err == nil || !ok {
		return err
	}
	proto.Reset(m)
	mark := protowire.AppendTag(nil, markField, protowire.BytesType)
	m.ProtoReflect().SetUnknown(protowire.AppendString(mark, err.Error()))
	return nil
}

// checkReadable refuses, as Invalid, a message that the codec could not read.
func checkReadable(m proto.Message) error {
	unknown := m.ProtoReflect().GetUnknown()
	for len(unknown) > 0 {
		number, kind, n := protowire.ConsumeTag(unknown)
		if n < 0 {
			return nil
		}
		if number == markField && kind == protowire.BytesType {
			reason, _ := protowire.ConsumeString(unknown[n:])
			return fault.New(fault.Invalid, "the message cannot be read: %s", plain(reason))
		}
		unknown = unknown[n:]
		if n = protowire.ConsumeFieldValue(number, kind, unknown); n < 0 {
			return nil
		}
		unknown = unknown[n:]
	}
	return nil
}
