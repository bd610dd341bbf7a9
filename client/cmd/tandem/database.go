package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/allmep/tandem/internal/fault"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type databaseCommands struct {
	Backup  databaseBackup  `cmd:"" help:"Write everything into a file, while others go on writing."`
	Restore databaseRestore `cmd:"" help:"Put a backup into a server that holds nothing but tokens yet."`
	Verify  databaseVerify  `cmd:"" help:"Look for damage in the database, or in a backup."`
}

// progress tells of every tenth of a long work.
type progress struct {
	to   io.Writer
	told int64
}

func (p *progress) tell(done, of int64) {
	if tenth := done * 10 / max(of, 1); tenth > p.told && done < of {
		p.told = tenth
		fmt.Fprintf(p.to, "revision %d of %d\n", done, of)
	}
}

type databaseBackup struct {
	File string `arg:"" help:"Where to; - is standard output."`
}

// Run writes a backup. A file stands under its name only when it is whole and on the disk.
func (c *databaseBackup) Run(s *session) error {
	if c.File == "-" {
		_, _, err := s.backUp(s.out)
		return err
	}
	part := c.File + ".part"
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) // it holds what is restricted
	if err != nil {
		return err
	}
	revisions, bytes, err := s.backUp(f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(part, c.File)
	}
	if err != nil {
		_ = os.Remove(part) // what went wrong is told already
		return err
	}
	if err := syncDirectory(filepath.Dir(c.File)); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "Wrote %s: %s, %d bytes.\n", c.File, fault.Number(revisions, "revision"), bytes)
	return err
}

// syncDirectory makes the names in a directory durable.
func syncDirectory(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// backUp writes a backup and returns how many revisions and how many bytes it has.
func (s *session) backUp(to io.Writer) (revisions, bytes int64, err error) {
	stream, err := s.Admin.Backup(s, &tandemv1.BackupRequest{})
	if err != nil {
		return 0, 0, err
	}
	p := &progress{to: s.err}
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return revisions, bytes, nil
		}
		if err != nil {
			return revisions, bytes, err
		}
		if _, err := to.Write(m.Chunk); err != nil {
			return revisions, bytes, err
		}
		revisions, bytes = m.TotalRevisions, bytes+int64(len(m.Chunk))
		p.tell(m.RevisionCount, m.TotalRevisions)
	}
}

type databaseRestore struct {
	File string `arg:"" help:"The backup; - is standard input."`
}

// Run restores a backup.
func (c *databaseRestore) Run(s *session) error {
	r, err := s.restore(c.File, false)
	if err != nil {
		return err
	}
	if s.output != "table" {
		return s.show(r)
	}
	_, err = fmt.Fprintf(s.out, "Restored %s. From now on, sign in with a token of the backup.\nThe anchor of its end:\n%s\n", fault.Number(r.RevisionCount, "revision"), r.Anchor)
	return err
}

// restore sends a backup.
func (s *session) restore(file string, validateOnly bool) (*tandemv1.RestoreResponse, error) {
	from := s.in
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		from = f
	}
	stream, err := s.Admin.Restore(s)
	if err != nil {
		return nil, err
	}
	const chunk = 256 << 10
	buffer := make([]byte, chunk)
	for {
		n, err := io.ReadFull(from, buffer)
		if n > 0 && stream.Send(&tandemv1.RestoreRequest{Chunk: buffer[:n], ValidateOnly: validateOnly}) != nil {
			break // the server has seen enough, and the answer says why
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	return stream.CloseAndRecv()
}

type databaseVerify struct {
	File   string `arg:"" optional:"" help:"A backup to look at instead of the database; - is standard input."`
	Anchor string `help:"What an earlier verify of the database printed; proves that nothing before was rewritten since." placeholder:"NUMBER:HASH"`
}

// Run looks for damage.
func (c *databaseVerify) Run(s *session) error {
	if c.File != "" {
		if c.Anchor != "" {
			return usage("--anchor is for the database, not for a backup")
		}
		r, err := s.restore(c.File, true)
		if err != nil {
			return err
		}
		if s.output != "table" {
			return s.show(r)
		}
		_, err = fmt.Fprintf(s.out, "The backup is whole: %s, as written.\nThe anchor of its end:\n%s\n", fault.Number(r.RevisionCount, "revision"), r.Anchor)
		return err
	}
	v, err := s.verifyDatabase(c.Anchor)
	if err != nil {
		return err
	}
	if s.output != "table" {
		return s.show(v)
	}
	fmt.Fprintln(s.out, "The database is sound.")
	return s.verified(v.RevisionCount, v.Anchor, c.Anchor)
}

// verifyDatabase returns the last answer of the server.
func (s *session) verifyDatabase(anchor string) (last *tandemv1.VerifyDatabaseResponse, err error) {
	stream, err := s.Admin.VerifyDatabase(s, &tandemv1.VerifyDatabaseRequest{Anchor: anchor})
	if err != nil {
		return nil, err
	}
	p := &progress{to: s.err}
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return last, nil
		}
		if err != nil {
			return nil, err
		}
		p.tell(m.RevisionCount, m.TotalRevisions)
		last = m
	}
}
