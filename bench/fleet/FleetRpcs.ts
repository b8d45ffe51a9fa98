/**
 * What the fleet benchmark's processes tell each other. Its own process asks; the API server's and those of the nodes
 * answer. Times are milliseconds of the machine's monotonic clock, which is one for all processes.
 */
import { Schema } from "effect"
import { Rpc, RpcGroup } from "effect/rpc"

/** Of one process, since it began. */
export const Usage = Schema.Struct({
  cpuMillis: Schema.Number,
  rssBytes: Schema.Number,
  heapBytes: Schema.Number
})
export type Usage = typeof Usage.Type

/** Requests that arrived at the API server since a moment. */
const RequestCounts = Schema.Struct({
  /** By verb and resource: `patch nodeptpdevs/status`; `stream-list` is a WATCH that begins with the whole set. */
  byVerb: Schema.Record(Schema.String, Schema.Int),
  /** In each second from that moment on. */
  perSecond: Schema.Array(Schema.Int),
  /** The same of status writes alone. */
  statusWritesPerSecond: Schema.Array(Schema.Int),
  /** Per request; NaN when there was no watch. */
  meanWatchSeconds: Schema.Number
})
export type Requests = typeof RequestCounts.Type

const Edited = Schema.Struct({
  at: Schema.Number,
  /** Of the edited NodePTPCfg; 0 for a Node. */
  generation: Schema.Int,
  /** The watch event's size as JSON. */
  bytes: Schema.Int
})

export class ApiServerRpcs extends RpcGroup.make(
  /** Puts namespace, definitions, Nodes and NodePTPCfgs into the store. */
  Rpc.make("Seed", { payload: { nodes: Schema.Int } }),
  /** Listens on these addresses; 0 takes any free port. The answer is the port, and the time. */
  Rpc.make("Listen", {
    payload: { addresses: Schema.Array(Schema.String), port: Schema.Int },
    success: Schema.Struct({ port: Schema.Int, at: Schema.Number })
  }),
  /** Listens no more and resets every connection. */
  Rpc.make("Stop", { success: Schema.Number }),
  /** Forgets the history of every kind. */
  Rpc.make("Compact"),
  Rpc.make("EditProfile", { payload: { name: Schema.String, domain: Schema.Int }, success: Edited }),
  Rpc.make("LabelNode", { payload: { node: Schema.String }, success: Edited }),
  Rpc.make("OpenWatches", { success: Schema.Int }),
  /** NodePTPDevs that say: applied, and that generation of the config or a newer one. */
  Rpc.make("AppliedNodes", { payload: { config: Schema.String, generation: Schema.Int }, success: Schema.Int }),
  /** Size of a NodePTPDev as JSON, on average. */
  Rpc.make("MeanStatusBytes", { success: Schema.Number }),
  Rpc.make("Requests", { payload: { since: Schema.Number }, success: RequestCounts }),
  Rpc.make("Usage", {
    payload: { collect: Schema.Boolean },
    success: Schema.Struct({
      ...Usage.fields,
      bytesOut: Schema.Number,
      bytesIn: Schema.Number,
      connections: Schema.Int
    })
  })
) {}

export class NodesRpcs extends RpcGroup.make(
  /** Starts nodes `first`.. and answers when each has applied its first configuration. */
  Rpc.make("Start", {
    payload: { server: Schema.String, first: Schema.Int, count: Schema.Int, atOnce: Schema.Int }
  }),
  /** From now on the first bytes of each watch are noted anew. */
  Rpc.make("Forget"),
  /**
   * Waits until the nodes (all ordinary ones, or the one named) were handed the processes of this domain, and tells for each when
   * the first bytes since `Forget` came on its watch of `resource`, and when they were applied.
   */
  Rpc.make("Applied", {
    payload: {
      domain: Schema.Int,
      node: Schema.optionalKey(Schema.String),
      resource: Schema.String,
      withinMillis: Schema.Number
    },
    success: Schema.Array(Schema.Struct({ receivedAt: Schema.Number, appliedAt: Schema.Number }))
  }),
  Rpc.make("Usage", { payload: { collect: Schema.Boolean }, success: Usage })
) {}
