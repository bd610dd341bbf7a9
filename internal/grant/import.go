package grant

// Import is what a source's file told of a grant when it was last imported. It is the base that the next import of the file is held against, and has what an
// export gives back. A grant has at most one for each format and source.
type Import struct {
	Format string `json:"format"`           // such as IATI
	Source string `json:"source,omitempty"` // who published the file, as the file calls it
	Key    string `json:"key"`              // under which the source knows the grant
	Report string `json:"report,omitempty"` // the id of the report that it left
	// Said has the fingerprint of each part of the record that the file told of, as it was told.
	Said []Said `json:"said,omitempty"`
	Kept []Kept `json:"kept,omitempty"`
}

// Said is the fingerprint of a part of a grant: see Grant.Fingerprint.
type Said struct {
	Part  string `json:"part"` // a field, such as "start", or a transaction, such as "transactions/3"
	Print string `json:"print"`
}

// Kept is what a file has, word for word, that the record does not hold, or holds less of.
type Kept struct {
	// Part is what the pieces are of: "" for what the record has no place for, else a part as of Said. An export gives back the first always, and the others for as
	// long as the part still has the fingerprint that it was imported with, in the place of what it would write of that part.
	Part string `json:"part,omitempty"`
	Text string `json:"text"`
}
