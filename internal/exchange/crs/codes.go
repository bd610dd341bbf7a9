package crs

import "github.com/allmep/tandem/internal/money"

// recipientCountries are the ISO 3166 codes of the DAC's recipient codes whose names in the files are not those of ISO.
var recipientCountries = map[string]string{"142": "EG", "543": "IQ", "546": "IL", "549": "JO", "550": "PS", "555": "LB", "573": "SY", "55": "TR", "540": "IR", "580": "YE", "235": "CD", "234": "CG", "247": "CI", "63": "RS", "93": "MD", "66": "MK", "57": "XK", "769": "VN", "745": "LA", "740": "KP", "282": "TZ"}

// currencies are the DAC's codes of currencies: those of the donors whose they are or were.
var currencies = map[string]money.Currency{
	"3": "DKK", "8": "NOK", "10": "SEK", "11": "CHF", "12": "GBP", "20": "ISK", "68": "CZK", "75": "HUF", "76": "PLN", "77": "RON", "72": "BGN", "301": "CAD", "302": "USD", "546": "ILS", "701": "JPY", "742": "KRW",
	"801": "AUD", "820": "NZD", "918": "EUR",
}
