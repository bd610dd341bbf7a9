package server

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/allmep/tandem/internal/fault"
)

// validator holds requests against the rules of the contract.
type validator struct{ rules protovalidate.Validator }

func newValidator() (*validator, error) {
	rules, err := protovalidate.New()
	if err != nil {
		return nil, fmt.Errorf("the rules of the contract: %w", err)
	}
	return &validator{rules}, nil
}

// intercept refuses, as Invalid, a request that breaks a rule of the contract, with every field that does.
func (v *validator) intercept(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if m, ok := request.(proto.Message); ok {
		if err := checkReadable(m); err != nil {
			return nil, err
		}
		if err := v.check(m); err != nil {
			return nil, err
		}
	}
	return handler(ctx, request)
}

func (v *validator) check(m proto.Message) error {
	err := v.rules.Validate(m)
	if err == nil {
		return nil
	}
	var broken *protovalidate.ValidationError
	if !errors.As(err, &broken) {
		return err
	}
	var list fault.List
	for _, violation := range broken.Violations {
		list.Add(jsonPath(m.ProtoReflect().Descriptor(), violation.Proto.GetField()), "%s", problem(violation))
	}
	return list.Err()
}

// problem says what was found and what is accepted.
func problem(v *protovalidate.Violation) string {
	accepted := v.Proto.GetMessage()
	if accepted == "" {
		accepted = "must obey " + v.Proto.GetRuleId()
	}
	found := shown(v.FieldValue)
	if found == "" {
		return accepted
	}
	return "found " + found + "; " + accepted
}

// shown writes a value of a field, or nothing when it is too long to help or is no single value.
func shown(v protoreflect.Value) string {
	const longest = 80
	if !v.IsValid() {
		return ""
	}
	switch v := v.Interface().(type) {
	case string:
		if utf8.RuneCountInString(v) > longest {
			return fmt.Sprintf("%d characters", utf8.RuneCountInString(v))
		}
		return strconv.Quote(v)
	case bool, int32, int64, uint32, uint64, float32, float64:
		return fmt.Sprint(v)
	case protoreflect.EnumNumber:
		return strconv.Itoa(int(v))
	case protoreflect.List:
		return fmt.Sprintf("%d items", v.Len())
	}
	return ""
}

// jsonPath writes a path in a message as the path in its JSON, such as grant.funders[0].sharePercent.
func jsonPath(d protoreflect.MessageDescriptor, path *validate.FieldPath) string {
	var b strings.Builder
	for i, element := range path.GetElements() {
		if i > 0 {
			b.WriteByte('.')
		}
		name := element.GetFieldName()
		if d != nil {
			field := d.Fields().ByNumber(protoreflect.FieldNumber(element.GetFieldNumber()))
			d = nil
			if field != nil {
				name, d = field.JSONName(), field.Message()
			}
		}
		b.WriteString(name)
		switch s := element.GetSubscript().(type) {
		case *validate.FieldPathElement_Index:
			fmt.Fprintf(&b, "[%d]", s.Index)
		case *validate.FieldPathElement_StringKey:
			fmt.Fprintf(&b, "[%q]", s.StringKey)
		}
	}
	return b.String()
}
