package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// A file is sent as often as other calls are made before one gives up, with such pauses between.
const (
	maxSends   = 5
	firstPause = 100 * time.Millisecond
	lastPause  = 2 * time.Second
)

// send sends a file until there is an answer to it. Where the server is lost it sends the file again from the start, if it can be read again. That is safe: the server takes nothing of a file
// before its end, and the same file twice changes nothing.
func (c *importCommand) send(s *session, file, name string) (*tandemv1.ImportResult, error) {
	info, err := os.Stat(file)
	again := err == nil && info.Mode().IsRegular()
	whole := false // was it ever sent to its end?
	for n, pause := 1, firstPause; ; n, pause = n+1, min(3*pause, lastPause) {
		result, sent, err := c.sendOnce(s, file, name)
		if whole = whole || sent; status.Code(err) != codes.Unavailable {
			return result, err
		}
		if n == maxSends || !again {
			c.tellLost(s, name, whole)
			return nil, err
		}
		fmt.Fprintf(s.err, "%s: the server was lost before it answered; sending the file again from the start (%d of %d)\n", name, n+1, maxSends)
		select {
		case <-time.After(pause):
		case <-s.Done():
			return nil, s.Err()
		}
	}
}

// sendOnce sends a file, and tells whether it did so to the end.
func (c *importCommand) sendOnce(s *session, file, name string) (_ *tandemv1.ImportResult, whole bool, err error) {
	from, size := &upload{from: s.in}, int64(0)
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, false, err
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil {
			size = info.Size()
		}
		from.from = f
	}
	bar := newImportBar(s, name, size)
	defer bar.end()
	result, err := s.Import(s, c.request(name), from, bar.tell)
	return result, from.ended.Load(), err
}

// upload is a file that is sent, perhaps still by the time that the answer is there.
type upload struct {
	from  io.Reader
	ended atomic.Bool
}

// Read implements io.Reader.
func (u *upload) Read(p []byte) (int, error) {
	n, err := u.from.Read(p)
	if err == io.EOF {
		u.ended.Store(true)
	}
	return n, err
}

// tellLost tells what became of a file to which there was no answer, and what to do.
func (c *importCommand) tellLost(s *session, name string, whole bool) {
	what := "nothing of it is stored"
	if whole && !c.DryRun {
		what = "whether it is stored is not known, for it was sent to its end; if it is, the same file changes nothing"
	}
	fmt.Fprintf(s.err, "%s: the server was lost before it answered; %s. To import it again:\n  %s\n", cmp.Or(name, "the file"), what, s.command)
}

// plainWord is what a shell takes as it is.
var plainWord = regexp.MustCompile(`^[\w./:=,@%+-]+$`)

// commandOf writes a command for a shell. A token in it is not shown.
func commandOf(args []string, token string) string {
	words := []string{"tandem"}
	for _, a := range args {
		if token != "" {
			a = strings.ReplaceAll(a, token, "TOKEN")
		}
		if !plainWord.MatchString(a) {
			a = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
		words = append(words, a)
	}
	return strings.Join(words, " ")
}
