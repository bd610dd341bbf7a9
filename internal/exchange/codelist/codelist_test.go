package codelist

import "testing"

func TestCodesHaveTheirNames(t *testing.T) {
	for _, c := range []struct {
		list                         List
		code, name, french, category string
	}{
		{Sector, "15220", "Civilian peace-building, conflict prevention and resolution", "Dispositifs civils de construction de la paix, et de prévention et de règlement des conflits", "152"},
		{SectorCategory, "152", "Conflict, Peace & Security", "Conflits, Paix et Sécurité", ""},
		{Country, "PS", "Palestine, State of", "", ""},
		{Region, "589", "Middle East, regional", "Moyen-Orient, régional", ""},
		{TransactionType, "2", "Outgoing Commitment", "Engagement sortant", ""},
	} {
		e, ok := c.list.Find(c.code)
		if !ok || e != (Entry{c.code, c.name, c.french, c.category}) {
			t.Errorf("%s %s is %+v", c.list, c.code, e)
		}
	}
	if e, ok := Sector.Find("99999"); ok {
		t.Errorf("99999 is %+v", e)
	}
}

func TestEverySectorHasItsCategory(t *testing.T) {
	if n := len(lists[Sector]); n < 300 {
		t.Fatalf("there are %d sectors", n)
	}
	for code, e := range lists[Sector] {
		if _, ok := SectorCategory.Find(e.Category); !ok {
			t.Errorf("the category of %s, %q, is not in the list", code, e.Category)
		}
	}
}

// The state follows from what the OECD counts a channel as, not from its digits.
func TestTheDonorStateOfANumber(t *testing.T) {
	for number, want := range map[string]string{
		"10": "SE", "918": "EU", "963": "UN", "41122": "UN", "41000": "UN", "47066": "UN", "42001": "EU", "42004": "EU", "42000": "EU",
		"41317": "", "41102": "", "44002": "", "47045": "", "46004": "", "40000": "", "41999": "", "": "",
	} {
		if got := DonorState(number); got != want {
			t.Errorf("%q is of %q, want %q", number, got, want)
		}
	}
}
