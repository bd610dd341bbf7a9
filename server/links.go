package server

import (
	"context"

	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type links struct {
	tandemv1.UnimplementedLinkServiceServer
	l *ledger.Ledger
}

func (s links) GetLink(ctx context.Context, r *tandemv1.GetLinkRequest) (*tandemv1.Link, error) {
	g, child, err := childOf(ctx, s.l, r, r.Name)
	if err != nil {
		return nil, err
	}
	for _, l := range g.Links {
		if l.ID == child {
			return writeLink(g, l), nil
		}
	}
	return nil, fault.New(fault.NotFound, "%q does not exist", r.Name)
}

func (s links) ListLinks(ctx context.Context, r *tandemv1.ListLinksRequest) (*tandemv1.ListLinksResponse, error) {
	p, err := listChildren(ctx, s.l, r, func(g *grant.Grant, at int64) ([]*tandemv1.Link, error) {
		links := writeGrant(g).Links
		others, err := s.l.LinkedBy(ctx, principalOf(ctx), g, at)
		for _, o := range others {
			links = append(links, writeLink(o.From, o.Link))
		}
		return links, err
	})
	return &tandemv1.ListLinksResponse{Links: p.items, NextPageToken: p.next, TotalSize: p.total, Revision: p.revision}, err
}

func (s links) CreateLink(ctx context.Context, r *tandemv1.CreateLinkRequest) (*tandemv1.Link, error) {
	link, err := read(func(in *reader) grant.Link {
		return grant.Link{Type: linkTypes.in(r.Link.Type), Target: in.id("link.target", r.Link.Target, grant.Grants), Reason: r.Link.Reason}
	})
	if err != nil {
		return nil, err
	}
	id, _ := splitName(r.Parent)
	link, g, err := s.l.CreateLink(ctx, writeOf(ctx, r, ""), id, link)
	return linkOf(g, link, err)
}

func (s links) DeleteLink(ctx context.Context, r *tandemv1.DeleteLinkRequest) (*tandemv1.Link, error) {
	id, child := splitName(r.Name)
	link, g, err := s.l.DeleteLink(ctx, writeOf(ctx, r, r.Etag), id, child)
	return linkOf(g, link, err)
}

func linkOf(g *grant.Grant, l grant.Link, err error) (*tandemv1.Link, error) {
	if err != nil {
		return nil, err
	}
	return writeLink(g, l), nil
}

func writeLink(g *grant.Grant, l grant.Link) *tandemv1.Link {
	return &tandemv1.Link{
		Name: g.ChildName("links", l.ID), Type: linkTypes.out(l.Type), Target: nameOf(grant.Grants, l.Target), Reason: l.Reason,
		Creator: l.By, CreateTime: timeOf(l.At), Origin: l.Origin,
	}
}
