/**
 * A process as a value. Equal value = same process = untouched; there is no other "has it changed?".
 */
import { Schema } from "effect"

export const Program = Schema.Literals(["ptp4l", "phc2sys", "ts2phc", "timemaster"])
export type Program = typeof Program.Type

export const ProcessSpec = Schema.Struct({
  /** `<program>-<profile>-<8 hex digits>`, see ProcessPlan. */
  id: Schema.String,
  program: Program,
  profile: Schema.String,
  /** Name of the NodePTPCfg object. */
  config: Schema.String,
  /** What is exec'd; `argv[0]` is looked up in PATH. A scheduling policy stands in front (`chrt --fifo 10 ptp4l …`). */
  argv: Schema.Array(Schema.String),
  /** Text of each file by absolute path, all in the process's own directory. */
  files: Schema.Record(Schema.String, Schema.String),
  /** Directory of the files and sockets; made before the start, removed after the reap. */
  directory: Schema.String,
  /** Ids that must be ready before this one starts, and whose end ends this one first. */
  after: Schema.Array(Schema.String),
  /** NICs in port order: port N of ptp4l is `interfaces[N - 1]`. */
  interfaces: Schema.Array(Schema.String)
})
export type ProcessSpec = typeof ProcessSpec.Type
