// What the program behind a code location takes from others' packages: bundled into one file (see bundle.ts).
export { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
export { Client, makeGenericClientConstructor, Server, ServerCredentials, status } from "@grpc/grpc-js";
