/**
 * A process as a value. An equal value means the same process, which is then not touched. There is no other check for
 * "has it changed?".
 */
import { Schema } from "effect"

/** Where a program answers management messages, and what these must contain to be accepted. */
export const ManagementSocket = Schema.Struct({
  /** The path of a UNIX datagram socket. */
  path: Schema.String,
  domainNumber: Schema.Int,
  /** The upper four bits of a message's first byte. */
  transportSpecific: Schema.Int
})
export type ManagementSocket = typeof ManagementSocket.Type

export const ProcessSpec = Schema.Struct({
  /** `<program>-<profile>-<8 hex digits>`, see ProcessId. */
  id: Schema.String,
  /** The name of the program that runs. */
  program: Schema.String,
  profile: Schema.String,
  /** The name of the NodePTPCfg object. */
  config: Schema.String,
  /**
   * The words to execute. `argv[0]` is looked up in PATH. A scheduling policy comes first (`chrt --fifo 10 PROGRAM …`).
   */
  argv: Schema.Array(Schema.String),
  /** The text of each file by its absolute path. All files are in the process's own directory. */
  files: Schema.Record(Schema.String, Schema.String),
  /** The directory for files and sockets. It is created before the start and removed after the reap. */
  directory: Schema.String,
  /** Ids of processes that must be ready before this one starts. If one of them ends, this one is stopped first. */
  after: Schema.Array(Schema.String),
  /** NICs in the order of ports: port N is `interfaces[N - 1]`. */
  interfaces: Schema.Array(Schema.String),
  /** What it uses alone. Absent means nothing. */
  claims: Schema.optionalKey(Schema.Struct({
    /** NICs whose messages it handles. */
    interfaces: Schema.Array(Schema.String),
    /** PHCs that it steers: NICs, or paths of devices. */
    clocks: Schema.Array(Schema.String)
  })),
  /** Absent for a program that cannot be asked. */
  management: Schema.optionalKey(ManagementSocket),
  /**
   * The priority for SCHED_FIFO; absent for the default policy. `argv` asks for it, and the supervisor checks the
   * result.
   */
  fifoPriority: Schema.optionalKey(Schema.Int),
  /**
   * How often a PHC that it uses was replaced while it ran: its file descriptor of the old PHC is useless. Absent means
   * never.
   */
  phcReplacements: Schema.optionalKey(Schema.Int)
})
export type ProcessSpec = typeof ProcessSpec.Type
