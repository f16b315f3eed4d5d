package rotation

import "time"

// crashes are writers that die, each followed by one that does not.
func crashes() []Injection {
	return []Injection{
		injection("writer-crash-rename", "the writer dies between two files", Rename,
			dies(death{"write .ca.crt.next", Keep}, death{"rename tls.crt", Keep}, death{"rename tls.key", Adopt})),
		injection("writer-crash-in-place", "the writer dies in the middle of a file, or between two", InPlace,
			dies(death{"truncate tls.crt", Keep}, death{"write half of tls.crt", Keep}, death{"close tls.crt", Keep},
				death{"truncate tls.key", Keep}, death{"write half of tls.key", Keep}, death{"close tls.key", Adopt})),
		injection("writer-crash-symlink-swap", "the writer dies before or after it swaps the link", Symlink,
			dies(death{"link ..data_tmp", Keep}, death{"rename ..data", Adopt})),
		injection("writer-crash-directory-swap", "the writer dies before or after it exchanges the directory", Directory,
			dies(death{"write next/ca.crt", Keep}, death{"exchange live", Adopt})),
	}
}

// death is the last step that a writer takes, and what a good server makes of that.
type death struct {
	after string
	want  Expectation
}

func dies(deaths ...death) func(*script) {
	return func(s *script) {
		for _, d := range deaths {
			s.move("dies after "+d.after, d.want, time.Second, Until(s.Steps(s.next()), d.after)...)
			s.afterwards()
		}
	}
}
