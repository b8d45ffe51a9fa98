/** The ManagementClient of a daemon that can't reach its ptp4l's sockets: another network namespace, or none at all. */
import { Effect, Layer } from "effect"
import { ManagementClient } from "../../../services/linuxptp/ManagementClient.ts"

export const layer: Layer.Layer<ManagementClient> = Layer.succeed(ManagementClient, {
  isAvailable: false,
  ask: () => Effect.succeedNone
})
