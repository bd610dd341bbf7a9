package iati

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/allmep/tandem/internal/exchange"
)

// TestStandardsOwnDefects reads the files that the standard says are invalid. What is wrong with each is told, in the field of the table told; or it is in the table
// untold, with the reason, and then nothing is told, and what is said to be kept is.
func TestStandardsOwnDefects(t *testing.T) {
	dir := realdata(t)
	files, err := filepath.Glob(filepath.Join(dir, "iati-schema", "tests", "should-fail", "*.xml"))
	if err != nil || len(files) < 150 {
		t.Fatalf("there are %d files: %v", len(files), err)
	}
	reasons := map[string]string{} // by the name of a file
	for reason, names := range untold {
		for _, name := range names {
			if reasons[name] != "" || told[name] != "" {
				t.Errorf("%s is listed twice", name)
			}
			reasons[name] = reason
		}
	}
	seen := map[string]bool{}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		r := NewReader(strings.NewReader(blanks.Replace(string(data))), filepath.Base(path), "")
		drafts, err := readAll(r)
		if strings.Contains(path, "iati-organisations") {
			if err == nil || !strings.Contains(err.Error(), "organisation file") {
				t.Errorf("%s is no file of activities, and is not refused as what it is: %v", filepath.Base(path), err)
			}
			continue
		}
		if err != nil {
			t.Error(err) // none of them is so wrong that it cannot be read
			continue
		}
		name := strings.TrimSuffix(filepath.Base(path), ".xml")
		for _, prefix := range []string{"activity-tests~should-fail~", "should-fail~iati-activities~iati-activity~"} {
			name = strings.TrimPrefix(name, prefix)
		}
		seen[name] = true
		problems := r.Rest()
		var kept strings.Builder
		for _, d := range drafts {
			problems = append(problems, d.Problems...)
			for _, k := range d.Kept {
				kept.WriteString(k.Text)
			}
		}
		switch field, reason := told[name], reasons[name]; {
		case field != "":
			if !tells(problems, field) {
				t.Errorf("%s: nothing is told of %s: %v", name, field, problems)
			}
		case reason == "":
			t.Errorf("%s is in neither table; of it is told: %v", name, problems)
		case len(problems) > 0:
			t.Errorf("%s is listed as untold (%s); told is: %v", name, reason, problems)
		case strings.Contains(reason, "kept word for word") && strings.Contains(name, "~"):
			if what, _, _ := strings.Cut(name, "~"); !strings.Contains(kept.String(), what) {
				t.Errorf("%s: the %s is not kept", name, what)
			}
		}
	}
	for name := range told {
		reasons[name] = "told"
	}
	for name := range reasons {
		if !seen[name] {
			t.Errorf("%s is listed, and there is no such file", name)
		}
	}
}

// tells tells whether a problem of a field is among some.
func tells(problems []exchange.Problem, field string) bool {
	for _, p := range problems {
		if p.Field == field {
			return true
		}
	}
	return false
}

// blanks fills in the codes and names which the files, those that are valid as well, leave blank or xx. Otherwise everything would have something told of it, and
// nothing were shown.
var blanks = strings.NewReplacer(
	`<iati-activities version="xx"`, `<iati-activities version="2.03"`,
	`<iati-identifier></`, `<iati-identifier>XM-DAC-12-1-1</`,
	`<participating-org role="xx"`, `<participating-org role="1" ref="XM-DAC-12-1"`,
	`<activity-status code="xx"`, `<activity-status code="2"`,
	`<activity-date type="xx"`, `<activity-date type="2"`,
	`<transaction-type code="X"`, `<transaction-type code="3"`,
	`<related-activity type="xx"`, `<related-activity type="1"`,
	`<related-activity ref="xx" type="xx"`, `<related-activity ref="XM-DAC-12-1-2" type="1"`,
)

