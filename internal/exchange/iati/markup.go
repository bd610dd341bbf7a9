package iati

import (
	"bufio"
	"encoding/xml"
	"strings"
)

// markup writes XML. Its first error ends it; Flush of what it writes to tells.
type markup struct {
	*bufio.Writer
	open []string
}

// start begins an element; attributes are names and values in turn, and one without a value is left out.
func (m *markup) start(name string, attributes ...string) {
	m.tag(name, attributes, ">\n")
	m.open = append(m.open, name)
}

// end ends the element that was begun last.
func (m *markup) end() {
	last := len(m.open) - 1
	m.put("</", m.open[last], ">\n")
	m.open = m.open[:last]
}

// empty writes an element that has attributes only.
func (m *markup) empty(name string, attributes ...string) { m.tag(name, attributes, "/>\n") }

// text writes an element that has text.
func (m *markup) text(name, text string, attributes ...string) {
	m.tag(name, attributes, ">")
	m.write(text)
	m.put("</", name, ">\n")
}

// narrative writes an element with text in IATI's manner.
func (m *markup) narrative(name, text string, attributes ...string) {
	m.tag(name, attributes, "><narrative>")
	m.write(text)
	m.put("</narrative></", name, ">\n")
}

func (m *markup) write(text string) {
	if strings.ContainsAny(text, "\uFFFE\uFFFF") {
		m.escape(text) // XML has no way to write these
		return
	}
	m.put(inText.Replace(text))
}

// inText leaves quotation marks alone, which only attributes need escaped.
var inText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;")

func (m *markup) tag(name string, attributes []string, end string) {
	m.put("<", name)
	for i := 0; i < len(attributes); i += 2 {
		if attributes[i+1] != "" {
			m.put(" ", attributes[i], `="`)
			m.escape(attributes[i+1])
			m.put(`"`)
		}
	}
	m.put(end)
}

func (m *markup) put(parts ...string) {
	for _, p := range parts {
		_, _ = m.WriteString(p) // Flush tells
	}
}

func (m *markup) escape(s string) { _ = xml.EscapeText(m, []byte(s)) } // Flush tells
