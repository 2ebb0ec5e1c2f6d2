// The public interface of bpflab, for Node and for browsers. What is not listed here, or in the files named here, is
// nobody's to use. Errors in the user's input come back as data; what is thrown is a bug of ours.
export * from "./asm.ts";
export { type Benchmark, benchmark, benchmarkInput, STRETCH } from "./benchmark.ts";
export {
  type ConformanceFile,
  type ConformanceReport,
  conformance,
  type Engine,
  engines,
  runBytes,
} from "./conformance.ts";
export { svg } from "./drawing.ts";
export { checkExpectations, type ExpectationResult, rewriteExpectations } from "./expect.ts";
export { type Explanation, explain, explainedCodes } from "./explain.ts";
export { type ExplainedLog, explainLogs } from "./explain-log.ts";
export { type Block, dot, type Edge, type Graph, graph, mermaid } from "./graph.ts";
export { listing } from "./listing.ts";
export { type Depth, sectionBars, sectionDepths } from "./sections.ts";
export * from "./verifier.ts";
export * from "./vm.ts";
