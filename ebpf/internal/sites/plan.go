package sites

// ServerPhases are the phases of a server's TLS 1.3 handshake; an index is a [Site.Phase]. The first lasts from
// ServerBegin until the client's hello has been read.
var ServerPhases = names(serverPhases)

// ClientPhases are the phases of a client's TLS 1.3 handshake. The first lasts from ClientBegin until the server's
// hello has been read, and holds the client's key share and hello.
var ClientPhases = names(clientPhases)

type phase struct{ name, method string }

// The state machines call these methods in this order, each once, whether or not there is something to do.
var (
	serverPhases = []phase{
		{"read-client-hello", ""},
		{"process-client-hello", "processClientHello"},
		{"check-for-resumption", "checkForResumption"},
		{"pick-certificate", "pickCertificate"},
		{"send-server-parameters", "sendServerParameters"},
		{"send-server-certificate", "sendServerCertificate"},
		{"send-server-finished", "sendServerFinished"},
		{"read-client-certificate", "readClientCertificate"},
		{"read-client-finished", "readClientFinished"},
	}
	clientPhases = []phase{
		{"read-server-hello", ""},
		{"process-server-hello", "processServerHello"},
		{"establish-handshake-keys", "establishHandshakeKeys"},
		{"read-server-parameters", "readServerParameters"},
		{"read-server-certificate", "readServerCertificate"},
		{"read-server-finished", "readServerFinished"},
		{"send-client-certificate", "sendClientCertificate"},
		{"send-client-finished", "sendClientFinished"},
	}
)

func names(phases []phase) (names []string) {
	for _, p := range phases {
		names = append(names, p.name)
	}
	return names
}

// vanished is why a function may be missing.
const vanished = "is not in this program, or was inlined"

const (
	connection   = "crypto/tls.(*Conn)."
	serverStates = "crypto/tls.(*serverHandshakeStateTLS13)."
	clientStates = "crypto/tls.(*clientHandshakeStateTLS13)."
)

// place puts every hook somewhere, or says why it cannot.
func place(c *code, missing *Missing) []Site {
	p := planner{code: c, missing: missing}
	p.entry(Schedule, 0, "runtime.schedule", entry{system: true})
	p.entry(StopM, 0, "runtime.stopm", entry{system: true})
	p.entry(Execute, 0, "runtime.execute", entry{system: true, argument: true})
	p.entry(Ready, 0, "runtime.ready", entry{system: true, argument: true})
	server, client := c.has(connection+"serverHandshake"), c.has(connection+"clientHandshake")
	if server {
		p.machine(ServerBegin, ServerPhase, connection+"serverHandshake", serverStates, serverPhases)
		p.after(ServerEnd, 0, serverStates+"handshake", serverStates+"readClientFinished")
	}
	if client {
		p.machine(ClientBegin, ClientPhase, connection+"clientHandshake", clientStates, clientPhases)
		p.after(ClientEnd, 0, clientStates+"handshake", connection+"flush")
	}
	if server || client {
		p.failed()
	}
	missing.NoServer = !server
	return p.sites
}

// planner gathers the sites of one program.
type planner struct {
	code    *code
	missing *Missing
	sites   []Site
}

// machine places the begin and the phases of one side's state machine. A phase that a profile-guided build has inlined
// begins where the one before it has returned.
func (p *planner) machine(begin, next Hook, function, states string, phases []phase) {
	p.entry(begin, 0, function, entry{})
	for i := 1; i < len(phases); i++ {
		method, before := states+phases[i].method, states+phases[i-1].method
		if !p.code.has(method) && p.code.has(before) {
			p.after(next, i, states+"handshake", before)
			continue
		}
		p.entry(next, i, method, entry{})
	}
}

// entry places a hook where a function begins.
func (p *planner) entry(hook Hook, phase int, function string, e entry) {
	body, ok := p.body(hook, phase, function)
	if !ok {
		return
	}
	p.add(hook, phase, function, e.in(body))
}

// after places a hook behind the last call of callee in caller.
func (p *planner) after(hook Hook, phase int, caller, callee string) {
	body, ok := p.body(hook, phase, caller)
	if !ok {
		return
	}
	if !p.code.has(callee) {
		p.absent(hook, phase, callee, vanished)
		return
	}
	calls := p.code.calls(body, callee)
	if len(calls) == 0 {
		p.absent(hook, phase, callee, "is not called by "+caller)
		return
	}
	site, ok := nextBranch(body[calls[len(calls)-1]+1:])
	if !ok {
		p.absent(hook, phase, caller, "does not branch on the result of "+callee)
		return
	}
	p.add(hook, phase, caller, site)
}

// failed places the hook of failures; see [Site].
func (p *planner) failed() {
	const caller = connection + "handshakeContext"
	if body := p.code.body(caller); body != nil {
		if calls := p.code.calls(body, connection+"flush"); len(calls) == 1 {
			p.add(Failed, 0, caller, body[calls[0]])
			return
		}
	}
	p.entry(Failed, 0, connection+"sendAlertLocked", entry{})
}

func (p *planner) body(hook Hook, phase int, function string) ([]instruction, bool) {
	if !p.code.has(function) {
		p.absent(hook, phase, function, vanished)
		return nil, false
	}
	body := p.code.body(function)
	if len(body) == 0 {
		p.absent(hook, phase, function, "cannot be decoded")
		return nil, false
	}
	return body, true
}

func (p *planner) add(hook Hook, phase int, function string, at instruction) {
	offset, ok := p.code.offset(at.address)
	if !ok {
		p.absent(hook, phase, function, "is not in the file")
		return
	}
	name := at.emulated
	if name == "" {
		name = "other"
	}
	p.sites = append(p.sites, Site{hook, phase, function, at.address, offset, name, at.emulated != ""})
}

func (p *planner) absent(hook Hook, phase int, function, reason string) {
	p.missing.Absent = append(p.missing.Absent, Absent{hook, phase, function, reason})
}
