package spiffegrpc

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Attributes of a call's span. Those of TLS are OpenTelemetry's; it has none for SPIFFE or for decisions.
const (
	attributeID         = attribute.Key("spiffe.id")
	attributeSerial     = attribute.Key("spiffe.svid.serial")
	attributeTTL        = attribute.Key("spiffe.svid.ttl") // seconds left; negative: expired
	attributeResumed    = attribute.Key("tls.resumed")
	attributeCurve      = attribute.Key("tls.curve")
	attributeDecision   = attribute.Key("authz.decision") // allow, deny
	attributeDecisionID = attribute.Key("authz.decision.id")
)

// tracing makes a span of every call, all of them sampled and exported in batches.
type tracing struct{ tracer trace.Tracer }

func (g *guard) addTracing(o Options) error {
	switch o.SPIFFE.Tracing {
	case "":
		return nil
	case "otel":
	default:
		return fmt.Errorf("spiffegrpc: unknown tracing %q", o.SPIFFE.Tracing)
	}
	exporter := o.Exporter
	if exporter == nil {
		exporter = &counter{}
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.AlwaysSample()), sdktrace.WithBatcher(exporter))
	g.tracing = &tracing{provider.Tracer("github.com/tlslab/tlslab/handshake/server/spiffegrpc")}
	g.closers = append(g.closers, func() { provider.Shutdown(context.Background()) })
	return nil
}

// counter is an exporter that counts spans, and has no network.
type counter struct{ spans atomic.Uint64 }

func (c *counter) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	c.spans.Add(uint64(len(spans)))
	return nil
}

func (c *counter) Shutdown(context.Context) error { return nil }

// span is that of one call; the zero value is of a call that is not traced.
type span struct{ trace.Span }

func (t *tracing) start(ctx context.Context, r Request, c *conn) span {
	if t == nil {
		return span{}
	}
	_, s := t.tracer.Start(ctx, r.Method, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
		attributeID.String(r.Caller.String()),
		attributeSerial.Int64(int64(r.Serial)),
		attributeTTL.Float64(time.Until(r.NotAfter).Seconds()),
		attributeResumed.Bool(r.Resumed),
		attributeCurve.String(c.outcome.Group.String()),
	))
	return span{s}
}

func (s span) decided(d Decision) {
	if s.Span == nil {
		return
	}
	word := "deny"
	if d.Allow {
		word = "allow"
	}
	s.SetAttributes(attributeDecision.String(word), attributeDecisionID.String(d.ID))
}

func (s span) end(err error) {
	if s.Span == nil {
		return
	}
	if err != nil {
		s.SetStatus(codes.Error, err.Error())
	}
	s.End()
}
