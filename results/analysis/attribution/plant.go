package attribution

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/tlslab/tlslab/results/account"
)

// Plant is a delay or burn that the server put into one handshake, by its own record.
type Plant struct {
	Port uint16        // of the peer
	At   time.Duration // on the account's clock; zero: the record does not say
	Size time.Duration // as the server measured it
}

// Recover says how much of the plants the account has in the class that they belong to, and how much elsewhere.
//
// In the middle, a planted handshake's time is compared with the median of those without a plant. In the tail, the
// slowest hundredth of the planted ones, one at least, is compared with the slowest hundredth of the others: what makes
// a handshake slow by nature is in both, and only the plant is left.
func Recover(plants []Plant, handshakes []account.Handshake, component account.Class) Recovery {
	planted, others := matchPlants(plants, handshakes)
	r := Recovery{Component: component, Sought: component, Planted: len(plants), Matched: len(planted)}
	if len(planted) == 0 || len(others) == 0 {
		return r
	}
	var mid, tail [account.Classes]float64
	for c := range mid {
		mid[c] = midShare(planted, others, account.Class(c))
		tail[c] = tailShare(planted, others, account.Class(c))
	}
	r.P50, r.P99 = mid[component], tail[component]
	r.Leaks50, r.Leak50 = largestOther(mid, component)
	r.Leaks99, r.Leak99 = largestOther(tail, component)
	return r
}

// grown is a handshake with what was planted in it; none: zero.
type grown struct {
	*account.Handshake
	size time.Duration
}

// matchPlants finds each plant's handshake by the peer's port and the instant. Without an instant, a port that several
// handshakes had says nothing: these are neither planted nor without a plant. A handshake with several plants holds
// their sum.
func matchPlants(plants []Plant, handshakes []account.Handshake) (planted, others []grown) {
	byPort := map[uint16][]int{}
	for i := range handshakes {
		if port := handshakes[i].Port; port != 0 && !handshakes[i].Failed {
			byPort[port] = append(byPort[port], i)
		}
	}
	sizes, doubtful := map[int]time.Duration{}, map[uint16]bool{}
	for _, p := range plants {
		if i := holder(p, byPort[p.Port], handshakes); i >= 0 && p.Size > 0 {
			sizes[i] += p.Size
		} else {
			doubtful[p.Port] = true
		}
	}
	for i := range handshakes {
		switch size, found := sizes[i]; {
		case found:
			planted = append(planted, grown{&handshakes[i], size})
		case !handshakes[i].Failed && !doubtful[handshakes[i].Port]:
			others = append(others, grown{&handshakes[i], 0})
		}
	}
	slowestFirst := func(a, b grown) int { return cmp.Compare(b.Wall(), a.Wall()) }
	slices.SortStableFunc(planted, slowestFirst)
	slices.SortStableFunc(others, slowestFirst)
	return planted, others
}

// holder is the index of the handshake that a plant is in; -1: not to be told.
func holder(p Plant, candidates []int, handshakes []account.Handshake) int {
	if p.At == 0 && len(candidates) == 1 {
		return candidates[0]
	}
	for _, i := range candidates {
		if h := &handshakes[i]; p.At > 0 && h.Begin <= p.At && p.At <= h.End {
			return i
		}
	}
	return -1
}

// midShare is the median over the planted handshakes of what a class has more than usual, as a share of the plant.
func midShare(planted, others []grown, c account.Class) float64 {
	typical := middle(secondsOf(others, c))
	var shares []float64
	for _, h := range planted {
		shares = append(shares, (h.Time[c].Seconds()-typical)/h.size.Seconds())
	}
	return middle(shares)
}

// tailShare compares the slowest with the slowest; both are in order.
func tailShare(planted, others []grown, c account.Class) float64 {
	slow, natural := hundredth(planted), hundredth(others)
	var size float64
	for _, h := range slow {
		size += h.size.Seconds() / float64(len(slow))
	}
	return (mean(secondsOf(slow, c)) - mean(secondsOf(natural, c))) / size
}

func hundredth(sorted []grown) []grown { return sorted[:max(1, len(sorted)/100)] }

func secondsOf(handshakes []grown, c account.Class) []float64 {
	values := make([]float64, len(handshakes))
	for i, h := range handshakes {
		values[i] = h.Time[c].Seconds()
	}
	return values
}

func largestOther(shares [account.Classes]float64, component account.Class) (class account.Class, share float64) {
	class = component
	for c, s := range shares {
		if account.Class(c) != component && math.Abs(s) > math.Abs(share) {
			class, share = account.Class(c), s
		}
	}
	return class, share
}
