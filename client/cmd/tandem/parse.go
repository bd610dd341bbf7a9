package main

import (
	"fmt"
	"strconv"
	"strings"

	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// parseAmount reads an amount as people say it: "3300000 USD", "USD 3,300,000.00", "at least 2000000 USD", "up to 3000000 GBP", "about 2300000 USD", "250000..500000 EUR",
// "unknown". Commas may only group thousands: what else they could mean is not guessed.
func parseAmount(s string) (*tandemv1.Amount, error) {
	text := strings.TrimSpace(s)
	if strings.EqualFold(text, "unknown") {
		return &tandemv1.Amount{Qualifier: tandemv1.Amount_UNKNOWN}, nil
	}
	a := &tandemv1.Amount{Qualifier: tandemv1.Amount_EXACT}
	for words, q := range map[string]tandemv1.Amount_Qualifier{
		"at least ": tandemv1.Amount_AT_LEAST, "up to ": tandemv1.Amount_UP_TO, "about ": tandemv1.Amount_ROUNDED,
	} {
		if len(text) > len(words) && strings.EqualFold(text[:len(words)], words) {
			a.Qualifier, text = q, text[len(words):]
		}
	}
	currency, figure := "", ""
	for _, word := range strings.Fields(text) {
		if len(word) == 3 && strings.ToUpper(word) == word && strings.IndexFunc(word, func(r rune) bool { return r < 'A' || r > 'Z' }) < 0 && currency == "" {
			currency = word
			continue
		}
		figure += word
	}
	if currency == "" || figure == "" {
		return nil, fmt.Errorf(`found %q; accepted is an amount with its ISO 4217 currency, such as "3300000 USD", "at least 2000000 USD", "250000..500000 EUR" or "unknown"`, s)
	}
	low, high, isRange := strings.Cut(figure, "..")
	first, err := parseFigure(low)
	if err != nil {
		return nil, err
	}
	if !isRange {
		a.Money = &tandemv1.Money{CurrencyCode: currency, Amount: first}
		return a, nil
	}
	second, err := parseFigure(high)
	if err != nil {
		return nil, err
	}
	a.Qualifier = tandemv1.Amount_RANGE
	a.Low, a.High = &tandemv1.Money{CurrencyCode: currency, Amount: first}, &tandemv1.Money{CurrencyCode: currency, Amount: second}
	return a, nil
}

// parseFigure takes the commas out of a number, if each stands where thousands are parted.
func parseFigure(s string) (string, error) {
	bad := fmt.Errorf("found the number %q; accepted is one such as 3300000, 3300000.50 or 3,300,000.50", s)
	whole, fraction, point := strings.Cut(s, ".")
	digits := strings.TrimPrefix(whole, "-")
	groups := strings.Split(digits, ",")
	for i, g := range groups {
		if len(groups) > 1 && (i == 0 && (g == "" || len(g) > 3) || i > 0 && len(g) != 3) {
			return "", bad
		}
	}
	out := strings.ReplaceAll(whole, ",", "")
	if point {
		out += "." + fraction
	}
	if _, err := strconv.ParseFloat(out, 64); err != nil || strings.ContainsAny(out, "eExXnNiIpP_+") {
		return "", bad
	}
	return out, nil
}

// showAmount writes an amount as parseAmount reads it.
func showAmount(a *tandemv1.Amount) string {
	switch {
	case a == nil:
		return ""
	case a.Qualifier == tandemv1.Amount_UNKNOWN:
		return "unknown"
	case a.Qualifier == tandemv1.Amount_RANGE:
		return a.Low.GetAmount() + ".." + a.High.GetAmount() + " " + a.Low.GetCurrencyCode()
	}
	words := map[tandemv1.Amount_Qualifier]string{tandemv1.Amount_AT_LEAST: "at least ", tandemv1.Amount_UP_TO: "up to ", tandemv1.Amount_ROUNDED: "about "}
	return words[a.Qualifier] + a.Money.GetAmount() + " " + a.Money.GetCurrencyCode()
}

// full adds the collection to a bare id: "ecopeace" is "organisations/ecopeace".
func full(collection, id string) string {
	if id == "" || strings.Contains(id, "/") {
		return id
	}
	return collection + "/" + id
}

func fullAll(collection string, ids []string) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = full(collection, id)
	}
	return out
}

// bare takes the collection off a resource name.
func bare(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// cutShare parts "ecopeace=60" into a name and a number.
func cutShare(s string) (name string, percent float64, said bool, err error) {
	name, number, said := strings.Cut(s, "=")
	if !said {
		return name, 0, false, nil
	}
	percent, err = strconv.ParseFloat(strings.TrimSuffix(number, "%"), 64)
	if err != nil {
		return name, 0, true, usage("found %q; accepted is a name with a percentage, such as %s=60", s, name)
	}
	return name, percent, true, nil
}

func participations(list []string) ([]*tandemv1.Grant_Participation, error) {
	var out []*tandemv1.Grant_Participation
	for _, s := range list {
		name, percent, said, err := cutShare(s)
		if err != nil {
			return nil, err
		}
		p := &tandemv1.Grant_Participation{Organisation: full("organisations", name)}
		if said {
			p.SharePercent = &percent
		}
		out = append(out, p)
	}
	return out, nil
}

// splits reads "water=60". One without a percentage has all.
func splits(collection string, list []string) ([]*tandemv1.Grant_Split, error) {
	var out []*tandemv1.Grant_Split
	for _, s := range list {
		name, percent, said, err := cutShare(s)
		if err != nil {
			return nil, err
		}
		if !said {
			if len(list) > 1 {
				return nil, usage("%s has no percentage; of several %s each needs one, such as %s=60", name, collection, name)
			}
			percent = 100
		}
		out = append(out, &tandemv1.Grant_Split{Name: full(collection, name), Percent: percent})
	}
	return out, nil
}

// word makes an enum's value of its name in any case; "" is the zero value.
func word[E ~int32](field, s string, values map[string]int32) (E, error) {
	if s == "" {
		return 0, nil
	}
	if v, ok := values[strings.ToUpper(strings.ReplaceAll(s, "-", "_"))]; ok && v != 0 {
		return E(v), nil
	}
	var names []string
	for i := int32(1); int(i) < len(values); i++ {
		for name, v := range values {
			if v == i {
				names = append(names, name)
			}
		}
	}
	return 0, usage("--%s: found %q; accepted are %s", field, s, strings.Join(names, ", "))
}

// parseEnvelope reads "2021/2025 up to 250000000 USD".
func parseEnvelope(s string) (*tandemv1.Programme_Envelope, error) {
	span, amount, ok := strings.Cut(strings.TrimSpace(s), " ")
	start, end, both := strings.Cut(span, "/")
	if !ok || !both {
		return nil, usage("--envelope: found %q; accepted is START/END and an amount, such as '2021/2025 up to 250000000 USD'", s)
	}
	a, err := parseAmount(amount)
	if err != nil {
		return nil, usage("--envelope: %w", err)
	}
	return &tandemv1.Programme_Envelope{Start: start, End: end, Amount: a}, nil
}
