// Command ecbgen turns the history of the European Central Bank's reference rates (eurofxref-hist.csv: a head with the codes, one line for each day, the newest first,
// N/A for no rate, a comma at the end of each line) into the compact file that package fx embeds.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/csv"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/allmep/tandem/internal/period"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: ecbgen eurofxref-hist.csv ecb.bin.gz")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "ecbgen:", err)
		os.Exit(1)
	}
}

func run(from, to string) error {
	file, err := os.Open(from)
	if err != nil {
		return err
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return err
	}
	head, rows := rows[0], rows[1:]
	slices.Reverse(rows)
	out := binary.AppendUvarint(nil, uint64(len(rows)))
	before := period.Day(0)
	for _, row := range rows {
		d, err := period.ParseDate(row[0])
		if err != nil {
			return err
		}
		out = binary.AppendUvarint(out, uint64(d.First-before))
		before = d.First
	}
	codes := slices.DeleteFunc(slices.Clone(head[1:]), func(s string) bool { return strings.TrimSpace(s) == "" })
	out = binary.AppendUvarint(out, uint64(len(codes)))
	for i, code := range codes {
		if out, err = appendSeries(out, code, rows, i+1); err != nil {
			return err
		}
	}
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(out); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(to, packed.Bytes(), 0o644)
}

// appendSeries appends the rates in one column, which are held to the largest number of decimals that the column has.
func appendSeries(out []byte, code string, rows [][]string, column int) ([]byte, error) {
	decimals := 0
	for _, row := range rows {
		_, fraction, _ := strings.Cut(row[column], ".")
		decimals = max(decimals, len(fraction))
	}
	out = append(out, code...)
	out = binary.AppendUvarint(out, uint64(decimals))
	last := int64(0)
	for _, row := range rows {
		if row[column] == "N/A" || row[column] == "" {
			out = binary.AppendUvarint(out, 0)
			continue
		}
		whole, fraction, _ := strings.Cut(row[column], ".")
		mantissa, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", decimals-len(fraction)), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s on %s: %w", code, row[0], err)
		}
		difference := mantissa - last
		out = binary.AppendUvarint(out, uint64(difference<<1^difference>>63)+1)
		last = mantissa
	}
	return out, nil
}
