package server

import (
	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/search"
)

// readOrder reads how a list is to be ordered and, where its request can say so, what is searched for. What is searched for comes by its rank, unless the request orders it otherwise.
func readOrder(r interface{ GetOrderBy() string }) (analysis.Order, search.Query, error) {
	order, err := analysis.ParseOrder(r.GetOrderBy())
	if err != nil {
		return order, search.Query{}, err
	}
	s, ok := r.(interface{ GetSearch() string })
	if !ok || s.GetSearch() == "" {
		return order, search.Query{}, nil
	}
	words, err := search.ParseQuery("search", s.GetSearch())
	if r.GetOrderBy() == "" {
		order.By = analysis.ByRank
	}
	return order, words, err
}
