package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type exportCommand struct {
	File         string `arg:"" help:"Where to; - is standard output. How it ends says what it is: .csv, .xlsx, .iati.xml, .360.json, .360.xlsx, or .zip for a data package of everything."`
	Format       string `help:"What it is, where the name does not say: csv, xlsx, iati.xml, 360.json, 360.xlsx or zip." placeholder:"FORMAT"`
	Table        string `help:"Of CSV: which table, such as transactions, participants or organisations." default:"grants"`
	ReportingOrg string `help:"Of IATI: the organisation that reports all activities; else each grant's first funder does." placeholder:"ORG"`
	filterFlags  `embed:""`
	asOf         `embed:""`
	Search       string `help:"That these words find, as in 'grant list'." placeholder:"WORDS"`
	MinAmount    string `help:"Of at least so much, in --currency." placeholder:"FIGURE"`
	MaxAmount    string `help:"Of at most so much." placeholder:"FIGURE"`
	Currency     string `help:"Currency of amounts that are compared." default:"USD"`
	From         string `help:"That run on or after this day." placeholder:"DATE"`
	To           string `help:"That run on or before this day." placeholder:"DATE"`
}

// Run writes a file. It stands under its name only when it is whole.
func (c *exportCommand) Run(s *session) error {
	q, err := c.request()
	if err != nil {
		return err
	}
	if c.File == "-" {
		_, note, err := s.export(s.out, q)
		s.tellNote(note)
		return err
	}
	var bytes int64
	var note string
	err = writeWhole(c.File, func(to io.Writer) (err error) {
		bytes, note, err = s.export(to, q)
		return err
	})
	if err != nil {
		return err
	}
	s.tellNote(note)
	_, err = fmt.Fprintf(s.out, "Wrote %s: %d bytes.\n", c.File, bytes)
	return err
}

// writeWhole writes a file that stands under its name only when it is whole.
func writeWhole(name string, write func(io.Writer) error) error {
	part := name + ".part"
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) // it may hold what is restricted
	if err != nil {
		return err
	}
	if err = errors.Join(write(f), f.Close()); err == nil {
		err = os.Rename(part, name)
	}
	if err != nil {
		_ = os.Remove(part) // what went wrong is told already
	}
	return err
}

// request is what the flags ask for.
func (c *exportCommand) request() (*tandemv1.ExportGrantsRequest, error) {
	file, err := c.wanted()
	if err != nil {
		return nil, err
	}
	q := &tandemv1.ExportGrantsRequest{
		File: file, ReportingOrg: full("organisations", c.ReportingOrg), Revision: c.Revision, Search: c.Search,
		DonorState: c.DonorState, Donor: fullAll("organisations", c.Donor), Programme: fullAll("programmes", c.InProgram), Member: fullAll("organisations", c.Member),
		Theme: fullAll("themes", c.Theme), Location: fullAll("locations", c.Location), Population: fullAll("populations", c.Population),
		Currency: c.Currency, From: c.From, To: c.To,
	}
	for _, f := range []struct {
		flag, said string
		to         *string
	}{{"--min-amount", c.MinAmount, &q.MinAmount}, {"--max-amount", c.MaxAmount, &q.MaxAmount}} {
		if f.said == "" {
			continue
		}
		if *f.to, err = parseFigure(f.said); err != nil {
			return nil, usage("%s: %w", f.flag, err)
		}
	}
	if q.Status, q.Visibility, err = c.words(); err != nil {
		return nil, err
	}
	q.ReadTime, err = c.readTime()
	return q, err
}

// exportEndings are the formats by how a file's name ends, the longest first.
var exportEndings = []string{"iati.xml", "360.json", "360.xlsx", "csv", "xlsx", "zip"}

// wanted is what the server calls the file.
func (c *exportCommand) wanted() (string, error) {
	name := strings.ToLower(filepath.Base(c.File))
	if c.Format != "" {
		name = "." + strings.ToLower(c.Format)
	}
	for _, end := range exportEndings {
		if !strings.HasSuffix(name, "."+end) {
			continue
		}
		switch {
		case end == "csv":
			return c.Table + ".csv", nil
		case c.Table != "grants":
			return "", usage("--table is for CSV; the other formats have their tables")
		case end == "zip":
			return "all.zip", nil
		}
		return "grants." + end, nil
	}
	return "", usage("%s: its ending does not say what it is; accepted are .%s, or --format", c.File, strings.Join(exportEndings, ", ."))
}

func (s *session) tellNote(note string) {
	if note != "" {
		fmt.Fprintln(s.err, note)
	}
}

// export writes what the server sends, and returns how many bytes it was and what the format has no place for.
func (s *session) export(to io.Writer, q *tandemv1.ExportGrantsRequest) (bytes int64, note string, err error) {
	stream, err := s.Exports.ExportGrants(s, q)
	if err != nil {
		return 0, "", err
	}
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return bytes, note, nil
		}
		if err != nil {
			return bytes, note, err
		}
		n, err := to.Write(m.Chunk)
		if bytes += int64(n); err != nil {
			return bytes, note, err
		}
		note = m.Note
	}
}
