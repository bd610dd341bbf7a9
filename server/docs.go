package server

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
)

//go:embed docs.html
var docsTemplate string

//go:embed signin.html
var signIn []byte

//go:embed import.html
var importForm []byte

// specification is as much of an OpenAPI document (of version 2) as the reference shows.
type specification struct {
	Tags []struct {
		Name        string
		Description string
	}
	Paths       map[string]map[string]*operation
	Definitions map[string]*schema
}

type operation struct {
	Method, Path string `json:"-"`
	ID           string `json:"operationId"`
	Summary      string
	Description  string
	Parameters   []*parameter
	Responses    map[string]struct{ Schema *schema }
	Tags         []string
}

type parameter struct {
	schema
	Name     string
	In       string
	Required bool
	Pattern  string
	Schema   *schema
}

// Value is the schema of what the parameter holds.
func (p *parameter) Value() *schema {
	if p.Schema != nil {
		return p.Schema
	}
	return &p.schema
}

type schema struct {
	Ref         string `json:"$ref"`
	Title       string
	Description string
	Type        string
	Format      string
	Enum        []string
	ReadOnly    bool
	Required    []string
	Items       *schema
	Properties  fields
	AllOf       []*schema
}

// fields are the properties of a schema in the order of the document, which is that of the contract.
type fields []field

type field struct {
	Name     string
	Required bool
	schema
}

// Value is the schema of what the field holds.
func (f field) Value() *schema { return &f.schema }

// UnmarshalJSON implements json.Unmarshaler.
func (fs *fields) UnmarshalJSON(body []byte) error {
	var byName map[string]schema
	if err := json.Unmarshal(body, &byName); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		if err := d.Decode(new(json.RawMessage)); err != nil {
			return err
		}
		*fs = append(*fs, field{Name: name.(string), schema: byName[name.(string)]})
	}
	return nil
}

// definition is the schema of a message or an enumeration.
type definition struct {
	Name string
	*schema
}

// service is a group of operations.
type service struct {
	Name, Description string
	Operations        []*operation
}

// renderDocs makes the reference of an OpenAPI document once and for all.
func renderDocs(document []byte) (http.Handler, error) {
	var spec specification
	if err := json.Unmarshal(document, &spec); err != nil {
		return nil, fmt.Errorf("the OpenAPI document: %w", err)
	}
	t, err := template.New("docs").Funcs(template.FuncMap{"type": typeOf, "short": shortName}).Parse(docsTemplate)
	if err != nil {
		return nil, fmt.Errorf("the template of the reference: %w", err)
	}
	var page bytes.Buffer
	if err := t.Execute(&page, map[string]any{"Services": spec.services(), "Definitions": spec.definitions(), "MaxBody": maxMessage >> 20, "MaxImport": maxImport >> 20}); err != nil {
		return nil, fmt.Errorf("the reference: %w", err)
	}
	return htmlPage(page.Bytes()), nil
}

// services groups the operations, those of a resource as people look for them: reading before writing.
func (s specification) services() []service {
	byTag := make(map[string][]*operation)
	for path, operations := range s.Paths {
		for method, o := range operations {
			o.Method, o.Path = strings.ToUpper(method), readablePath(path, o.Parameters)
			for _, tag := range o.Tags {
				byTag[tag] = append(byTag[tag], o)
			}
		}
	}
	var services []service
	for _, tag := range s.Tags {
		operations := byTag[tag.Name]
		if len(operations) == 0 {
			continue
		}
		order := []string{"GET", "POST", "PATCH", "DELETE"}
		slices.SortFunc(operations, func(a, b *operation) int {
			return cmp.Or(cmp.Compare(slices.Index(order, a.Method), slices.Index(order, b.Method)), cmp.Compare(a.Path, b.Path))
		})
		services = append(services, service{strings.TrimSuffix(tag.Name, "Service"), tag.Description, operations})
	}
	return services
}

// readablePath writes the path of an operation with the patterns of its parameters, /v1/{name} as /v1/grants/{id}.
func readablePath(path string, parameters []*parameter) string {
	for _, p := range parameters {
		if p.In == "path" && p.Pattern != "" {
			path = strings.Replace(path, "{"+p.Name+"}", strings.ReplaceAll(p.Pattern, "[^/]+", "{id}"), 1)
		}
	}
	return path
}

func (s specification) definitions() []definition {
	definitions := make([]definition, 0, len(s.Definitions))
	for name, d := range s.Definitions {
		for i, f := range d.Properties {
			d.Properties[i].Required = slices.Contains(d.Required, f.Name)
		}
		definitions = append(definitions, definition{shortName(name), d})
	}
	slices.SortFunc(definitions, func(a, b definition) int { return cmp.Compare(a.Name, b.Name) })
	return definitions
}

// shortName is the name of a definition without the version and package that the generator puts in front.
func shortName(ref string) string {
	ref = ref[strings.LastIndexByte(ref, '/')+1:]
	return strings.TrimPrefix(strings.TrimPrefix(ref, "v1"), "tandem")
}

// typeOf writes the type of a parameter or a field, with a link where it is a definition.
func typeOf(s *schema) template.HTML {
	switch {
	case s == nil:
		return ""
	case s.Ref != "":
		name := template.HTMLEscapeString(shortName(s.Ref))
		return template.HTML(`<a href="#` + name + `">` + name + `</a>`) //nolint:gosec // the name is escaped just above
	case len(s.AllOf) > 0:
		return typeOf(s.AllOf[0])
	case s.Items != nil:
		return "list of " + typeOf(s.Items)
	case s.Format != "":
		return template.HTML(template.HTMLEscapeString(s.Type + " (" + s.Format + ")")) //nolint:gosec // escaped
	}
	return template.HTML(template.HTMLEscapeString(s.Type)) //nolint:gosec // escaped
}

// signInPage is where the link leads that the server prints at its first start. The token is behind the #, which browsers do not send, so that it is in
// no log; the page reads it there.
func signInPage() http.Handler { return htmlPage(signIn) }

// importPage takes a file, shows what would become of it, and imports it when that is wanted.
func importPage() http.Handler { return htmlPage(importForm) }

// htmlPage serves a page whose only styles and scripts are its own, by their hashes, and which may call nobody but this server.
func htmlPage(page []byte) http.Handler {
	policy := "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; connect-src 'self'; style-src " +
		hashes(page, "style") + "; script-src " + hashes(page, "script")
	next := document("text/html; charset=utf-8", page)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		next.ServeHTTP(w, r)
	})
}

// hashes lists what stands between the tags of a name, as a Content-Security-Policy wants it.
func hashes(page []byte, tag string) string {
	var list []string
	for {
		_, after, ok := bytes.Cut(page, []byte("<"+tag+">"))
		if !ok {
			break
		}
		content, rest, _ := bytes.Cut(after, []byte("</"+tag+">"))
		sum := sha256.Sum256(content)
		list = append(list, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
		page = rest
	}
	if list == nil {
		return "'none'"
	}
	return strings.Join(list, " ")
}
