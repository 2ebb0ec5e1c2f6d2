// Judging: the part of the public interface that says whether a program is safe, and why not.
export {
  type AttachName,
  attachName,
  attachTypes,
  type ProgramTypeName,
  programType,
  programTypes,
} from "../host/programs.ts";
export { type CodeEntry, verifierCodes } from "../verifier/codes.ts";
export type {
  Limits,
  Profile,
  Statistics,
  Stop,
  Verdict,
  VerifiedProgram,
  VerifyOptions,
} from "../verifier/verdict.ts";
export { defaultProfile, verify } from "../verifier/verify.ts";
