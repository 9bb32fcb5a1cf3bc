package api_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"holdfast/engine/server/access"
	"holdfast/engine/server/api"
)

// described is the file that the server serves.
func described(t *testing.T, routes []access.Route) *openapi3.T {
	t.Helper()
	for _, r := range routes {
		if r.Pattern != "/api/v1/openapi.yaml" {
			continue
		}
		w := httptest.NewRecorder()
		if err := r.Handle(w, httptest.NewRequest("GET", r.Pattern, nil), access.Caller{}); err != nil {
			t.Fatal(err)
		}
		doc, err := openapi3.NewLoader().LoadFromData(w.Body.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		return doc
	}
	t.Fatal("the description is not served")
	return nil
}

func TestTheDescriptionAndTheRoutesAreTheSame(t *testing.T) {
	routes := api.New(api.Services{})
	doc := described(t, routes)
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	var written, served []string
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			written = append(written, method+" "+path)
		}
	}
	for _, r := range routes {
		served = append(served, r.Method+" "+r.Pattern)
		if r.Doc == "" {
			t.Errorf("%s %s does not say what it is for", r.Method, r.Pattern)
		}
	}
	slices.Sort(written)
	slices.Sort(served)
	for _, one := range served {
		if !slices.Contains(written, one) {
			t.Errorf("%s is not described", one)
		}
	}
	for _, one := range written {
		if !slices.Contains(served, one) {
			t.Errorf("%s is described and not served", one)
		}
	}
}

// holdTo checks an answer against the description.
func holdTo(t *testing.T, doc *openapi3.T, route access.Route, req *http.Request, status int, header http.Header, body []byte) {
	t.Helper()
	item := doc.Paths.Value(route.Pattern)
	if item == nil {
		t.Errorf("%s is not described", route.Pattern)
		return
	}
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req,
			Route: &routers.Route{Spec: doc, Path: route.Pattern, PathItem: item, Method: route.Method, Operation: item.GetOperation(route.Method)}},
		Status: status, Header: header, Body: io.NopCloser(bytes.NewReader(body)),
	}
	if header.Get("Content-Type") == "application/yaml" {
		return
	}
	if err := openapi3filter.ValidateResponse(t.Context(), in); err != nil {
		t.Errorf("%s %s answers what is not described: %v", route.Method, route.Pattern, err)
	}
}