// told are the fields that are told of, by the names of the files. participating-org~01 has an attribute that is kept, not read; what is told is that it lacks a status, too.
var told = map[string]string{
	"01-empty-activity":                                             "iati-identifier",
	"05-code-attribute":                                             "sector/@code",
	"18-missing-iati-activities-version":                            "iati-activities/@version",
	"20-two-reporting-orgs":                                         "reporting-org",
	"23-missing-description-narrative":                              "description",
	"26-two-activity-status":                                        "activity-status",
	"budget~01-missing-period-end":                                  "budget",
	"budget~03-missing-value":                                       "budget",
	"budget~05-missing-attribute-period-end-iso-date":               "budget/period-end/@iso-date",
	"budget~09-two-period-end":                                      "budget/period-end",
	"budget~11-two-value":                                           "budget/value",
	"budget~13-empty-decimal-value":                                 "budget/value",
	"other-identifier~02-missing-attribute-ref":                     "other-identifier/@ref",
	"participating-org~01-activity-id-empty":                        "activity-status/@code",
	"planned-disbursement~03-missing-value":                         "planned-disbursement",
	"planned-disbursement~05-missing-attribute-period-end-iso-date": "planned-disbursement/period-end/@iso-date",
	"planned-disbursement~09-two-period-end":                        "planned-disbursement/period-end",
	"planned-disbursement~11-two-value":                             "planned-disbursement/value",
	"planned-disbursement~13-empty-decimal-value":                   "planned-disbursement",
	"related-activity~01-missing-attribute-ref":                     "related-activity/@ref",
	"transaction~01-missing-transaction-type":                       "transaction/transaction-type/@code",
	"transaction~03-missing-value":                                  "transaction/value",
	"transaction~05-two-transaction-date":                           "transaction/transaction-date",
	"transaction~06-two-transaction-date":                           "transaction/transaction-date",
	"transaction~08-two-descriptions":                               "transaction/description",
	"transaction~10-two-receiver-org":                               "transaction/receiver-org",
	"transaction~13-two-recipient-region":                           "recipient-region/@percentage",
	"transaction~20-missing-attribute-transaction-date-iso-code":    "transaction/transaction-date/@iso-date",
	"transaction~22-incorrect-date-value-date":                      "transaction/value/@value-date",
	"transaction~30-misssing-attribute-recipient-country-code":      "recipient-country/@code",
	"transaction~32-recipient-region-percentage":                    "transaction/recipient-region/@percentage",
	"transaction~40-non-decimal-value":                              "transaction/value",
}

