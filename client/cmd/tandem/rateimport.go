package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/allmep/tandem/client"
	"github.com/allmep/tandem/internal/exchange/rates"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/fx"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type rateImport struct {
	Files  []string `arg:"" name:"file" help:"eurofxref-hist.csv of the European Central Bank, or a month of the International Monetary Fund as tab-separated text." type:"existingfile"`
	DryRun bool     `help:"Say what would be recorded, and record nothing."`
}

// maxRates is how many rates a request takes, and so a revision of them: a request has a bound, so that nobody fills the server's memory.
const maxRates = 100_000

// Run records, as one revision for each file or for each 100,000 of its rates, those that differ from what the server knows.
func (c *rateImport) Run(s *session) error {
	all := &tandemv1.BatchCreateRatesResponse{}
	t := &table{head: []string{"FILE", "SOURCE", "RATES", "BUILT IN", "NEW", "CHANGED", "UNCHANGED"}, right: map[int]bool{2: true, 3: true, 4: true, 5: true, 6: true}}
	for _, name := range c.Files {
		if err := c.file(s, name, all, t); err != nil {
			return err
		}
	}
	if c.DryRun {
		t.notes = append(t.notes, "Nothing was recorded: this was a dry run.")
	}
	return s.write(all, t)
}

func (c *rateImport) file(s *session, name string, all *tandemv1.BatchCreateRatesResponse, t *table) error {
	in, err := os.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	file, err := rates.Read(in)
	if err != nil {
		return unreadable(s, filepath.Base(name), err)
	}
	fresh := file.Fresh()
	known, err := knownRates(s, fresh)
	if err != nil {
		return err
	}
	var put []*tandemv1.Rate
	changed := 0
	for _, f := range fresh {
		before, is := known[day{f.Currency, f.Day}]
		if is && before.Same(f.Quote) {
			continue
		}
		if is {
			changed++
		}
		put = append(put, &tandemv1.Rate{CurrencyCode: string(f.Currency), Date: f.Day.String(), Value: f.Decimal()})
	}
	if err := c.record(s, put); err != nil {
		return err
	}
	all.Rates = append(all.Rates, put...)
	t.add(filepath.Base(name), string(file.Source), fmt.Sprint(len(file.Rates)), fmt.Sprint(len(file.Rates)-len(fresh)), fmt.Sprint(len(put)-changed), fmt.Sprint(changed), fmt.Sprint(len(fresh)-len(put)))
	t.notes = append(t.notes, file.Notes...)
	return nil
}

// record records rates, in pieces if there are many. Pieces do no harm: what is recorded already changes nothing when the file comes again.
func (c *rateImport) record(s *session, all []*tandemv1.Rate) error {
	recorded := 0
	for some := range slices.Chunk(all, maxRates) {
		if _, err := s.Rates.BatchCreateRates(s, &tandemv1.BatchCreateRatesRequest{Rates: some, ValidateOnly: c.DryRun}); err != nil {
			if recorded > 0 && !c.DryRun {
				fmt.Fprintf(s.err, "%d of %d rates were recorded before that; import the file again for the others.\n", recorded, len(all))
			}
			return err
		}
		recorded += len(some)
	}
	return nil
}

// day is a currency on a day.
type day struct {
	money.Currency
	period.Day
}

// knownRates asks for what the server knows of the currencies of rates, over the days of them.
func knownRates(s *session, of []rates.Rate) (map[day]fx.Quote, error) {
	spans := map[money.Currency]period.Span{}
	for _, r := range of {
		w, seen := spans[r.Currency]
		if !seen {
			w = period.Span{First: r.Day, Last: r.Day}
		}
		spans[r.Currency] = period.Span{First: min(w.First, r.Day), Last: max(w.Last, r.Day)}
	}
	known := map[day]fx.Quote{}
	for c, w := range spans {
		q := &tandemv1.ListRatesRequest{Currency: string(c), From: w.First.String(), To: w.Last.String(), PageSize: 1000}
		for r, err := range client.All(s, q, s.Rates.ListRates, (*tandemv1.ListRatesResponse).GetRates) {
			if err != nil {
				return nil, err
			}
			on, err := period.ParseDate(r.Date)
			if err != nil {
				return nil, err
			}
			quote, err := fx.ParseQuote(r.Value)
			if err != nil {
				return nil, err
			}
			quote.Currency = c
			known[day{c, on.First}] = quote
		}
	}
	return known, nil
}

// unreadable tells every fault of a file, on lines of their own.
func unreadable(s *session, name string, err error) error {
	var bad *fault.Error
	if errors.As(err, &bad) && len(bad.Violations) > 0 {
		fmt.Fprintf(s.err, "%s:\n", name)
		for _, v := range bad.Violations {
			fmt.Fprintf(s.err, "  %s: %s\n", v.Field, v.Problem)
		}
		return errors.New("nothing of this file was recorded")
	}
	return fmt.Errorf("%s: %w", name, err)
}
