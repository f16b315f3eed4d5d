package variant

import (
	"context"
	"strings"
)

// MergeBase is the commit of the checkout at which two refs parted; an empty second ref is the checkout's HEAD.
func (b *Builder) MergeBase(ctx context.Context, base, head string) (string, error) {
	if b.Checkout == "" {
		return "", because(ErrSource, "run tlslab inside a checkout with its git history", "git ref %q without a checkout", base)
	}
	if head == "" {
		head = "HEAD"
	}
	from, err := b.commit(ctx, base)
	if err != nil {
		return "", err
	}
	to, err := b.commit(ctx, head)
	if err != nil {
		return "", err
	}
	out, err := b.git(ctx, "merge-base", from, to)
	if err != nil && ctx.Err() == nil {
		return "", because(ErrSource, "fetch the history of both: git fetch --unshallow", "git refs %q and %q have no common commit here", base, head)
	}
	return strings.TrimSpace(string(out)), err
}
