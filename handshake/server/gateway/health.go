package gateway

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/tlslab/tlslab/handshake/server"
)

// preferHealth is the preference by what backends say of themselves.
const preferHealth = "health"

const defaultEvery = 100 * time.Millisecond

// follow asks the backends until ctx ends and keeps the ALPN list to what they say.
func (g *Gateway) follow(ctx context.Context) error {
	every := cmp.Or(g.Every, defaultEvery)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: every}
	protocols := *g.order.Load()
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for ctx.Err() == nil {
		if list := ordered(protocols, ask(ctx, client, g.Health)); ctx.Err() == nil && !slices.Equal(list, *g.order.Load()) {
			g.Offer(list)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
	return nil
}

// ask is which protocols have no healthy backend, of those that have one.
func ask(ctx context.Context, client *http.Client, backends []server.Backend) map[string]bool {
	healthy := make([]bool, len(backends))
	var asking sync.WaitGroup
	for i, b := range backends {
		asking.Go(func() { healthy[i] = answers(ctx, client, b.URL) })
	}
	asking.Wait()
	ill := map[string]bool{}
	for i, b := range backends {
		before, known := ill[b.Protocol]
		ill[b.Protocol] = !healthy[i] && (before || !known)
	}
	return ill
}

func answers(ctx context.Context, client *http.Client, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	io.Copy(io.Discard, io.LimitReader(response.Body, 4<<10)) // so that the connection can be used again
	return response.StatusCode == http.StatusOK
}

// ordered is the list with the protocols of ill backends at its end. None is lost.
func ordered(protocols []string, ill map[string]bool) []string {
	list := slices.Clone(protocols)
	slices.SortStableFunc(list, func(a, b string) int { return rank(ill[a]) - rank(ill[b]) })
	return list
}

func rank(ill bool) int {
	if ill {
		return 1
	}
	return 0
}
