package main

import (
	"bytes"
	"net"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// restarting is a server that is lost after each revision, and that has no more after the second.
type restarting struct {
	tandemv1.UnimplementedRevisionServiceServer
	asked []*tandemv1.WatchRevisionsRequest
}

func (f *restarting) WatchRevisions(r *tandemv1.WatchRevisionsRequest, stream grpc.ServerStreamingServer[tandemv1.Revision]) error {
	f.asked = append(f.asked, r)
	if err := stream.SendHeader(metadata.Pairs("tandem-revision", "6")); err != nil {
		return err
	}
	send := func(m *tandemv1.Revision) error {
		m.CreateTime = &timestamppb.Timestamp{Seconds: 1767225600}
		if err := stream.Send(m); err != nil {
			return err
		}
		return status.Error(codes.Unavailable, "gone")
	}
	switch len(f.asked) {
	case 1:
		return status.Error(codes.Unavailable, "gone before a word")
	case 2:
		return send(&tandemv1.Revision{Name: "revisions/7"})
	case 3:
		return send(&tandemv1.Revision{Name: "revisions/8", Principal: "tokens/t", Reason: "a call", Changes: []*tandemv1.Revision_Change{
			{Resource: "grants/g", Action: tandemv1.Revision_Change_UPDATED, Fields: []*tandemv1.Revision_FieldChange{{Field: "title"}}}}})
	}
	return status.Error(codes.Unauthenticated, "the token was ended")
}

// A line comes for each revision as it comes, over restarts of the server, of which one is before the first; the command ends with what is no passing trouble.
func TestWatch(t *testing.T) {
	for output, want := range map[string]string{
		"table": `REVISION  TIME                 WHO                                WHAT  WHY
7         2026-01-01 00:00:00                                     (not for you to see)
8         2026-01-01 00:00:00  tokens/t                           updated grants/g (title)  a call
`,
		"csv": `REVISION,TIME,WHO,WHAT,WHY
7,2026-01-01 00:00:00,,(not for you to see),
8,2026-01-01 00:00:00,tokens/t,updated grants/g (title),a call
`,
	} {
		t.Setenv("XDG_CONFIG_HOME", t.TempDir())
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		f := &restarting{}
		server := grpc.NewServer()
		tandemv1.RegisterRevisionServiceServer(server, f)
		go func() { _ = server.Serve(l) }()
		var out, errs bytes.Buffer
		code := run([]string{"--server", l.Addr().String(), "-o", output, "watch", "grants"}, strings.NewReader(""), &out, &errs)
		server.Stop()
		if code != 1 || out.String() != want || !strings.Contains(errs.String(), "the token was ended") {
			t.Errorf("%s: code %d\n%s\n%s", output, code, &out, &errs)
		}
		var after []int64
		for _, r := range f.asked {
			after = append(after, r.GetAfter())
		}
		if len(after) != 4 || after[0] != 0 || f.asked[0].After != nil || after[1] != 6 || after[2] != 7 || after[3] != 8 || f.asked[3].Resource != "grants" {
			t.Errorf("it asked %v", f.asked)
		}
	}
}
