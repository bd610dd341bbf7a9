package freeform

import (
	"bytes"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/allmep/tandem/internal/grant"
)

// headWords are what heads call the fields: in English, French, German, Hebrew and Arabic.
var headWords = [fields][]string{
	Donor: {"donor", "donor name", "funder names", "donor names", "funders", "donors", "funder", "funder name", "funding organisation", "funding agency", "donor organisation", "agency", "agency name", "grantor", "funded by", "grant maker", "financier", "extending agency",
		"bailleur", "bailleur de fonds", "donateur", "financeur", "organisme", "geber", "geldgeber", "förderer", "zuwendungsgeber", "mittelgeber", "תורם", "גוף מממן", "מממן", "שם התורם", "الجهة المانحة", "المانح", "الممول", "مانح"},
	DonorState: {"donor state", "donor states", "donor country", "country of donor", "funder country", "donor country code", "pays donateur", "pays bailleur", "geberland", "מדינה תורמת", "الدولة المانحة", "البلد المانح"},
	Recipient: {"recipient", "recipient name", "recipient names", "recipients", "grantees", "recipient organisation", "grantee", "grantee name", "beneficiary", "beneficiary organisation", "implementing partner", "implementer", "partner", "ngo", "organisation",
		"payee", "awardee", "bénéficiaire", "beneficiaire", "récipiendaire", "association", "empfänger", "zuwendungsempfänger", "partnerorganisation", "begünstigter", "träger", "מוטב", "מקבל", "מקבל המענק", "עמותה", "ארגון", "שם העמותה",
		"المستفيد", "الجهة المستفيدة", "المتلقي", "المنظمة", "الشريك المنفذ"},
	Programme: {"programme", "program", "programme name", "program name", "grant programme", "fund", "instrument", "scheme", "budget line", "call", "programm", "fonds", "dispositif", "תוכנית", "תכנית", "קרן", "البرنامج", "الصندوق"},
	Title: {"title", "project", "project title", "project name", "grant title", "name of project", "grant", "activity", "activity title", "award title", "subject", "titre", "projet", "intitulé", "intitulé du projet", "titel", "projekt", "projekttitel", "projektname",
		"bezeichnung", "vorhaben", "שם הפרויקט", "פרויקט", "כותרת", "שם המענק", "العنوان", "المشروع", "اسم المشروع"},
	Description: {"description", "summary", "purpose", "objective", "objectives", "project description", "grant description", "résumé", "objectif", "beschreibung", "ziel", "zweck", "תיאור", "תאור", "מטרה", "الوصف", "الغرض"},
	Amount: {"amount", "amount awarded", "grant amount", "award amount", "total amount", "value", "total", "budget", "total budget", "commitment", "committed", "committed amount", "funding", "sum", "grant size", "award", "grant value", "total funding", "contract amount",
		"montant", "montant total", "montant accordé", "subvention", "betrag", "summe", "fördersumme", "bewilligte summe", "zuwendung", "höhe", "סכום", "סכום המענק", "תקציב", "היקף", "المبلغ", "قيمة المنحة", "الميزانية", "القيمة"},
	AmountMin:  {"amount min", "low", "minimum amount", "min amount", "minimum", "amount from", "lower bound", "montant minimum", "mindestbetrag", "الحد الأدنى"},
	AmountMax:  {"amount max", "high", "maximum amount", "max amount", "maximum", "amount to", "upper bound", "ceiling", "montant maximum", "höchstbetrag"},
	Qualifier:  {"amount qualifier", "qualifier", "amount type", "precision", "exactness", "amount note"},
	Currency:   {"currency", "currency code", "cur", "ccy", "iso currency", "devise", "monnaie", "währung", "מטבע", "العملة"},
	Start:      {"start", "start date", "begin", "beginning", "from", "project start", "from date", "planned start date", "actual start date", "début", "date de début", "beginn", "startdatum", "projektbeginn", "laufzeit von", "תאריך התחלה", "התחלה", "תחילה", "تاريخ البدء", "البداية", "تاريخ البداية"},
	End:        {"end", "end date", "finish", "completion", "completion date", "to date", "until", "project end", "planned end date", "actual end date", "fin", "date de fin", "ende", "enddatum", "projektende", "laufzeit bis", "תאריך סיום", "סיום", "תאריך הסיום", "تاريخ الانتهاء", "النهاية", "تاريخ النهاية"},
	Duration:   {"duration", "duration months", "months", "length months", "number of months", "durée", "durée mois", "laufzeit monate", "dauer", "משך", "משך חודשים", "المدة", "المدة بالأشهر"},
	AwardDate:  {"award date", "date awarded", "announced", "announcement date", "date", "signed", "signature date", "date signed", "date of award", "approval date", "commitment date", "decision date", "grant date", "date d attribution", "date de signature", "bewilligung", "datum", "zusage", "תאריך", "תאריך אישור", "תאריך חתימה", "التاريخ", "تاريخ المنح", "تاريخ التوقيع"},
	Theme:      {"theme", "themes", "sector", "sectors", "topic", "thematic area", "focus area", "dac sector", "sector code", "purpose code", "dac purpose code", "category", "subject area", "area of work", "thème", "secteur", "domaine", "thema", "bereich", "sektor", "förderbereich", "נושא", "תחום", "القطاع", "الموضوع", "المجال"},
	Location:   {"location", "locations", "place", "region", "area", "country", "recipient country", "target country", "city", "governorate", "district", "geography", "beneficiary location", "lieu", "pays", "région", "zone", "ort", "land", "einsatzort", "standort", "מיקום", "אזור", "מקום", "יישוב", "الموقع", "المكان", "المنطقة", "المحافظة"},
	Population: {"population", "target group", "beneficiaries", "target population", "populations", "public cible", "zielgruppe", "קהל יעד", "אוכלוסייה", "الفئة المستهدفة", "المستفيدون"},
	Status:     {"status", "state", "project status", "grant status", "statut", "état", "סטטוס", "מצב", "الحالة"},
	Identifier: {"id", "identifier", "identifiers", "grant id", "award id", "award number", "grant number", "reference", "ref", "ref no", "reference number", "project number", "project id", "contract number", "agreement number", "iati identifier", "code", "identifiant", "référence", "numéro", "n°",
		"kennung", "nummer", "projektnummer", "aktenzeichen", "vertragsnummer", "מזהה", "מספר", "מספר מענק", "الرقم", "المعرف", "رقم المنحة", "رقم المشروع"},
	Note:   {"note", "notes", "comment", "comments", "remark", "remarks", "status note", "commentaire", "remarque", "observations", "bemerkung", "anmerkung", "kommentar", "הערה", "הערות", "ملاحظة", "ملاحظات"},
	Source: {"source", "source url", "url", "link", "website", "web address", "data source", "lien", "quelle", "webseite", "מקור", "קישור", "المصدر", "الرابط"},
}

