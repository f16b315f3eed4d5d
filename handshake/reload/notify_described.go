package reload

import (
	"context"
	"time"
)

// notifyDescribed is the reloader that articles about BanyanDB describe: a watch on each file, and whatever happens to
// one of them is followed by a reload once nothing has happened for the debounce. So files that never come to rest are
// never read, and a file that is missing when the debounce ends is not watched any more.
type notifyDescribed struct{ *notified }

func openNotifyDescribed(o Options) (Strategy, error) {
	n, err := openNotified(o)
	if err != nil {
		return nil, err
	}
	return notifyDescribed{n}, nil
}

func (n notifyDescribed) Run(ctx context.Context) error { return feeding(ctx, n.loop) }

func (n notifyDescribed) loop(ctx context.Context, f feed) error {
	for _, path := range n.watched() {
		if err := f.watch(path); err != nil {
			return err
		}
	}
	quiet := time.NewTimer(n.Debounce)
	quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-f.errors:
			n.Book.Event("error")
		case e := <-f.events:
			n.Book.Event(kind(e))
			quiet.Reset(n.Debounce)
		case <-quiet.C:
			n.watchAgain(f)
			n.reload()
		}
	}
}

// watchAgain is for files that are others now under the same names. It lets go of the old ones first, which could live
// on under another name and keep their watches.
func (n notifyDescribed) watchAgain(f feed) {
	for _, path := range n.watched() {
		_ = f.unwatch(path) // there is none where the file was deleted
		_ = f.watch(path)   // the reload will say that it is missing
	}
}
