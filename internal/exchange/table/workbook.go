package table

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/allmep/tandem/internal/exchange/limit"
	"github.com/allmep/tandem/internal/fault"
)

// A workbook is a zip archive of parts in XML (ECMA-376). Tandem reads them by itself since what it needs is little, and it must hold any file to bounded memory: no part is
// held whole, but for the texts that cells share; merged cells are found in a first pass.

// openWorkbook reads the archive into memory, where it is still packed.
func openWorkbook(r io.Reader, sheet string) (*Table, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxWorkbook+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxWorkbook {
		return nil, fault.New(fault.Invalid, "the workbook has more than %d MB; save the sheet as CSV", maxWorkbook>>20)
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, fault.New(fault.Invalid, "the workbook is damaged: %v", err)
	}
	w := &workbook{parts: map[string]*zip.File{}}
	total := uint64(0)
	for _, f := range z.File {
		total += f.UncompressedSize64
		if total > maxUnpacked || f.UncompressedSize64 > maxUnpacked {
			return nil, fault.New(fault.Invalid, "the workbook has more than %d MB when unpacked; save the sheet as CSV", maxUnpacked>>20)
		}
		w.parts[strings.TrimPrefix(f.Name, "/")] = f
	}
	sheets, err := w.index()
	if err != nil {
		return nil, err
	}
	t, err := w.choose(sheets, sheet)
	if err != nil {
		return nil, err
	}
	t.Workbook, t.Date1904 = true, w.date1904
	return t, nil
}

type workbook struct {
	parts    map[string]*zip.File
	shared   []string
	date1904 bool
}

// sheetRef is a sheet's name and its part.
type sheetRef struct{ name, part string }

// index finds the sheets, in their order, and the texts that they share.
func (w *workbook) index() ([]sheetRef, error) {
	targets := map[string]string{}
	texts := ""
	err := w.scan("xl/_rels/workbook.xml.rels", func(p *part, e xml.StartElement) error {
		if e.Name.Local != "Relationship" {
			return nil
		}
		target := strings.TrimPrefix(attr(e, "Target"), "/")
		if !strings.HasPrefix(target, "xl/") {
			target = path.Join("xl", target)
		}
		targets[attr(e, "Id")] = target
		if strings.HasSuffix(attr(e, "Type"), "/sharedStrings") {
			texts = target
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var sheets []sheetRef
	err = w.scan("xl/workbook.xml", func(p *part, e xml.StartElement) error {
		switch e.Name.Local {
		case "workbookPr":
			w.date1904 = attr(e, "date1904") == "1" || attr(e, "date1904") == "true"
		case "sheet":
			sheets = append(sheets, sheetRef{attr(e, "name"), targets[attr(e, "id")]})
		}
		return nil
	})
	if err != nil || texts == "" {
		return sheets, err
	}
	return sheets, w.readShared(texts)
}

// readShared reads the texts that cells share.
func (w *workbook) readShared(name string) error {
	return w.scan(name, func(p *part, e xml.StartElement) error {
		if e.Name.Local != "si" {
			return nil
		}
		s, err := p.text("si")
		w.shared = append(w.shared, s)
		return err
	})
}

// choose opens the sheet that is asked for, else the first that has rows.
func (w *workbook) choose(sheets []sheetRef, name string) (*Table, error) {
	var names []string
	for _, s := range sheets {
		names = append(names, s.name)
	}
	for i, s := range sheets {
		if name != "" && s.name != name {
			continue
		}
		t, err := w.open(s)
		if err != nil {
			return nil, err
		}
		first, err := t.Peek(1)
		if err != nil {
			return nil, err
		}
		if len(first) == 0 && name == "" {
			continue
		}
		t.Others = append(append(t.Others, names[:i]...), names[i+1:]...)
		return t, nil
	}
	if name != "" {
		return nil, fault.New(fault.Invalid, "the workbook has no sheet %q; it has %s", name, strings.Join(names, ", "))
	}
	return nil, fault.New(fault.Invalid, "the workbook is empty; accepted are a head and rows")
}

// part is a part of the workbook that is being read.
type part struct {
	*xml.Decoder
	name   string
	source *limit.Reader
	depth  int
}

// maxDepth is how deep the elements of a part may be nested; those of a sheet are some ten deep.
const maxDepth = 64

var errLongPart = errors.New("a text or an element longer than a megabyte")

func (w *workbook) part(name string) (*part, io.Closer, error) {
	f := w.parts[name]
	if f == nil {
		return nil, nil, fault.New(fault.Invalid, "the workbook has no part %s; save it anew, or as CSV", name)
	}
	r, err := f.Open()
	if err != nil {
		return nil, nil, fault.New(fault.Invalid, "the workbook is damaged: %s: %v", name, err)
	}
	source := limit.New(r, maxRecord, errLongPart)
	p := &part{Decoder: xml.NewDecoder(source), name: name, source: source}
	return p, r, nil
}

// next returns the next token; io.EOF after the last.
func (p *part) next() (xml.Token, error) {
	p.source.Reset()
	t, err := p.RawToken()
	switch t.(type) {
	case xml.StartElement:
		p.depth++
	case xml.EndElement:
		p.depth--
	}
	if err == nil && p.depth > maxDepth {
		err = errors.New("elements nested too deep")
	}
	if err != nil && err != io.EOF {
		line, _ := p.InputPos()
		err = fault.New(fault.Invalid, "the workbook cannot be read: %s, line %d: %v", p.name, line, err)
	}
	return t, err
}

// text gathers the text in an element up to its end, without that of the reading aid beside it.
func (p *part) text(of string) (string, error) {
	var b strings.Builder
	in, aside := false, 0
	for depth := p.depth; ; {
		t, err := p.next()
		if err != nil {
			return "", eof(err, p)
		}
		switch t := t.(type) {
		case xml.StartElement:
			in = t.Name.Local == "t" || t.Name.Local == "v"
			if t.Name.Local == "rPh" {
				aside++
			}
		case xml.EndElement:
			in = false
			if t.Name.Local == "rPh" {
				aside--
			}
			if p.depth < depth {
				return b.String(), nil
			}
		case xml.CharData:
			if in && aside == 0 {
				b.Write(t)
			}
		}
		if b.Len() > maxRecord {
			return "", fault.New(fault.Invalid, "the workbook cannot be read: %s: the text of an element <%s> is longer than a megabyte", p.name, of)
		}
	}
}

// scan reads a part, and calls visit at the start of each element.
func (w *workbook) scan(name string, visit func(*part, xml.StartElement) error) error {
	p, c, err := w.part(name)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }() // it was only read
	for {
		t, err := p.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if e, is := t.(xml.StartElement); is {
			if err := visit(p, e); err != nil {
				return err
			}
		}
	}
}

// eof makes of an end that comes too soon an error.
func eof(err error, p *part) error {
	if err == io.EOF {
		return fault.New(fault.Invalid, "the workbook is damaged: %s ends within an element", p.name)
	}
	return err
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
