package server

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

//go:embed openapi.json
var openAPI []byte

// handler is everything that is served over HTTP.
func (s *Server) handler() (http.Handler, error) {
	gateway, err := s.gateway()
	if err != nil {
		return nil, err
	}
	docs, err := renderDocs(openAPI)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/v1/", s.api(gateway))
	mux.Handle("/v1/revisions:watch", s.events(gateway))
	mux.Handle(exportsPath, s.downloads(gateway))
	mux.Handle("/v1/imports", s.upload(gateway))
	for path, page := range map[string]http.Handler{
		"/healthz":      text("ok\n"),
		"/readyz":       http.HandlerFunc(s.ready),
		"/metrics":      promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{}),
		"/openapi.json": document("application/json", openAPI),
		"/docs":         docs,
		"/signin":       signInPage(),
		"/import":       importPage(),
		// Until there is a dashboard, the reference is the front page.
		"/{$}": http.RedirectHandler("/docs", http.StatusFound),
	} {
		mux.Handle(path, readOnly(page))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeStatus(w, http.StatusNotFound, status.Convert(noRoute(r, http.StatusNotFound)))
	})
	return s.secured(mux), nil
}

// secured sets what tells browsers to trust nothing else. Pages that have styles or scripts loosen the policy for these.
func (s *Server) secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["X-Content-Type-Options"] = []string{"nosniff"}
		h["X-Frame-Options"] = []string{"DENY"}
		h["Referrer-Policy"] = []string{"no-referrer"}
		h["Content-Security-Policy"] = []string{"default-src 'none'; frame-ancestors 'none'"}
		if s.config.TLS != nil {
			h["Strict-Transport-Security"] = []string{"max-age=31536000"}
		}
		next.ServeHTTP(w, r)
	})
}

// readOnly refuses all but GET and HEAD.
func readOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			writeStatus(w, http.StatusMethodNotAllowed, status.Convert(noRoute(r, http.StatusMethodNotAllowed)))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// api prepares requests for the gateway.
func (s *Server) api(gateway http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r, err := withExchange(r)
		if err != nil {
			code := http.StatusBadRequest
			if status.Code(err) == codes.ResourceExhausted {
				code = http.StatusRequestEntityTooLarge
			}
			writeStatus(w, code, status.Convert(err))
			return
		}
		h := w.Header()
		switch r.Method {
		case http.MethodHead:
			r.Method = http.MethodGet // net/http leaves the body of the answer out
			fallthrough
		case http.MethodGet:
			h["Cache-Control"] = []string{"private, no-cache"}
			h["Vary"] = []string{"Authorization, Accept"}
		default:
			h["Cache-Control"] = []string{"no-store"}
		}
		gateway.ServeHTTP(w, withReason(r))
	})
}

// withReason makes metadata of the reason of a request, which is ASCII; see authenticate.
func withReason(r *http.Request) *http.Request {
	if reason := r.Header.Get("Tandem-Reason"); strings.ContainsFunc(reason, func(c rune) bool { return c > '~' }) {
		r.Header.Set("Tandem-Reason", url.PathEscape(reason))
	}
	return r
}

// readBody reads the body of a request whole, so that one that is too long, or is no JSON, is refused as such and at once, and leaves it to be read again.
func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	tooLong := status.Errorf(codes.ResourceExhausted, "the body is longer than %d bytes; send less at once", maxMessage)
	if r.ContentLength > maxMessage {
		return nil, tooLong
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxMessage))
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return nil, tooLong
	case err != nil:
		return nil, invalid("", "the body cannot be read: %v", err)
	case !utf8.Valid(body):
		return nil, invalid("", "the body is not UTF-8")
	case len(bytes.TrimSpace(body)) > 0 && !json.Valid(body):
		return nil, invalid("", "the body is not JSON: %v", json.Unmarshal(body, new(json.RawMessage)))
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body, nil
}

// ready tells whether the store answers.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if _, err := s.ledger.Store.Head(ctx); err != nil {
		s.config.Log.WarnContext(ctx, "not ready", "error", err)
		writeStatus(w, http.StatusServiceUnavailable, status.New(codes.Unavailable, "the store does not answer"))
		return
	}
	text("ready\n").ServeHTTP(w, r)
}

func text(body string) http.Handler { return document("text/plain; charset=utf-8", []byte(body)) }

// document serves bytes that do not change while the program runs.
func document(contentType string, body []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body) // the caller may be gone, which is no concern of ours
	})
}
