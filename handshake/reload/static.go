package reload

import "context"

// static reads the files once: most servers, and what the other strategies are compared with.
type static struct{ id *Identity }

func openStatic(o Options) (Strategy, error) {
	s := &static{}
	if err := o.adopt(func(id *Identity) { s.id = id }); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *static) Identity() (*Identity, error) { return s.id, nil }

func (s *static) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}
