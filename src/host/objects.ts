// The kernel's structures, for the machine that shows a program one of each; the types are btf's.
export { type KernelStruct, kernelStructs, type StructName } from "../btf/types.ts";
