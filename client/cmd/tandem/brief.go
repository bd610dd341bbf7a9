package main

import (
	"google.golang.org/genproto/googleapis/api/httpbody"

	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type briefCommand struct {
	DonorState string `help:"About this donor state (US, SE, EU, …)." placeholder:"STATE"`
	Member     string `help:"About this member." placeholder:"ORG"`
	Currency   string `help:"Currency of the figures." default:"USD"`
	From       string `help:"First day of the window (two years back when left out)." placeholder:"DATE"`
	To         string `help:"Last day of the window (two years ahead when left out)." placeholder:"DATE"`
	AsOf       string `help:"The day that the brief looks from (today when left out)." placeholder:"DATE"`
	Markdown   bool   `help:"As Markdown; else as HTML that prints well. '-o json' gives the figures."`
	asOf       `embed:""`
}

// Run writes a brief to standard output.
func (c *briefCommand) Run(s *session) error {
	q := &tandemv1.GetBriefRequest{
		DonorState: c.DonorState, Member: full("organisations", c.Member), CurrencyCode: c.Currency, From: c.From, To: c.To, AsOf: c.AsOf, Revision: c.Revision,
	}
	var err error
	if q.ReadTime, err = c.readTime(); err != nil {
		return err
	}
	switch s.output {
	case "json":
		answer, err := s.Briefs.GetBrief(s, q)
		if err != nil {
			return err
		}
		return s.writeJSON(answer)
	case "csv":
		return usage("a brief is no table; accepted are -o table (a document) and -o json")
	}
	document := tandemv1.RenderBriefRequest_HTML
	if c.Markdown {
		document = tandemv1.RenderBriefRequest_MARKDOWN
	}
	var body *httpbody.HttpBody
	if body, err = s.Briefs.RenderBrief(s, &tandemv1.RenderBriefRequest{Brief: q, Document: document}); err != nil {
		return err
	}
	_, err = s.out.Write(body.Data)
	return err
}
