package ledgertest

import (
	"testing"

	"github.com/allmep/tandem/internal/ledger"
)

func TestModel(t *testing.T) {
	TestStore(t, func(*testing.T) ledger.Store { return newModel() })
}
