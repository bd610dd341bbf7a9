package fx

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/binary"
	"fmt"
	"io"
	"sync"

	"github.com/allmep/tandem/internal/money"
	"github.com/allmep/tandem/internal/period"
)

//go:generate go run ./ecbgen ../../../shared/realdata/fx/eurofxref-hist.csv ecb.bin.gz

// ecb holds the history, compressed with gzip. All numbers are varints. First the number of days, the first day, and for each later day how many days it comes
// after the one before; then the number of currencies, and for each its code (three letters), its number of decimals, and for each day either 0 (no rate) or
// one more than the zigzag difference of the mantissa from the currency's last one.
//
//go:embed ecb.bin.gz
var ecb []byte

// ECB returns the reference rates of the European Central Bank from 1999-01-04 to 2026-04-13.
var ECB = sync.OnceValue(func() *Table {
	t, err := decodeECB(bytes.NewReader(ecb))
	if err != nil {
		panic(fmt.Sprintf("the built-in exchange rates are damaged: %v", err)) // they are part of the program
	}
	return t
})

func decodeECB(r io.Reader) (*Table, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(z)
	if err != nil {
		return nil, err
	}
	in := bytes.NewBuffer(b)
	next := func() uint64 {
		v, e := binary.ReadUvarint(in)
		if e != nil {
			err = e
		}
		return v
	}
	days := make([]period.Day, next())
	day := period.Day(0)
	for i := range days {
		day += period.Day(next())
		days[i] = day
	}
	t := &Table{newest: day, series: map[money.Currency]*series{}}
	for range next() {
		code, decimals, mantissa := money.Currency(in.Next(3)), uint8(next()), int64(0)
		var on []period.Day
		var quotes []rate
		for _, d := range days {
			v := next()
			if v == 0 {
				continue
			}
			v--
			mantissa += int64(v>>1) ^ -int64(v&1)
			on, quotes = append(on, d), append(quotes, asPublished(mantissa, decimals))
		}
		t.series[code] = newSeries(on, quotes)
	}
	if err != nil {
		return nil, err
	}
	return t, nil
}

// asPublished takes off the zeros that hold a currency's mantissas to one number of decimals: the bank publishes none at the end of a fraction.
func asPublished(mantissa int64, decimals uint8) rate {
	for ; decimals > 0 && mantissa%10 == 0; decimals-- {
		mantissa /= 10
	}
	return rate{mantissa: uint64(mantissa), decimals: decimals}
}
