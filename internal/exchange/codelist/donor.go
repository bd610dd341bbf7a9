package codelist

// DonorState returns the donor state of a donor by its number at the OECD's Development Assistance Committee, which XM-DAC- stands before in identifiers: of one that reports to it, such as
// 10, or of a channel of aid, such as 41122. "" if the number is none of a donor that is known, or no state follows from it.
//
// The OECD's list of channels counts the agencies of the United Nations as 41000 and the institutions of the European Union as 42000; the digits do not tell: 41317, the Green Climate Fund,
// is neither, and 47066, that for migration, is of the United Nations. The World Bank (44000), the Monetary Fund, the regional banks, and others such as the
// Global Fund (47045) are many states' own, and none of the donor states that there are: whoever records them has to say as what they count.
func DonorState(number string) string {
	if state := donorStates[number]; state != "" {
		return state
	}
	for at, is := Channel.Find(number); is; at, is = Channel.Find(at.Category) {
		switch at.Code {
		case "41000":
			return "UN"
		case "42000":
			return "EU"
		}
	}
	return ""
}

var donorStates = map[string]string{
	"1": "AT", "2": "BE", "3": "DK", "4": "FR", "5": "DE", "6": "IT", "7": "NL", "8": "NO", "9": "PT", "10": "SE", "11": "CH", "12": "GB", "18": "FI", "20": "IS", "21": "IE", "22": "LU", "30": "CY",
	"40": "GR", "45": "MT", "50": "ES", "55": "TR", "61": "SI", "62": "HR", "68": "CZ", "69": "SK", "70": "LI", "72": "BG", "75": "HU", "76": "PL", "77": "RO", "82": "EE", "83": "LV", "84": "LT", "87": "RU",
	"301": "CA", "302": "US", "546": "IL", "552": "KW", "561": "QA", "566": "SA", "576": "AE", "701": "JP", "732": "TW", "742": "KR", "764": "TH", "801": "AU", "820": "NZ", "918": "EU",
	"928": "UN", "944": "UN", "959": "UN", "963": "UN", "964": "UN", "966": "UN", "967": "UN", "971": "UN", "974": "UN", "988": "UN",
}
