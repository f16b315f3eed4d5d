package scenarios

import (
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/tlslab/tlslab/handshake/reload"
)

// reload decodes how a server notices that its certificate files change, over what it inherits. What another strategy
// has no use for is not inherited; where the file says it, it is a mistake.
func (d *decoder) reload(n *yaml.Node, s *Server) {
	var r reload.Settings
	if s.Reload != nil {
		r = *s.Reload
	}
	before := len(d.found)
	d.mapping(n, "reload",
		field{"strategy", value(d, &r.Strategy, oneOf("strategy", reload.Names()...))},
		field{"interval", value(d, &r.Interval, readSpan)},
		field{"debounce", value(d, &r.Debounce, readSpan)},
		field{"slow_stat", value(d, &r.SlowStat, readSpan)},
	)
	s.Reload = &r
	if len(d.found) > before {
		return
	}
	if r.Strategy == "" {
		d.add(at(n), didYouMean("", reload.Names()), `reload needs a "strategy"`)
		return
	}
	for _, o := range reloadOptions(&r) {
		if slices.Contains(o.of, r.Strategy) {
			continue
		}
		*o.value = 0
		if given := under(n, o.key); given != nil {
			d.add(at(given), "strategies with it: "+strings.Join(o.of, ", "), "the strategy %s has no %s", r.Strategy, o.key)
		}
	}
}

// reloadOption is a setting that some strategies have.
type reloadOption struct {
	key   string
	value *time.Duration
	of    []string
}

func reloadOptions(r *reload.Settings) []reloadOption {
	return []reloadOption{
		{"interval", &r.Interval, []string{reload.PollDescribed, reload.Reference}},
		{"debounce", &r.Debounce, []string{reload.NotifyDescribed, reload.NotifyShipped, reload.Reference}},
		{"slow_stat", &r.SlowStat, slices.DeleteFunc(reload.Names(), func(s string) bool { return s == reload.Static })},
	}
}

// reloadOr writes reload settings as the file does.
func reloadOr(r *reload.Settings, otherwise string) string {
	if r == nil {
		return otherwise
	}
	words := r.Strategy
	for _, o := range reloadOptions(r) {
		if *o.value > 0 {
			words += ", " + o.key + " " + o.value.String()
		}
	}
	return words
}
