package server

import (
	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/search"
)

// readOrder reads how a list is to be ordered and, where its request can say so, what is searched for. What is searched for comes by its rank, unless the request orders it otherwise.
func readOrder(in *reader, r interface{ GetOrderBy() string }, accepted []string) (analysis.Order, search.Query) {
	order, err := analysis.ParseOrder(r.GetOrderBy(), accepted...)
	in.merge("", err)
	s, ok := r.(interface{ GetSearch() string })
	if !ok || s.GetSearch() == "" {
		return order, search.Query{}
	}
	words, err := search.ParseQuery("search", s.GetSearch())
	in.merge("", err)
	if r.GetOrderBy() == "" {
		order.By = analysis.ByRank
	}
	return order, words
}
