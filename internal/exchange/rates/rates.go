// Package rates reads files of exchange rates: the European Central Bank's history (eurofxref-hist.csv and its kin), and the monthly representative rates of the
// International Monetary Fund. What comes of both is what one euro was worth.
//
// It does not know what rates are known already, but for those that are built in, nor how new ones are recorded.
package rates

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/fx"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

// maxFile is how many bytes a file may have; the European Central Bank's whole history has 2 million.
const maxFile = 16 << 20

// maxProblems is how many faults of a file are told before reading is given up.
const maxProblems = 50

// Source is who published a file.
type Source string

// The sources.
const (
	ECB Source = "European Central Bank"
	IMF Source = "International Monetary Fund"
)

// Rate is what one euro was worth on a day.
type Rate struct {
	Day period.Day
	fx.Quote
}

// File is what a file says, in its order.
type File struct {
	Source Source
	Rates  []Rate
	Notes  []string // what the file has and Tandem has no use for, and why
}

// Read reads a file. Errors: Invalid, with the line and the column of each fault, what was found and what is accepted; that of the reader.
func Read(r io.Reader) (File, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return File{}, err
	}
	text = bytes.TrimPrefix(text, []byte("\uFEFF"))
	switch head := firstLine(text); {
	case len(text) > maxFile:
		return File{}, fault.New(fault.Invalid, "the file has more than %d bytes; no file of rates is so long", maxFile)
	case !utf8.Valid(text):
		return File{}, fault.New(fault.Invalid, "the file is not text; "+accepted)
	case strings.HasPrefix(head, "Date,"):
		return readECB(text)
	case strings.HasPrefix(head, imfTitle):
		return readIMF(string(text))
	default:
		if len(head) > 80 {
			head = head[:80] + "…"
		}
		return File{}, fault.Field("line 1", "found %q; %s", head, accepted)
	}
}

const accepted = "accepted are the European Central Bank's eurofxref-hist.csv, which begins with Date,USD, and the International Monetary Fund's monthly file as tab-separated text, " +
	"which begins with " + imfTitle

func firstLine(text []byte) string {
	line, _, _ := bytes.Cut(bytes.TrimSpace(text), []byte("\n"))
	return strings.TrimSpace(string(line))
}

// Fresh returns the rates that may be recorded: not those for which a rate is built in. From the International Monetary Fund only those of currencies that the European
// Central Bank does not publish: so it does not matter which file comes first. What is left out for another reason than that it is built in alike is told in the file's notes.
func (f *File) Fresh() []Rate {
	builtIn := fx.ECB()
	left := map[money.Currency]bool{}
	fresh := slices.DeleteFunc(slices.Clone(f.Rates), func(r Rate) bool {
		known, on, ok := builtIn.Quote(r.Currency, r.Day)
		switch {
		case f.Source == IMF:
			left[r.Currency] = left[r.Currency] || ok
			return ok
		case !builtIn.Settles(r.Currency, r.Day):
			return false
		case on != r.Day || !known.Same(r.Quote):
			f.Notes = append(f.Notes, fmt.Sprintf("%s on %s: the file says %s; %s of %s is built in and stands.", r.Currency, r.Day, r.Decimal(), known.Decimal(), on))
		}
		return true
	})
	var names []string
	for c, is := range left {
		if is {
			names = append(names, string(c))
		}
	}
	if slices.Sort(names); len(names) > 0 {
		f.Notes = append(f.Notes, "The rates of the European Central Bank are used instead for "+strings.Join(names, ", ")+".")
	}
	return fresh
}

// faults gathers what is wrong with a file.
type faults struct {
	fault.List
	n int
}

func (f *faults) add(line int, column, format string, args ...any) {
	f.n++
	f.Add(fmt.Sprintf("line %d, column %s", line, column), format, args...)
}

// tooMany tells whether reading on makes no sense.
func (f *faults) tooMany() bool { return f.n >= maxProblems }
