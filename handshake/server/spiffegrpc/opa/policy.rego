# Who may call what: paths of the server's own trust domain, by method.
package tlslab.authz

default allow := false

allow if {
	input.domain == input.server_domain
	input.method in allowed[input.path]
}

allowed := {"/client": {
	"/tlslab.Confirmation/Confirm",
	"/grpc.health.v1.Health/Check",
	"/grpc.health.v1.Health/Watch",
	"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
	"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
}}
