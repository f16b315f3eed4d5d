package reload

// openCommandUnchecked is ProxySQL since 2.7: the files are read again after a crash, and an error of that is ignored.
// Where the crash left one file new and one old, that brings back what the parent read at its own start, which may be
// many generations ago.
func openCommandUnchecked(o Options) (Strategy, error) {
	c := &command{Options: o}
	err := c.load()
	if err != nil && o.Boot != nil {
		err = c.boot()
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}
