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
	if err := v.admit(request); err != nil {
		return nil, err
	}
	return handler(ctx, request)
}

// admit refuses, as Invalid, a message that cannot be read or breaks a rule of the contract.
func (v *validator) admit(message any) error {
	m, ok := message.(proto.Message)
	if !ok {
		return nil
	}
	if err := checkReadable(m); err != nil {
		return err
	}
	return v.check(m)
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
	if v.Proto.GetRuleId() == "string.pattern" {
		accepted = inWords(v.RuleValue.String())
	}
	found := shown(v.FieldValue)
	if found == "" {
		return accepted
	}
	return "found " + found + "; " + accepted
}

// patterns are the contract's regular expressions, in the words of someone who need not read them. That of a resource's name is told by its beginning.
var patterns = map[string]string{
	"^[A-Z]{3}$":                           "an ISO 4217 code in capital letters, such as USD",
	"^([A-Z]{2}|PRIVATE)$":                 "the code of a country (ISO 3166, two capital letters), EU, UN or PRIVATE",
	"^[0-9]{5}$":                           "a DAC purpose code of five digits, such as 15220",
	"^[A-Z0-9][A-Z0-9-]{0,9}$":             "an ISO 3166 or IATI region code, such as PS or 589",
	"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$": "1 to 63 lower-case letters, digits and inner hyphens",
	"^(themes|locations|populations)/":     "a resource name such as themes/water",
	"^organisations/":                      "a resource name such as organisations/ecopeace",
	"^programmes/":                         "a resource name such as programmes/meppa",
	"^themes/":                             "a resource name such as themes/water",
	"^locations/":                          "a resource name such as locations/jerusalem",
	"^populations/":                        "a resource name such as populations/youth",
	"^grants/":                             "a resource name that begins with grants/",
	"^targets/":                            "a resource name that begins with targets/",
	"^mappings/":                           "a resource name such as mappings/sida",
	"^[A-Z]{0,3}$":                         "the letter of a column in capitals, such as D or AA",
	"^tokens/":                             "a resource name that begins with tokens/",
	"^([1-9][0-9]{0,17}:[0-9a-f]{64})?$":   "the number of a revision, a colon and its hash, as verify gives them",
	"^revisions/":                          "revisions/ and a number",
	"^overlaps/":                           "the name of an overlap as the list of overlaps gives it",
}

func inWords(pattern string) string {
	words, ok := patterns[pattern]
	if !ok {
		words, ok = patterns[pattern[:strings.IndexByte(pattern, '/')+1]]
	}
	if !ok {
		words = "what matches " + pattern
	}
	return "accepted is " + words
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
