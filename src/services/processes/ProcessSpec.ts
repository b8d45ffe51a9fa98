/**
 * A process as a value. Equal value = same process = untouched; there is no other "has it changed?".
 */
import { Schema } from "effect"

/** Where a program answers management messages, and what these must carry to be heard. */
export const ManagementSocket = Schema.Struct({
  /** Of a UNIX datagram socket. */
  path: Schema.String,
  domainNumber: Schema.Int,
  /** The upper four bits of a message's first byte. */
  transportSpecific: Schema.Int
})
export type ManagementSocket = typeof ManagementSocket.Type

export const ProcessSpec = Schema.Struct({
  /** `<program>-<profile>-<8 hex digits>`, see ProcessPlan. */
  id: Schema.String,
  /** What is run, by its name. */
  program: Schema.String,
  profile: Schema.String,
  /** Name of the NodePTPCfg object. */
  config: Schema.String,
  /** What is exec'd; `argv[0]` is looked up in PATH. A scheduling policy stands in front (`chrt --fifo 10 PROGRAM …`). */
  argv: Schema.Array(Schema.String),
  /** Text of each file by absolute path, all in the process's own directory. */
  files: Schema.Record(Schema.String, Schema.String),
  /** Directory of the files and sockets; made before the start, removed after the reap. */
  directory: Schema.String,
  /** Ids that must be ready before this one starts, and whose end ends this one first. */
  after: Schema.Array(Schema.String),
  /** NICs in port order: port N is `interfaces[N - 1]`. */
  interfaces: Schema.Array(Schema.String),
  /** Absent for a program that can't be asked. */
  management: Schema.optionalKey(ManagementSocket),
  /** SCHED_FIFO at this priority; absent for the default policy. `argv` asks for it, the supervisor checks it. */
  fifoPriority: Schema.optionalKey(Schema.Int),
  /** How often a PHC that it uses was replaced under it: a descriptor of the old one is of no use. Absent for never. */
  phcReplacements: Schema.optionalKey(Schema.Int)
})
export type ProcessSpec = typeof ProcessSpec.Type
