package reload

// openCommandBoot is ProxySQL before 2.7: a child that was started after a crash has its parent's memory, which is
// from the parent's own start. All reloads since then are forgotten.
func openCommandBoot(o Options) (Strategy, error) {
	c := &command{Options: o}
	first := c.load
	if o.Boot != nil {
		first = c.boot
	}
	if err := first(); err != nil {
		return nil, err
	}
	return c, nil
}
