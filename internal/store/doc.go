// Package store keeps the ledger's log of revisions in SQLite or in PostgreSQL. It implements ledger.Store, whose comments are its law and whose suite
// (ledger/ledgertest) both databases pass. It is the only package with SQL in it.
//
// Every statement is written once, in queries.go, for both databases. What differs (how a connection is opened, how a transaction begins, what an
// error means) is in sqlite.go and postgres.go. The log is only ever added to: a record's past versions stay, and reading it at a revision is taking
// the newest version that is not above it.
//
// It may not know what a body means, who may see it, or what time it is.
package store
