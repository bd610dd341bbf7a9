package server

import (
	"context"
	"fmt"

	"github.com/allmep/tandem/internal/fx"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type rates struct {
	tandemv1.UnimplementedRateServiceServer
	l *ledger.Ledger
}

func (s rates) ListRates(ctx context.Context, r *tandemv1.ListRatesRequest) (*tandemv1.ListRatesResponse, error) {
	after, err := readToken(r, r.PageToken)
	if err != nil {
		return nil, err
	}
	at, err := revisionOf(ctx, s.l, r)
	if err != nil {
		return nil, err
	}
	state, err := s.l.StateAt(ctx, at)
	if err != nil {
		return nil, err
	}
	window, err := read(func(in *reader) period.Span {
		in.currency("currency", r.Currency)
		from, to := in.date("from", r.From), in.date("to", r.To)
		w := period.Span{First: from.First, Last: state.Rates.Newest()}
		if from.IsZero() {
			w.First = period.Of(1999, 1, 1)
		}
		if !to.IsZero() {
			w.Last = to.Last()
		}
		return w
	})
	if err != nil {
		return nil, err
	}
	code := money.Currency(r.Currency)
	all := state.Rates.Between(code, window.First, window.Last)
	out := &tandemv1.ListRatesResponse{TotalSize: int32(len(all)), Revision: state.Revision}
	if after != nil {
		for len(all) > 0 && int64(all[0].Day) <= after.Value {
			all = all[1:]
		}
	}
	if size := pageSize(r.PageSize, defaultPage); len(all) > size {
		all = all[:size]
		out.NextPageToken = nextToken(r, token{Value: int64(all[size-1].Day)})
	}
	for _, day := range all {
		for _, q := range day.Quotes {
			out.Rates = append(out.Rates, &tandemv1.Rate{CurrencyCode: string(q.Currency), Date: day.Day.String(), Value: q.Decimal()})
		}
	}
	return out, nil
}

func (s rates) BatchCreateRates(ctx context.Context, r *tandemv1.BatchCreateRatesRequest) (*tandemv1.BatchCreateRatesResponse, error) {
	days, err := read(func(in *reader) []*grant.RateDay { return readRates(in, r.Rates) })
	if err != nil {
		return nil, err
	}
	if err := s.l.PutRates(ctx, writeOf(ctx, r, ""), days); err != nil {
		return nil, err
	}
	return &tandemv1.BatchCreateRatesResponse{Rates: r.Rates}, nil
}

// readRates gathers the rates of each day.
func readRates(r *reader, ms []*tandemv1.Rate) []*grant.RateDay {
	var days []*grant.RateDay
	byDay := map[string]*grant.RateDay{}
	seen := map[string]bool{}
	for i, m := range ms {
		at := fmt.Sprintf("rates[%d]", i)
		d := r.date(at+".date", m.Date)
		if d.Precision != period.ToDay {
			continue // the date has been found wanting, here or by the contract's rules
		}
		if fx.ECB().Settles(money.Currency(m.CurrencyCode), d.First) {
			r.Add(at+".date", "found %s; the rates of %s up to %s are built in and stand", m.Date, m.CurrencyCode, fx.ECB().Newest())
		}
		if seen[m.Date+m.CurrencyCode] {
			r.Add(at, "%s on %s is in the request twice", m.CurrencyCode, m.Date)
		}
		seen[m.Date+m.CurrencyCode] = true
		c := r.currency(at+".currencyCode", m.CurrencyCode)
		q, err := fx.ParseQuote(m.Value)
		if err != nil {
			r.Add(at+".value", "%v", err)
		}
		if c == fx.Euro {
			r.Add(at+".currencyCode", "is EUR; a rate is what one euro is worth in another currency")
		}
		q.Currency = c
		if byDay[m.Date] == nil {
			byDay[m.Date] = &grant.RateDay{ID: m.Date}
			days = append(days, byDay[m.Date])
		}
		byDay[m.Date].Quotes = append(byDay[m.Date].Quotes, q)
	}
	return days
}
