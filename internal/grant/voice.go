package grant

// The rule of who reports on what: staff on every grant and as anyone; a DONOR or a MEMBER on the grants that it sees and takes part in, and as an organisation of its own;
// nobody else. The ledger asks these on the records as they stand when a write is decided.

// MayReport tells whether p may report on grants, and confirm them, at all.
func (p Principal) MayReport() bool { return p.MayWrite(Grants) || p.Role == Donor || p.Role == Member }

// MayReportOn tells whether p may report on a grant that it sees, and confirm it.
func (r *Registry) MayReportOn(p Principal, g *Grant) bool {
	return p.MayWrite(Grants) || p.MayReport() && r.TakesPart(p, g)
}

// SpeaksFor tells whether p may report as an organisation: a MEMBER as its own, through mergers, a DONOR as those of its state, staff as anyone.
func (r *Registry) SpeaksFor(p Principal, organisation string) bool {
	switch p.Role {
	case Donor:
		return r.DonorState(organisation) == p.State
	case Member:
		return r.Survivor(organisation) == r.Survivor(p.Organisation)
	}
	return p.MayWrite(Grants)
}

// Owns tells whether p may change and delete a report: it wrote it, or speaks for the organisation that says it. Staff own every report.
func (r *Registry) Owns(p Principal, report *Report) bool {
	return report.By == p.Name || r.SpeaksFor(p, report.Organisation)
}

// Voices returns the organisations as which p can be meant to report on a grant when it names none: a MEMBER's own, or the funders that are of a DONOR's state. Staff have none.
func (r *Registry) Voices(p Principal, g *Grant) []string {
	if p.Role == Member {
		return []string{r.Survivor(p.Organisation)}
	}
	var own []string
	for _, f := range g.Funders {
		if p.Role == Donor && r.SpeaksFor(p, f.Organisation) {
			own = append(own, f.Organisation)
		}
	}
	return own
}
