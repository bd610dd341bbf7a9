package server

import (
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/allmep/tandem/internal/fault"
)

// applyMask sets in dst the fields of src that the mask names, or those that src has when there is no mask. Names are taken in both spellings of the
// contract. A path may lead into a message, not into a list. What only the service sets (the name, the etag, times) is passed over.
func applyMask(dst, src proto.Message, mask *fieldmaskpb.FieldMask) error {
	paths := mask.GetPaths()
	if len(paths) == 0 {
		src.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
			paths = append(paths, string(f.Name()))
			return true
		})
	}
	for _, path := range paths {
		if err := setPath(dst.ProtoReflect(), src.ProtoReflect(), path, strings.Split(path, ".")); err != nil {
			return err
		}
	}
	return nil
}

func setPath(dst, src protoreflect.Message, path string, names []string) error {
	fields := dst.Descriptor().Fields()
	f := fields.ByName(protoreflect.Name(names[0]))
	if f == nil {
		f = fields.ByJSONName(names[0])
	}
	if f == nil || len(names) > 1 && (f.Message() == nil || f.IsList()) {
		return fault.Field("updateMask", "found %q; accepted are %s", path, strings.Join(writable(fields), ", "))
	}
	switch {
	case !isWritable(f):
		return nil
	case len(names) > 1:
		return setPath(dst.Mutable(f).Message(), src.Get(f).Message(), path, names[1:])
	case src.Has(f):
		dst.Set(f, src.Get(f))
	default:
		dst.Clear(f)
	}
	return nil
}

// maskNames tells whether an update that was made with applyMask touched a field.
func maskNames(src proto.Message, mask *fieldmaskpb.FieldMask, field protoreflect.Name) bool {
	f := src.ProtoReflect().Descriptor().Fields().ByName(field)
	if len(mask.GetPaths()) == 0 {
		return src.ProtoReflect().Has(f)
	}
	return slices.ContainsFunc(mask.GetPaths(), func(path string) bool {
		first, _, _ := strings.Cut(path, ".")
		return first == string(f.Name()) || first == f.JSONName()
	})
}

func isWritable(f protoreflect.FieldDescriptor) bool {
	behaviours, _ := proto.GetExtension(f.Options(), annotations.E_FieldBehavior).([]annotations.FieldBehavior)
	return f.Name() != "etag" && !slices.Contains(behaviours, annotations.FieldBehavior_OUTPUT_ONLY) && !slices.Contains(behaviours, annotations.FieldBehavior_IDENTIFIER)
}

func writable(fields protoreflect.FieldDescriptors) []string {
	var names []string
	for i := range fields.Len() {
		if f := fields.Get(i); isWritable(f) {
			names = append(names, f.JSONName())
		}
	}
	return names
}