// untold are the names of the other files, by the reason.
var untold = map[string][]string{
	"results are kept word for word, not read": {
		"result~02-missing-title-narrative",
		"result~04-missing-indicator-title-narrative",
		"result~06-missing-indicator",
		"result~08-non-boolean-attribute-aggregation-status",
		"result~10-two-title",
		"result~12-two-description",
		"result~14-missing-description-narrative",
		"result~16-missing-indicator-period-period-start",
		"result~18-non-iso-date-period-period-start",
		"result~20-missing-indicator-period-target-comment-narrative",
		"result~22-two-indicator-description",
		"result~25-two-indicator-period-period-end",
		"result~28-two-indicator-period-target-comment",
		"result~33-missing-attribute-period-start-iso-date",
		"result~36-missing-attribute-baseline-year",
		"result~38-non-positiveInteger-baseline-year",
		"result~41-indicator-reference-code-missing",
		"result~48-two-indicator-period-actual-comment",
		"result~50-no-narrative-indicator-period-actual-comment",
		"result~document-link~_url~err-not-iati-xml-missing-attribute_required-attribute-not-present",
		"result~document-link~category~err-not-iati-xml-forbidden-attribute_non-permitted-attribute-present",
		"result~document-link~description~err-not-iati-xml-forbidden-attribute_non-permitted-attribute-present",
		"result~document-link~description~narrative~err-not-iati-xml-missing-required-element_no-narrative-element",
		"result~document-link~document-date~err-not-iati-xml-forbidden-attribute_non-permitted-attribute-present",
		"result~document-link~document-date~err-not-iati-xml-missing-required-element_multiple-elements-present",
		"result~document-link~language~_code~err-not-iati-xml-missing-attribute_required-attribute-not-present",
		"result~document-link~title~err-not-iati-xml-forbidden-attribute_non-permitted-attribute-present",
		"result~document-link~title~narrative~err-not-iati-xml-missing-required-element_no-narrative-element",
		"result~indicator~baseline~dimension~err-not-iati-xml-incorrect-datatype",
		"result~indicator~baseline~document-link~_url~err-not-iati-xml-missing-attribute_required-attribute-not-present",
		"result~indicator~baseline~document-link~category~err-not-iati-xml-forbidden-attribute_non-permitted-attribute-present",
		"result~indicator~baseline~document-link~description~err-not-iati-xml-forbidden-attribute_non-permitted-attribute-present",
		"result~indicator~baseline~document-link~description~narrative~err-not-iati-xml-missing-required-element_no-narrative-element",
		"result~indicator~baseline~document-link~document-date~err-not-iati-xml-forbidden-attribute_non-permitted-attribute-present",
		"result~indicator~baseline~document-link~document-date~err-not-iati-xml-missing-required-element_multiple-elements-present",
		"result~indicator~baseline~document-link~language~_code~err-not-iati-xml-missing-attribute_required-attribute-not-present",
		"result~indicator~baseline~document-link~title~err-not-iati-xml-forbidden-attribute_non-permitted-attribute-present",
		"result~indicator~baseline~document-link~title~narrative~err-not-iati-xml-missing-required-element_no-narrative-element",
		"result~indicator~document-link~_url~err-not-iati-xml-missing-attribute_required-attribute-not-present",
		"result~indicator~document-link~category~err-not-iati-xml-forbidden-attribute_non-permitted-attribute-present",
		"result~indicator~document-link~description~err-not-iati-xml-forbidden-attribute_non-permitted-attribute-present",
		"result~indicator~document-link~description~narrative~err-not-iati-xml-missing-required-element_no-narrative-element",
		"result~indicator~document-link~document-date~err-not-iati-xml-forbidden-attribute_non-permitted-attribute-present",
		"result~indicator~document-link~document-date~err-not-iati-xml-missing-required-element_multiple-elements-present",
		"result~indicator~document-link~language~_code~err-not-iati-xml-missing-attribute_required-attribute-not-present",
		"result~indicator~document-link~title~err-not-iati-xml-forbidden-attribute_non-permitted-attribute-present",
		"result~indicator~document-link~title~narrative~err-not-iati-xml-missing-required-element_no-narrative-element",
		"result~indicator~period~actual~document-link~_url~err-not-iati-xml-missing-attribute_required-attribute-not-present",
		"result~indicator~period~actual~document-link~category~err-not-iati-xml-forbidden-attribute_non-permitted-attribute-present",
		"result~indicator~period~actual~document-link~description~err-not-iati-xml-forbidden-attribute_non-permitted-attribute-present",
		"result~indicator~period~actual~document-link~description~narrative~err-not-iati-xml-missing-required-element_no-narrative-element",
		"result~indicator~period~actual~document-link~document-date~err-not-iati-xml-forbidden-attribute_non-permitted-attribute-present",
		"result~indicator~period~actual~document-link~document-date~err-not-iati-xml-missing-required-element_multiple-elements-present",
		"result~indicator~period~actual~document-link~language~_code~err-not-iati-xml-missing-attribute_required-attribute-not-present",
		"result~indicator~period~actual~document-link~title~err-not-iati-xml-forbidden-attribute_non-permitted-attribute-present",
		"result~indicator~period~actual~document-link~title~narrative~err-not-iati-xml-missing-required-element_no-narrative-element",
		"result~indicator~period~target~document-link~_url~err-not-iati-xml-missing-attribute_required-attribute-not-present",
		"result~indicator~period~target~document-link~category~err-not-iati-xml-forbidden-attribute_non-permitted-attribute-present",
		"result~indicator~period~target~document-link~description~err-not-iati-xml-forbidden-attribute_non-permitted-attribute-present",
		"result~indicator~period~target~document-link~description~narrative~err-not-iati-xml-missing-required-element_no-narrative-element",
		"result~indicator~period~target~document-link~document-date~err-not-iati-xml-forbidden-attribute_non-permitted-attribute-present",
		"result~indicator~period~target~document-link~document-date~err-not-iati-xml-missing-required-element_multiple-elements-present",
		"result~indicator~period~target~document-link~language~_code~err-not-iati-xml-missing-attribute_required-attribute-not-present",
		"result~indicator~period~target~document-link~title~err-not-iati-xml-forbidden-attribute_non-permitted-attribute-present",
		"result~indicator~period~target~document-link~title~narrative~err-not-iati-xml-missing-required-element_no-narrative-element",
		"result~reference~_vocabulary~err-not-iati-xml-missing-attribute_missing-required-vocabulary-attribute",
	},
	"documents are kept word for word, not read": {
		"document-link~01-missing-category",
		"document-link~03-missing-title-narrative",
		"document-link~05-contains-text-category",
		"document-link~description~err-not-iati-xml-missing-required-element_document-link-with-optional-description-element-no-narrative",
	},
	"crs-add and fss, for the statistics of the OECD, are kept word for word, not read": {
		"crs-add~02-non-decimal-principal-outstanding",
		"crs-add~04-non-decimal-prinicipal-arrears", //nolint:misspell // so is the name of the file
		"crs-add~06-non-iso-date-commitment-date",
		"crs-add~08-non-iso-date-value-date",
		"crs-add~10-non-decimal-year",
		"crs-add~12-two-loan-status",
		"crs-add~14-two-principal-arrears",
		"crs-add~16-two-principal-outstanding",
		"crs-add~17-two-commitment-date",
		"crs-add~19-two-repayment-plan",
		"crs-add~21-non-decimal-rate-1",
		"crs-add~23-two-channel-code",
		"fss~01-two-fss",
		"fss~03-missing-attribute-forecast-year",
	},
	"places within a country are kept word for word, not read": {
		"location~01-location-name-without-narrative",
		"location~03-location-activity-description-without-narrative",
		"location~05-two-location-reach",
		"location~07-two-activity-descriptions",
		"location~09-two-pos",
		"location~11-two-exactness",
		"location~13-two-feature-designation",
	},
	"people to turn to are kept word for word, not read": {
		"contact-info~01-missing-organisation-narrative",
		"contact-info~03-missing-job-title-narrative",
		"contact-info~05-missing-mailing-address-narrative",
		"contact-info~08-two-departments",
		"contact-info~10-two-job-titles",
	},
	"these elements are kept word for word, not read": {
		"capital-spend~02-missing-attribute-percentage",
		"collaboration-type~01-two-collaboration-type",
		"collaboration-type~03-contains-text",
		"conditions~02-missing-attribute-type",
		"conditions~04-two-conditions",
		"country-budget-items~02-two-country-budget-items",
		"country-budget-items~04-missing-description-narrative",
		"country-budget-items~06-missing-attribute-budget-item-code",
		"default-aid-type~03-contains-text",
		"default-finance-type~02-missing-attribute-code",
		"default-flow-type~01-two-default-flow-type",
		"default-flow-type~03-contains-text",
		"default-tied-status~02-missing-attribute-code",
		"humanitarian~03-humanitarian-scope-no-code",
		"humanitarian~06-humanitarian-scope-no-vocab",
		"legacy-data~02-missing-attribute-name",
		"tag~err-not-iati-xml-missing-attribute",
	},
	"of a transaction, its channel and its types of flow, finance and aid are kept word for word, not read": {
		"transaction~15-two-finance-type",
		"transaction~18-two-disbursement-channel",
		"transaction~24-missing-attribute-disbursement-channel-code",
		"transaction~26-missing-attribute-aid-type-code",
		"transaction~28-missing-attribute-flow-type-code",
		"transaction~34-contains-text-flow-type",
		"transaction~36-contains-text-aid-type",
		"transaction~38-contains-text-disbursement-channel",
	},
	"the attribute humanitarian is kept word for word, not read": {
		"humanitarian~01-humanitarian-activity-flag-empty",
		"humanitarian~02-humanitarian-transaction-validation-empty",
	},
	"the organisations of a planned disbursement are kept word for word, not read": {
		"planned-disbursement~15-multiple-receiver-orgs",
	},
	"the text has no place in the element, of which the attributes are read; it is kept word for word": {
		"budget~07-contains-text-period-start",
		"planned-disbursement~07-contains-text-period-start",
		"related-activity~03-contains-text",
		"transaction~42-contains-text-transaction-date",
	},
	"the element has no place beside the narratives, which are read; it is kept word for word": {
		"03-mixed-content-extensibility",
	},
	"the time is missing, of which nothing but the day is read": {
		"16-last-updated-datetime",
	},
}
