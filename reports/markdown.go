package reports

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// WriteMarkdown writes what a terminal would show as Markdown with tables, for pull requests and job summaries.
func (d *Document) WriteMarkdown(w io.Writer) error {
	out := bufio.NewWriter(w)
	for _, s := range d.Sections {
		titled := false
		for _, i := range s.Items {
			if !onTerminal(i) {
				continue
			}
			if !titled && i.Opening == nil {
				fmt.Fprintf(out, "\n## %s\n", escaped(s.Title))
			}
			titled = true
			markdownItem(out, i)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write markdown: %w", err)
	}
	return nil
}

// markdownItem writes one item. The buffer keeps the first error.
func markdownItem(out *bufio.Writer, i Item) {
	switch {
	case i.Opening != nil:
		markdownOpening(out, i.Opening)
	case i.Heading != "":
		fmt.Fprintf(out, "\n### %s\n", escaped(i.Heading))
	case i.Text != "":
		fmt.Fprintf(out, "\n%s\n", escaped(i.Text))
	case i.Doubt != "":
		fmt.Fprintf(out, "\n%s\n", escaped(i.Doubt))
	case i.Table != nil:
		markdownTable(out, *i.Table)
	case i.Code != nil:
		fmt.Fprintf(out, "\n    %s\n", strings.ReplaceAll(i.Code.Text, "\n", "\n    "))
	}
	for _, c := range i.Cards {
		markdownTable(out, c.Table())
		if c.Doubt != "" {
			fmt.Fprintf(out, "\n%s\n", escaped(c.Doubt))
		}
	}
	markdownList(out, i.List)
	for _, r := range brief(i.Remarks) {
		fmt.Fprintf(out, "\n\\[%d\\] %s (%s)\n", r.Number, escaped(r.Text), escaped(r.About))
	}
}

func markdownOpening(out *bufio.Writer, o *Opening) {
	fmt.Fprintf(out, "## %s\n\n%s; effects: ", escaped(o.Sentence), escaped(o.Outcome))
	for i, c := range o.Counts {
		fmt.Fprintf(out, "%s%d %s", map[bool]string{true: ", "}[i > 0], c.N, c.Verdict)
	}
	fmt.Fprintln(out)
	if len(o.Facts) > 0 {
		fmt.Fprintf(out, "\n%s\n", escaped(strings.Join(o.Facts, ", ")))
	}
	markdownList(out, o.Findings)
	if len(o.Trust) > 0 {
		fmt.Fprintf(out, "\nWhat weakens the whole run:\n")
		markdownList(out, o.Trust)
	}
}

func markdownList(out *bufio.Writer, list []string) {
	for i, t := range list {
		if i == 0 {
			fmt.Fprintln(out)
		}
		fmt.Fprintf(out, "- %s\n", escaped(t))
	}
}

func markdownTable(out *bufio.Writer, t Table) {
	if t.Caption != "" {
		fmt.Fprintf(out, "\n**%s**\n", escaped(t.Caption))
	}
	rule := ""
	fmt.Fprintln(out)
	for _, c := range t.Columns {
		fmt.Fprintf(out, "| %s ", escaped(c.Title))
		rule += map[bool]string{true: "| ---: ", false: "| --- "}[c.Numeric]
	}
	fmt.Fprintf(out, "|\n%s|\n", rule)
	for _, r := range t.Rows {
		for _, c := range r.Cells {
			fmt.Fprintf(out, "| %s ", escaped(cellText(c)))
		}
		fmt.Fprintln(out, "|")
	}
}

// escaped makes text stand for itself in Markdown: no tags, links, mentions or emphasis of others,
// and no commands to a CI job.
func escaped(s string) string { return escapes.Replace(clean(s)) }

var escapes = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "|", `\|`, "~", `\~`, "#", `\#`, "!", `\!`,
	"<", "&lt;", ">", "&gt;", "&", "&amp;", "@", "&#64;", "://", "&#58;//", "::", "&#58;:",
)
