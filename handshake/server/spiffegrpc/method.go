package spiffegrpc

import (
	"context"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

const (
	service = "tlslab.Confirmation"
	file    = "tlslab/confirmation.proto"
)

// Method takes google.protobuf.Empty and returns a google.protobuf.Struct of what the server believes of the caller:
//
//	caller   its SPIFFE ID
//	serial   of its leaf, in decimal; 0: it has more than 64 bits
//	age      of its leaf, seconds
//	left     until the leaf expires, seconds; negative: it has
//	resumed  whether the connection's handshake was resumed
const Method = "/" + service + "/Confirm"

// confirmer serves [Method].
type confirmer interface {
	confirm(context.Context, *emptypb.Empty) (*structpb.Struct, error)
}

type confirmation struct{}

func (confirmation) confirm(ctx context.Context, _ *emptypb.Empty) (*structpb.Struct, error) {
	c, err := connOf(ctx)
	if err != nil {
		return nil, err
	}
	return &structpb.Struct{Fields: map[string]*structpb.Value{
		"caller":  structpb.NewStringValue(c.caller.id.String()),
		"serial":  structpb.NewStringValue(strconv.FormatUint(c.caller.serial, 10)),
		"age":     structpb.NewNumberValue(time.Since(c.caller.notBefore).Seconds()),
		"left":    structpb.NewNumberValue(time.Until(c.caller.notAfter).Seconds()),
		"resumed": structpb.NewBoolValue(c.caller.resumed),
	}}, nil
}

func handle(s any, ctx context.Context, decode func(any) error, intercept grpc.UnaryServerInterceptor) (any, error) {
	in := new(emptypb.Empty)
	if err := decode(in); err != nil {
		return nil, err
	}
	confirm := func(ctx context.Context, in any) (any, error) {
		return s.(confirmer).confirm(ctx, in.(*emptypb.Empty))
	}
	if intercept == nil {
		return confirm(ctx, in)
	}
	return intercept(ctx, in, &grpc.UnaryServerInfo{Server: s, FullMethod: Method}, confirm)
}

// register adds the method and what describes it.
func register(s *grpc.Server) error {
	s.RegisterService(&grpc.ServiceDesc{
		ServiceName: service,
		HandlerType: (*confirmer)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Confirm", Handler: handle}},
		Metadata:    file,
	}, confirmation{})
	described, err := describe()
	if err != nil {
		return err
	}
	options := reflection.ServerOptions{Services: s, DescriptorResolver: described}
	grpc_reflection_v1.RegisterServerReflectionServer(s, reflection.NewServerV1(options))
	grpc_reflection_v1alpha.RegisterServerReflectionServer(s, reflection.NewServer(options))
	return nil
}

// described finds the server's own file, and those that every program has.
type described struct{ own *protoregistry.Files }

func describe() (described, error) {
	d := described{new(protoregistry.Files)}
	f, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name:       proto.String(file),
		Package:    proto.String("tlslab"),
		Syntax:     proto.String("proto3"),
		Dependency: []string{"google/protobuf/empty.proto", "google/protobuf/struct.proto"},
		Service: []*descriptorpb.ServiceDescriptorProto{{
			Name: proto.String("Confirmation"),
			Method: []*descriptorpb.MethodDescriptorProto{{
				Name:       proto.String("Confirm"),
				InputType:  proto.String(".google.protobuf.Empty"),
				OutputType: proto.String(".google.protobuf.Struct"),
			}},
		}},
	}, protoregistry.GlobalFiles)
	if err != nil {
		return d, err
	}
	return d, d.own.RegisterFile(f)
}

func (d described) FindFileByPath(path string) (protoreflect.FileDescriptor, error) {
	if f, err := d.own.FindFileByPath(path); err == nil {
		return f, nil
	}
	return protoregistry.GlobalFiles.FindFileByPath(path)
}

func (d described) FindDescriptorByName(name protoreflect.FullName) (protoreflect.Descriptor, error) {
	if found, err := d.own.FindDescriptorByName(name); err == nil {
		return found, nil
	}
	return protoregistry.GlobalFiles.FindDescriptorByName(name)
}
