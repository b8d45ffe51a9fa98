/**
 * The ManagementClient of a daemon that cannot reach the sockets of its ptp4l: they are in another network namespace,
 * or there are none.
 */
import { Effect, Layer } from "effect"
import { ManagementClient } from "../../../services/linuxptp/ManagementClient.ts"

export const layer: Layer.Layer<ManagementClient> = Layer.succeed(ManagementClient, {
  isAvailable: false,
  ask: () => Effect.succeedNone,
  isReachable: () => Effect.succeed(false),
  follow: () => Effect.never
})
