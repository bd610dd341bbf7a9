package crs

import "github.com/allmep/tandem/internal/money"

// donorStates are the donor states of the DAC's donor codes, where the name alone does not tell: the members of the DAC, others that report, and multilateral donors.
var donorStates = map[string]string{
	"1": "AT", "2": "BE", "3": "DK", "4": "FR", "5": "DE", "6": "IT", "7": "NL", "8": "NO", "9": "PT", "10": "SE", "11": "CH", "12": "GB", "18": "FI", "20": "IS", "21": "IE", "22": "LU", "30": "CY",
	"40": "GR", "45": "MT", "50": "ES", "55": "TR", "61": "SI", "62": "HR", "68": "CZ", "69": "SK", "70": "LI", "72": "BG", "75": "HU", "76": "PL", "77": "RO", "82": "EE", "83": "LV", "84": "LT", "87": "RU",
	"301": "CA", "302": "US", "546": "IL", "552": "KW", "561": "QA", "566": "SA", "576": "AE", "701": "JP", "732": "TW", "742": "KR", "764": "TH", "801": "AU", "820": "NZ", "918": "EU",
	"928": "UN", "944": "UN", "959": "UN", "963": "UN", "964": "UN", "966": "UN", "967": "UN", "971": "UN", "974": "UN", "988": "UN",
}

// recipientCountries are the ISO 3166 codes of the DAC's recipient codes whose names in the files are not those of ISO.
var recipientCountries = map[string]string{"142": "EG", "543": "IQ", "546": "IL", "549": "JO", "550": "PS", "555": "LB", "573": "SY", "55": "TR", "540": "IR", "580": "YE", "235": "CD", "234": "CG", "247": "CI", "63": "RS", "93": "MD", "66": "MK", "57": "XK", "769": "VN", "745": "LA", "740": "KP", "282": "TZ"}

// currencies are the DAC's codes of currencies: those of the donors whose they are or were.
var currencies = map[string]money.Currency{
	"3": "DKK", "8": "NOK", "10": "SEK", "11": "CHF", "12": "GBP", "20": "ISK", "68": "CZK", "75": "HUF", "76": "PLN", "77": "RON", "72": "BGN", "301": "CAD", "302": "USD", "546": "ILS", "701": "JPY", "742": "KRW",
	"801": "AUD", "820": "NZD", "918": "EUR",
}