// statusWords are what sheets call the statuses of a grant.
var statusWords = map[string]grant.Status{
	"1": grant.Pipeline, "pipeline": grant.Pipeline, "planned": grant.Pipeline, "proposed": grant.Pipeline, "pledged": grant.Pipeline, "announced": grant.Pipeline, "identification": grant.Pipeline, "prévu": grant.Pipeline, "geplant": grant.Pipeline, "מתוכנן": grant.Pipeline, "مخطط": grant.Pipeline,
	"2": grant.Active, "active": grant.Active, "ongoing": grant.Active, "on going": grant.Active, "open": grant.Active, "implementation": grant.Active, "current": grant.Active, "running": grant.Active, "en cours": grant.Active, "laufend": grant.Active, "aktiv": grant.Active, "פעיל": grant.Active, "نشط": grant.Active, "جاري": grant.Active,
	"3": grant.Finalising, "finalising": grant.Finalising, "finalisation": grant.Finalising, "closing": grant.Finalising,
	"4": grant.Closed, "closed": grant.Closed, "completed": grant.Closed, "complete": grant.Closed, "finished": grant.Closed, "ended": grant.Closed, "terminé": grant.Closed, "clos": grant.Closed, "abgeschlossen": grant.Closed, "beendet": grant.Closed, "הסתיים": grant.Closed, "סגור": grant.Closed, "مغلق": grant.Closed, "مكتمل": grant.Closed,
	"5": grant.Cancelled, "cancelled": grant.Cancelled, "canceled": grant.Cancelled, "terminated": grant.Cancelled, "withdrawn": grant.Cancelled, "annulé": grant.Cancelled, "storniert": grant.Cancelled, "בוטל": grant.Cancelled, "ملغى": grant.Cancelled,
	"6": grant.Suspended, "suspended": grant.Suspended, "on hold": grant.Suspended, "frozen": grant.Suspended, "paused": grant.Suspended, "suspendu": grant.Suspended, "ausgesetzt": grant.Suspended, "מושהה": grant.Suspended, "معلق": grant.Suspended,
}

// totalWords begin a row that sums others up.
var totalWords = []string{"total", "totals", "grand total", "subtotal", "sub total", "sum", "sum total", "total général", "sous total", "somme", "gesamt", "gesamtsumme", "summe", "zwischensumme", "insgesamt", "סה כ", "סהכ", "סך הכל", "المجموع", "الإجمالي", "اجمالي"}

// headNames are headWords as words makes them, between spaces; totals are totalWords, and false what the longer of them begin with.
var headNames, totals = func() (names [fields][]string, sums map[string]bool) {
	for f, list := range headWords {
		for _, name := range list {
			names[f] = append(names[f], " "+words(name)+" ")
		}
	}
	sums = map[string]bool{}
	for _, w := range totalWords {
		w = words(w)
		for i := range w {
			if w[i] == ' ' {
				sums[w[:i]] = false
			}
		}
	}
	for _, w := range totalWords {
		sums[words(w)] = true
	}
	return names, sums
}()

// totalBegins are the bytes with which a text may begin whose words begin with those of totals: their letters, and all that is no letter or digit of ASCII.
var totalBegins = func() (begins [math.MaxUint8 + 1]bool) {
	for b := range begins {
		begins[b] = b >= utf8.RuneSelf || !unicode.IsLetter(rune(b)) && !unicode.IsDigit(rune(b))
	}
	for w := range totals {
		begins[w[0]], begins[strings.ToUpper(w)[0]] = true, true
	}
	return begins
}()

// words makes a head or a word comparable: "recipientOrg_name (USD)" is "recipient org name usd".
func words(s string) string { return string(appendWords(make([]byte, 0, 64), s, all)) }

const all = math.MaxInt

// appendWords puts the first words of a text into a buffer that is empty: they are asked of most cells of a sheet.
func appendWords(b []byte, s string, most int) []byte {
	before, apart := ' ', false
	for _, r := range s {
		small := r
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
		case !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '°':
			before, apart = r, true
			continue
		default:
			small = unicode.ToLower(r)
			apart = apart || unicode.IsUpper(r) && unicode.IsLower(before)
		}
		if apart && len(b) > 0 {
			if most--; most == 0 {
				break
			}
			b = append(b, ' ')
		}
		b = utf8.AppendRune(b, small)
		before, apart = r, false
	}
	for i := bytes.Index(b, []byte("ization")); i >= 0; i = bytes.Index(b, []byte("ization")) {
		b[i+1] = 's'
	}
	return b
}
