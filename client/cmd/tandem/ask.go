package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"

	"golang.org/x/term"

	"github.com/allmep/tandem/client"
	tandemv1 "github.com/allmep/tandem/proto/tandem/v1"
)

// errLeft is what asking ends with when the person leaves.
var errLeft = errors.New("left; nothing was stored")

// question is one field that is asked for.
type question struct {
	prompt   string
	needed   bool
	complete []string // what Tab goes through
	check    func(string) error
	set      func(string)
}

// askGrant asks for a grant, field by field, on the terminal.
func (s *session) askGrant(f *grantFields) error {
	orgs, err := s.organisationNames()
	if err != nil {
		return err
	}
	themes := &tandemv1.ListThemesResponse{}
	for t, err := range client.All(s, &tandemv1.ListThemesRequest{PageSize: 1000}, s.Themes.ListThemes, (*tandemv1.ListThemesResponse).GetThemes) {
		if err != nil {
			return err
		}
		themes.Themes = append(themes.Themes, t)
	}
	var themeIDs []string
	for _, t := range themes.Themes {
		themeIDs = append(themeIDs, bare(t.Name))
	}
	t, restore, err := openTerminal()
	if err != nil {
		return err
	}
	defer restore()
	return ask(t, grantQuestions(f, orgs, themeIDs), func() string {
		return fmt.Sprintf("%s: %s from %s to %s, %s to %s. Log it? (y/n) ", f.Title, f.Amount, strings.Join(f.Funder, ", "), strings.Join(f.Recipient, ", "), f.Start, f.End)
	})
}

// openTerminal takes the terminal, until restore is called.
func openTerminal() (t *term.Terminal, restore func(), err error) {
	old, err := term.MakeRaw(0)
	if err != nil {
		return nil, nil, err
	}
	t = term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{os.Stdin, os.Stdout}, "")
	if width, height, err := term.GetSize(0); err == nil {
		_ = t.SetSize(width, height) // only a nicety: lines then break where the window ends
	}
	return t, func() { _ = term.Restore(0, old) }, nil // the process ends with it anyway
}

func grantQuestions(f *grantFields, orgs map[string]string, themes []string) []question {
	names := make([]string, 0, len(orgs))
	for name := range orgs {
		names = append(names, name)
	}
	sort.Strings(names)
	list := func(to *[]string) func(string) {
		return func(s string) {
			for _, one := range strings.Split(s, ",") {
				if one = strings.TrimSpace(one); one == "" {
					continue
				}
				name, share, said := strings.Cut(one, "=")
				if id, ok := orgs[name]; ok {
					name = id
				}
				if said {
					name += "=" + share
				}
				*to = append(*to, name)
			}
		}
	}
	recorded := func(s string) error {
		for _, one := range strings.Split(s, ",") {
			name, _, _, err := cutShare(strings.TrimSpace(one))
			if err != nil {
				return err
			}
			if _, ok := orgs[name]; !ok && name != "" {
				return fmt.Errorf("%q is not recorded; Tab goes through the names, and 'tandem org add' records one", name)
			}
		}
		return nil
	}
	shares := func(s string) error {
		_, err := splits("themes", strings.Split(s, ","))
		return err
	}
	amount := func(s string) error {
		_, err := parseAmount(s)
		return err
	}
	return []question{
		{prompt: "Title", needed: true, set: func(s string) { f.Title = s }},
		{prompt: "Funders (Tab completes; several with commas; shares as NAME=60)", needed: true, complete: names, check: recorded, set: list(&f.Funder)},
		{prompt: "Recipients (empty if withheld)", complete: names, check: recorded, set: list(&f.Recipient)},
		{prompt: "Amount ('3300000 USD', 'at least …', 'unknown')", needed: true, check: amount, set: func(s string) { f.Amount = s }},
		{prompt: "Awarded on (2022, 2022-07 or 2022-07-15)", set: func(s string) { f.AwardDate = s }},
		{prompt: "Start", set: func(s string) { f.Start = s }},
		{prompt: "End", set: func(s string) { f.End = s }},
		{prompt: "Themes (water=60, education=40)", complete: themes, check: shares, set: list(&f.Theme)},
		{prompt: "Source (a link)", set: func(s string) {
			if s != "" {
				f.Source = []string{s}
			}
		}},
	}
}

// ask puts the questions, and asks at the end whether all is right.
func ask(t *term.Terminal, questions []question, summary func() string) error {
	for _, q := range questions {
		for {
			t.AutoCompleteCallback = completer(q.complete)
			t.SetPrompt(q.prompt + ": ")
			line, err := t.ReadLine()
			if err != nil {
				return errLeft
			}
			line = strings.TrimSpace(line)
			if line == "" && q.needed {
				fmt.Fprintln(t, "This is needed.")
				continue
			}
			if line != "" && q.check != nil {
				if err := q.check(line); err != nil {
					fmt.Fprintln(t, err)
					continue
				}
			}
			q.set(line)
			break
		}
	}
	t.AutoCompleteCallback = nil
	return confirm(t, summary())
}

// confirm asks a question that only yes answers.
func confirm(t *term.Terminal, prompt string) error {
	t.SetPrompt(prompt)
	if line, err := t.ReadLine(); err != nil || !strings.HasPrefix(strings.ToLower(strings.TrimSpace(line)), "y") {
		return errLeft
	}
	return nil
}

// completer completes the name after the last comma; Tab again goes to the next that fits.
func completer(names []string) func(line string, pos int, key rune) (string, int, bool) {
	typed, at := "", -1
	return func(line string, pos int, key rune) (string, int, bool) {
		if key != '\t' || len(names) == 0 {
			typed, at = "", -1
			return "", 0, false
		}
		head, last := "", line[:pos]
		if i := strings.LastIndexByte(last, ','); i >= 0 {
			head, last = last[:i+1]+" ", strings.TrimLeft(last[i+1:], " ")
		}
		if at < 0 {
			typed = last
		}
		for range names {
			at = (at + 1) % len(names)
			if strings.HasPrefix(strings.ToLower(names[at]), strings.ToLower(typed)) {
				out := head + names[at]
				return out, len(out), true
			}
		}
		return line, pos, true
	}
}

// organisationNames returns every name of every organisation that has no comma in it, with its id.
func (s *session) organisationNames() (map[string]string, error) {
	names := map[string]string{}
	q := &tandemv1.ListOrganisationsRequest{PageSize: 1000}
	for o, err := range client.All(s, q, s.Organisations.ListOrganisations, (*tandemv1.ListOrganisationsResponse).GetOrganisations) {
		if err != nil {
			return nil, err
		}
		for _, name := range append(append([]string{o.DisplayName, bare(o.Name)}, o.Aliases...), o.Identifiers...) {
			if !strings.ContainsAny(name, ",=") {
				names[name] = bare(o.Name)
			}
		}
	}
	return names, nil
}
