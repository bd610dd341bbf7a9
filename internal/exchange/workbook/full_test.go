package workbook

import (
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/allmep/tandem/internal/fault"
)

func TestASheetIsFull(t *testing.T) {
	book := NewBook()
	defer book.Close()
	s, err := book.Sheet("grants", []string{"grant"})
	if err != nil {
		t.Fatal(err)
	}
	s.row = excelize.TotalRows - 1
	if err := s.Add([]Cell{text("the last")}); err != nil {
		t.Error(err)
	}
	if err := s.Add([]Cell{text("one more")}); fault.KindOf(err) != fault.Exhausted {
		t.Errorf("a row too many: %v", err)
	}
}
