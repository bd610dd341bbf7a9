package server

import (
	"context"
	"strings"

	"github.com/allmep/tandem/internal/analysis"
	"github.com/allmep/tandem/internal/authn"
	"github.com/allmep/tandem/internal/fault"
	"github.com/allmep/tandem/internal/grant"
	"github.com/allmep/tandem/internal/ledger"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

type tokens struct {
	tandemv1.UnimplementedTokenServiceServer
	l         *ledger.Ledger
	newSecret func() string
}

func (s tokens) GetToken(ctx context.Context, r *tandemv1.GetTokenRequest) (*tandemv1.Token, error) {
	id, _ := splitName(r.Name)
	e, err := s.l.Get(ctx, principalOf(ctx), grant.Key{Kind: grant.Tokens, ID: id}, 0)
	if err != nil {
		return nil, err
	}
	if e.Ledgered().Deleted != 0 {
		return nil, fault.New(fault.NotFound, "%q was ended", r.Name)
	}
	return writeToken(e.(*grant.Token)), nil
}

func (s tokens) ListTokens(ctx context.Context, r *tandemv1.ListTokensRequest) (*tandemv1.ListTokensResponse, error) {
	after, err := readToken(r, r.PageToken)
	if err != nil {
		return nil, err
	}
	page, err := s.l.List(ctx, principalOf(ctx), grant.Tokens, ledger.ListQuery{
		Order: analysis.Order{}, Limit: pageSize(r.PageSize, defaultPage), After: after.cursor(),
	}, 0)
	if err != nil {
		return nil, err
	}
	p := pageOf(page, r, writeToken)
	return &tandemv1.ListTokensResponse{Tokens: p.items, NextPageToken: p.next, TotalSize: p.total}, nil
}

func (s tokens) CreateToken(ctx context.Context, r *tandemv1.CreateTokenRequest) (*tandemv1.Token, error) {
	secret := s.newSecret()
	t, err := read(func(in *reader) *grant.Token {
		t := &grant.Token{
			DisplayName: r.Token.DisplayName, Hash: authn.Hash(secret),
			Access: grant.Principal{
				Role: roles.in(r.Token.Role), State: r.Token.DonorState,
				Organisation: in.id("token.organisation", r.Token.Organisation, grant.Organisations),
			},
		}
		if e := r.Token.ExpireTime; e != nil {
			t.Expires = e.AsTime().UnixMicro()
			if e.CheckValid() != nil || t.Expires <= s.l.Now() {
				in.Add("token.expireTime", "is not a time to come")
			}
		}
		return t
	})
	if err != nil {
		return nil, err
	}
	t, err = ledger.Create(ctx, s.l, ledger.Write{Principal: principalOf(ctx), Reason: reasonOf(ctx), ValidateOnly: r.ValidateOnly}, "token", t)
	if err != nil {
		return nil, err
	}
	m := writeToken(t)
	if !r.ValidateOnly {
		m.Secret = secret
	}
	return m, nil
}

func (s tokens) DeleteToken(ctx context.Context, r *tandemv1.DeleteTokenRequest) (*tandemv1.Token, error) {
	id, _ := splitName(r.Name)
	e, err := s.l.Delete(ctx, ledger.Write{Principal: principalOf(ctx), Reason: reasonOf(ctx)}, grant.Key{Kind: grant.Tokens, ID: id})
	if err != nil {
		return nil, err
	}
	return writeToken(e.(*grant.Token)), nil
}

func writeToken(t *grant.Token) *tandemv1.Token {
	return &tandemv1.Token{
		Name: t.Key().String(), DisplayName: t.DisplayName, Role: roles.out(t.Access.Role), DonorState: t.Access.State,
		Organisation: nameOf(grant.Organisations, t.Access.Organisation), ExpireTime: timeOf(t.Expires), CreateTime: timeOf(t.Created),
	}
}

type me struct {
	tandemv1.UnimplementedMeServiceServer
}

func (me) GetMe(ctx context.Context, _ *tandemv1.GetMeRequest) (*tandemv1.Me, error) {
	p := principalOf(ctx)
	return &tandemv1.Me{
		Principal: p.Name, DisplayName: strings.TrimSpace(p.DisplayName), Role: roles.out(p.Role), DonorState: p.State,
		Organisation: nameOf(grant.Organisations, p.Organisation),
	}, nil
}
