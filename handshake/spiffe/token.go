package spiffe

import (
	"context"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/spiffe/go-spiffe/v2/bundle/jwtbundle"
	"github.com/spiffe/go-spiffe/v2/proto/spiffe/workload"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"
)

// longestToken is how long a token lives at most; an entry's time to live may make it less.
const longestToken = 5 * time.Minute

// manyAudiences is how many a token may be asked for, each of longestAudience bytes at most.
const (
	manyAudiences   = 16
	longestAudience = 1 << 10
)

// FetchJWTSVID gives a token for each identity that the caller is entitled to, or for the one that it names.
func (s *api) FetchJWTSVID(ctx context.Context, request *workload.JWTSVIDRequest) (*workload.JWTSVIDResponse, error) {
	if err := checkAudiences(request.GetAudience()); err != nil {
		return nil, err
	}
	v, err := s.agent.see(ctx)
	if err != nil {
		return nil, err
	}
	if err := v.only(request.GetSpiffeId()); err != nil {
		return nil, err
	}
	answer := &workload.JWTSVIDResponse{}
	if v.fault == Empty {
		return answer, nil
	}
	for _, e := range v.entries {
		m, err := v.token(e, request.GetAudience())
		if err != nil {
			return nil, err
		}
		answer.Svids = append(answer.Svids, m)
	}
	return answer, nil
}

func checkAudiences(all []string) error {
	if len(all) == 0 {
		return status.Error(codes.InvalidArgument, "audience must be specified")
	}
	if len(all) > manyAudiences {
		return status.Errorf(codes.InvalidArgument, "%d audiences are more than %d", len(all), manyAudiences)
	}
	for _, a := range all {
		if a == "" || len(a) > longestAudience || !utf8.ValidString(a) {
			return status.Errorf(codes.InvalidArgument, "an audience has 1 to %d bytes of UTF-8", longestAudience)
		}
	}
	return nil
}

// see is the caller's view for a call that is no stream.
func (a *Agent) see(ctx context.Context) (*view, error) {
	v, err := a.look(ctx)
	if err != nil {
		return nil, err
	}
	return v, v.patience(ctx)
}

// only leaves the entry of an ID; the empty one leaves all.
func (v *view) only(text string) error {
	if text == "" {
		return nil
	}
	id, err := spiffeid.FromString(text)
	if err != nil {
		return status.Error(codes.InvalidArgument, err.Error())
	}
	domain := v.agent.options.Domain.name
	v.entries = slices.DeleteFunc(v.entries, func(e Entry) bool { return !id.MemberOf(domain) || e.Path != id.Path() })
	if len(v.entries) == 0 {
		return status.Error(codes.PermissionDenied, "no identity issued")
	}
	return nil
}

func (v *view) token(e Entry, audience []string) (*workload.JWTSVID, error) {
	for _, a := range audience {
		if e.Audiences != nil && !slices.Contains(e.Audiences, a) {
			return nil, status.Errorf(codes.PermissionDenied, "no token of %s for audience %q", e.Path, a)
		}
	}
	domain := v.agent.options.Domain
	if v.fault == ForeignDomain {
		domain = v.agent.stranger
	}
	token, err := domain.JWT(e.Path, audience, time.Now().Add(min(e.TTL, longestToken)))
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &workload.JWTSVID{SpiffeId: domain.name.IDString() + e.Path, Svid: token, Hint: e.Path}, nil
}

// ValidateJWTSVID says whose a token is, if it is good for the audience by the bundles that the caller may see.
func (s *api) ValidateJWTSVID(ctx context.Context, request *workload.ValidateJWTSVIDRequest) (*workload.ValidateJWTSVIDResponse, error) {
	if request.GetAudience() == "" {
		return nil, status.Error(codes.InvalidArgument, "audience must be specified")
	}
	if request.GetSvid() == "" {
		return nil, status.Error(codes.InvalidArgument, "svid must be specified")
	}
	v, err := s.agent.see(ctx)
	if err != nil {
		return nil, err
	}
	bundles := jwtbundle.NewSet()
	for _, b := range v.bundles() {
		bundles.Add(b.JWTBundle())
	}
	svid, err := jwtsvid.ParseAndValidate(request.GetSvid(), bundles, []string{request.GetAudience()})
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	claims, err := structpb.NewStruct(svid.Claims)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	return &workload.ValidateJWTSVIDResponse{SpiffeId: svid.ID.String(), Claims: claims}, nil
}
